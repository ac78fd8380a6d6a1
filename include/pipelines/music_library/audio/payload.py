"""A hash of the audio of a file without its tags, by which a file is known again after it was moved and retagged.

FLAC states the MD5 of its samples itself: that is the hash, and the same at every level of compression. Elsewhere it is
of the bytes that hold audio: their number and three blocks of them (first, middle, last), or all of them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from include.pipelines.music_library.audio import boxes, chunks
from include.pipelines.music_library.audio.window import ID3_HEADER
from include.pipelines.music_library.opening import Opened

# Bytes of each of the blocks, and how many. Files up to their sum are read whole.
BLOCK_BYTES = 1 << 14
BLOCKS = 3

Extent = tuple[int, int]

# Tags at a file's end: ID3v1, its predecessor's mark, APEv2's footer.
V1_BYTES = 128
APE_FOOTER = 32
LYRICS_END = b"LYRICS200"

# Chunks that hold audio, by family.
AUDIO_CHUNKS = {"riff": b"data", "aiff": b"SSND"}

# GUID of ASF's data object, and bytes of an object's head.
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
ASF_HEAD = 24


def audio_hash(file: Opened, stream: BinaryIO, extent: Literal["sampled", "full"]) -> str:
    """Hex digest of the file's audio."""
    signature = getattr(getattr(file.audio, "info", None), "md5_signature", 0)
    if signature:
        return f"{signature:032x}"
    digest = hashlib.blake2b(digest_size=16)
    if file.kind.family == "ogg":
        return _ogg_hash(digest, stream, file.size)
    extents = list(_extents(file.kind.family, stream, file.start, file.size))
    for block in _blocks(stream, extents, extent == "full"):
        digest.update(block)
    return digest.hexdigest()


def _extents(family: str, stream: BinaryIO, start: int, size: int) -> Iterator[Extent]:
    if family == "mp4":
        yield from ((box.start, box.end) for box in boxes.top_boxes(stream, size) if box.name == b"mdat")
    elif family in AUDIO_CHUNKS:
        name = AUDIO_CHUNKS[family]
        found = (chunk for chunk in chunks.chunks(stream, start, size) if chunk.name == name)
        yield from ((chunk.start, chunk.start + chunk.size) for chunk in found)
    elif family == "asf":
        yield from _asf_extents(stream, size)
    elif family == "flac":
        yield _flac_audio(stream, start, size), audio_end(stream, start, size)
    elif family == "dsf":
        yield _dsf_extent(stream, start, size)
    else:
        yield start, audio_end(stream, start, size)


def audio_end(stream: BinaryIO, start: int, size: int) -> int:
    """Where the tags at the end of a file begin: ID3v1, Lyrics3 and APEv2, in any order."""
    end = size
    while (shorter := _before_tag(stream, start, end)) < end:
        end = shorter
    return end


def _before_tag(stream: BinaryIO, start: int, end: int) -> int:
    stream.seek(max(start, end - V1_BYTES))
    tail = stream.read(min(V1_BYTES, end - start))
    if len(tail) == V1_BYTES and tail[:3] == b"TAG":
        return end - V1_BYTES
    if tail[-APE_FOOTER:][:8] == b"APETAGEX":
        length, flags = struct.unpack("<12xI4xI8x", tail[-APE_FOOTER:])
        return max(start, end - int(length) - (APE_FOOTER if flags >> 31 else 0))
    if tail.endswith(LYRICS_END) and tail[-15:-9].isdigit():
        return max(start, end - int(tail[-15:-9]) - 15)
    if tail[-ID3_HEADER:][:3] == b"3DI" and len(tail) >= ID3_HEADER:
        a, b, c, d = tail[-4:]
        return max(start, end - (a << 21 | b << 14 | c << 7 | d) - 2 * ID3_HEADER)
    return end


def _asf_extents(stream: BinaryIO, size: int) -> Iterator[Extent]:
    position = 0
    while position + ASF_HEAD <= size:
        stream.seek(position)
        guid, length = struct.unpack("<16sQ", stream.read(ASF_HEAD))
        if guid == ASF_DATA:
            yield position + ASF_HEAD + 26, min(position + length, size)
        if length < ASF_HEAD:
            return
        position += length


def _flac_audio(stream: BinaryIO, start: int, size: int) -> int:
    """Position behind the metadata blocks; the last one has the highest bit of its head set."""
    position, last = start + 4, False
    while not last and position < size:
        stream.seek(position)
        head = stream.read(4).ljust(4, b"\x00")
        last = bool(head[0] & 0x80)
        position += 4 + int.from_bytes(head[1:], "big")
    return position


def _dsf_extent(stream: BinaryIO, start: int, size: int) -> Extent:
    """A DSF file's head says where its tag begins: behind the audio; 0 where it has none."""
    stream.seek(start + 20)
    (tag,) = struct.unpack("<Q", stream.read(8).ljust(8, b"\x00"))
    return start + 28, min(tag, size) if tag > start + 28 else size


def _blocks(stream: BinaryIO, extents: list[Extent], full: bool) -> Iterator[bytes]:
    total = sum(max(0, end - start) for start, end in extents)
    yield struct.pack(">Q", total)
    if full or total <= BLOCK_BYTES * BLOCKS:
        for start, end in extents:
            yield from _whole(stream, start, end)
        return
    for place in range(BLOCKS):
        yield _block(stream, extents, (total - BLOCK_BYTES) * place // (BLOCKS - 1))


def _whole(stream: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    stream.seek(start)
    left = end - start
    while left > 0 and (block := stream.read(min(left, 1 << 20))):
        yield block
        left -= len(block)


def _block(stream: BinaryIO, extents: list[Extent], offset: int) -> bytes:
    for start, end in extents:
        if offset < end - start:
            stream.seek(start + offset)
            return stream.read(min(BLOCK_BYTES, end - start - offset))
        offset -= max(0, end - start)
    return b""


def _ogg_hash(digest: Any, stream: BinaryIO, size: int) -> str:
    """Of the pages in the file's last blocks: what they carry and how far they play.

    Their numbers and checksums are left out, since a longer comment moves those of all pages behind it.
    """
    stream.seek(max(0, size - BLOCK_BYTES * BLOCKS))
    for granule, body in _pages(stream.read()):
        digest.update(granule)
        digest.update(body)
    return str(digest.hexdigest())


def _pages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = data.find(b"OggS")
    while at != -1 and at + 27 <= len(data):
        segments = data[at + 26]
        start = at + 27 + segments
        end = start + sum(data[at + 27 : start])
        if _played(data[at + 6 : at + 14]):
            yield data[at + 6 : at + 14], data[start:end]
        at = data.find(b"OggS", end)


def _played(granule: bytes) -> bool:
    """Whether a page carries audio: those with headers and comments play nothing yet."""
    return granule not in (b"\x00" * 8, b"\xff" * 8)

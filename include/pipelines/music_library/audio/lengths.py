"""Lengths and other properties where another reader is right and mutagen is not, each with its reason."""

from __future__ import annotations

import itertools
import struct
from typing import BinaryIO

from mutagen.mp3 import BitrateMode

from include.pipelines.music_library.audio import boxes, chunks, mpeg_frames
from include.pipelines.music_library.audio.payload import audio_end
from include.pipelines.music_library.opening import Opened
from include.pipelines.music_library.prepared import Audio

# Frames that are looked at, at the start and in the middle, before a file without a header for it is taken to have one
# bitrate throughout. Joined files change later than that at times; encoders of variable bitrate change within a few.
SAMPLED_FRAMES = 8

# A length below this many ms is one that a header states of no frames: the frames are counted.
LEAST_MS = 1

# Opus plays at 48 kHz whatever was encoded (RFC 7845).
OPUS_RATE = 48_000

# Samples a second by the four bits of a WavPack block's flags; the last one means a rate of its own.
WAVPACK_RATES = 15


def properties(file: Opened, stream: BinaryIO) -> Audio:
    """How the audio is, by mutagen's reader and what is mended of it."""
    info = getattr(file.audio, "info", None)
    rate, channels, bitrate = (_whole(getattr(info, name, None)) for name in ("sample_rate", "channels", "bitrate"))
    read = Audio(file.kind.name, _ms(getattr(info, "length", None)), rate, channels, bitrate)
    mend = MENDED.get(file.kind.name)
    return mend(read, file, stream) if mend else read


def _whole(number: float | None) -> int | None:
    """A whole number, which some of mutagen's readers give as another; None where it says nothing."""
    return round(number) if number else None


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _mpeg(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    """Frames are counted where no header says how many there are and they are not all of one bitrate."""
    if file.audio is None:
        return read
    guessed = file.audio.info.bitrate_mode == BitrateMode.UNKNOWN
    if not (guessed or (read.length_ms or 0) < LEAST_MS):
        return read
    first = _first_frame(stream, file.start, file.size)
    if first is None:
        return read
    end = audio_end(stream, file.start, file.size)
    if guessed and (read.length_ms or 0) >= LEAST_MS and _one_bitrate(stream, first, end):
        return read
    counted = mpeg_frames.length_ms(stream, first, end)
    return read if not counted else _with_length(read, counted)


def _with_length(read: Audio, length_ms: int) -> Audio:
    return Audio(read.format, length_ms, read.sample_rate, read.channels, read.bitrate, read.audio_hash)


def _first_frame(stream: BinaryIO, start: int, size: int) -> int | None:
    """Position of the first of two frames that follow each other, within the first block; None without any."""
    stream.seek(start)
    block = stream.read(min(mpeg_frames.BLOCK_BYTES, size - start))
    at = block.find(b"\xff")
    while at != -1:
        frame = mpeg_frames.frame_at(block[at : at + 4])
        if frame and (at + frame.size >= len(block) or mpeg_frames.frame_at(block[at + frame.size :][:4])):
            return start + at
        at = block.find(b"\xff", at + 1)
    return None


def _one_bitrate(stream: BinaryIO, first: int, end: int) -> bool:
    rates = {frame.kbps for frame in itertools.islice(mpeg_frames.frames(stream, first, end), SAMPLED_FRAMES)}
    middle = _first_frame(stream, first + (end - first) // 2, end)
    if middle is not None:
        later = mpeg_frames.frames(stream, middle, end)
        rates |= {frame.kbps for frame in itertools.islice(later, SAMPLED_FRAMES)}
    return len(rates) <= 1


def _mp4(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    """Rate and channels of codecs that mutagen does not know; a film plays as long as its longest track."""
    data = file.moov
    stated = boxes.sound(data)
    channels, rate = stated or (None, None)
    length = read.length_ms
    if any(boxes.handler(data, track) == b"vide" for track in boxes.tracks(data)):
        header = boxes.child(data, boxes.Box(b"moov", 0, len(data)), b"mvhd")
        length = boxes.duration_ms(data, header) or length
    return Audio(read.format, length, read.sample_rate or rate or None, read.channels or channels, read.bitrate)


def _riff(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    """Files beyond 4 GiB open with RF64 or BW64 where mutagen wants RIFF."""
    stream.seek(file.start)
    if file.audio is not None or stream.read(4) not in (b"RF64", b"BW64"):
        return read
    found = {chunk.name: chunk for chunk in chunks.chunks(stream, file.start, file.size)}
    pcm = chunks.pcm(stream, found[b"fmt "]) if b"fmt " in found else None
    if pcm is None or b"data" not in found:
        return read
    length = round(found[b"data"].size * 1000 / pcm.bytes_per_s) if pcm.bytes_per_s else None
    return Audio(read.format, length, pcm.rate, pcm.channels, pcm.bytes_per_s * 8)


def _opus(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    return Audio(read.format, read.length_ms, OPUS_RATE, read.channels, read.bitrate)


def _tta(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    """The head has the channels behind the format: "TTA1", format, channels, bits, rate."""
    stream.seek(file.start + 6)
    (channels,) = struct.unpack("<H", stream.read(2).ljust(2, b"\x00"))
    return Audio(read.format, read.length_ms, read.sample_rate, channels or None, read.bitrate)


def _wavpack(read: Audio, file: Opened, stream: BinaryIO) -> Audio:
    """Rates beside the usual fifteen stand in a block of metadata (0x27) of the first block, where mutagen fails."""
    if file.audio is not None:
        return read
    stream.seek(file.start)
    head = stream.read(32)
    if len(head) < 32 or head[:4] != b"wvpk":
        return read
    length, samples, flags = struct.unpack("<I4xI8xI", head[4:28])
    rate = _wavpack_rate(stream.read(min(length, mpeg_frames.BLOCK_BYTES))) if flags >> 23 & 15 == WAVPACK_RATES else 0
    ms = round(samples * 1000 / rate) if rate and samples != 0xFFFFFFFF else None
    return Audio(read.format, ms, rate or None, 1 if flags & 4 else 2, read.bitrate)


def _wavpack_rate(data: bytes) -> int:
    at = 0
    while at + 4 <= len(data):
        large = data[at] & 0x80
        words = int.from_bytes(data[at + 1 : at + 4], "little") if large else data[at + 1]
        at += 4 if large else 2
        if data[at - (4 if large else 2)] & 0x3F == 0x27:
            return int.from_bytes(data[at : at + words * 2][:3], "little")
        at += words * 2
    return 0


# What is mended, by kind of file.
MENDED = {
    "mp3": _mpeg,
    "mp4": _mp4,
    "wav": _riff,
    "opus": _opus,
    "tta": _tta,
    "wavpack": _wavpack,
}

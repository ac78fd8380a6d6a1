"""All the tags of a file, in the order in which they win: the container's own first, then what players add to it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from mutagen._util import MutagenError
from mutagen.apev2 import APETextValue
from mutagen.apev2 import APEv2 as _APEv2
from mutagen.id3 import ID3 as _ID3

from include.pipelines.music_library.audio import boxes, chunks
from include.pipelines.music_library.audio.kinds import Kind
from include.pipelines.music_library.audio.window import ID3_HEADER, id3_size, syncsafe
from include.pipelines.music_library.tags.id3 import FRAMES, V1_BYTES, id3_layer, v1_layer
from include.pipelines.music_library.tags.layer import Layer

# Their constructors have no types.
ID3: Any = _ID3
APEv2: Any = _APEv2

# Bytes of an ID3 tag that are read where mutagen could not: those with pictures have a few MB.
MAX_ID3 = 1 << 25

# What an APEv2 tag's footer begins with, and its size.
APE_MARK = b"APETAGEX"
APE_FOOTER = 32

# Names of RIFF's and AIFF's own texts, as their chunks are called.
AIFF_TEXTS = {b"NAME": "name", b"AUTH": "auth", b"(c) ": "copyright", b"ANNO": "anno"}

# What holds a picture in a Vorbis comment: FLAC's block in base64, and what came before it.
VORBIS_PICTURES = ("metadata_block_picture", "coverart")


def native_layer(kind: Kind, audio: Any) -> Layer | None:
    """The tag that mutagen's reader of this kind of file has found; None where it found none."""
    if audio.tags is None:
        return None
    if isinstance(audio.tags, ID3):
        return id3_layer(audio.tags)
    if isinstance(audio.tags, APEv2):
        return ape_layer(audio.tags)
    return {"mp4": _mp4_layer, "asf": _asf_layer}.get(kind.family, _vorbis_layer)(audio)


def other_layers(kind: Kind, stream: BinaryIO, start: int, size: int, native: Layer | None) -> Iterator[Layer]:
    """Tags beside the container's own: in the order APEv2, ID3v2 before the file, ID3v1, the container's old texts.

    An MP3's own tag is its ID3v2; of an APE file it is the APEv2 tag, and an ID3v2 tag before it only adds.
    """
    stream.seek(max(0, size - V1_BYTES - APE_FOOTER))
    tail = stream.read()
    if APE_MARK in tail and (native is None or native.kind != "ape"):
        yield from _trailing_ape(stream)
    if start and (native is None or native.kind != "id3"):
        yield from leading_id3(stream)
    if (v1 := v1_layer(tail[-V1_BYTES:])) is not None:
        yield v1
    if kind.family in ("riff", "aiff"):
        yield from chunk_layers(stream, start, size)


def leading_id3(stream: BinaryIO) -> Iterator[Layer]:
    """The ID3v2 tag that opens the file, also one that says it is longer than the file; nothing where it is none."""
    stream.seek(0)
    head = stream.read(ID3_HEADER)
    body = stream.read(min(id3_size(head), MAX_ID3))
    whole = head[:6] + syncsafe(len(body)) + body
    try:
        yield id3_layer(ID3(io.BytesIO(whole), known_frames=FRAMES, translate=False, load_v1=False))
    except MutagenError:
        return


def _trailing_ape(stream: BinaryIO) -> Iterator[Layer]:
    stream.seek(0)
    try:
        yield ape_layer(APEv2(stream))
    except MutagenError:
        return


def ape_layer(tags: Any) -> Layer:
    """What an APEv2 tag says; items with bytes are pictures where they are called so, else left out."""
    layer = Layer("ape")
    for name, value in tags.items():
        if isinstance(value, APETextValue):
            layer.add(name.lower(), list(value))
        elif name.lower().startswith("cover art"):
            layer.pictures += 1
    return layer


def _vorbis_layer(audio: Any) -> Layer:
    layer = Layer("vorbis", pictures=len(getattr(audio, "pictures", ())))
    for name, value in audio.tags:
        if name.lower() in VORBIS_PICTURES:
            layer.pictures += 1
        else:
            layer.add(name.lower(), [value])
    return layer


def _mp4_layer(audio: Any) -> Layer:
    layer = Layer("mp4")
    for name, values in audio.tags.items():
        if name == "covr":
            layer.pictures = len(values)
        else:
            layer.add(name, _mp4_texts(values))
    return layer


def _mp4_texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        return [str(values)]
    return [_mp4_text(value) for value in values]


def _mp4_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "/".join(str(number) for number in value) if isinstance(value, tuple) else str(value)


def _asf_layer(audio: Any) -> Layer:
    layer = Layer("asf")
    for name, attribute in audio.tags:
        if name == "WM/Picture":
            layer.pictures += 1
        elif not isinstance(getattr(attribute, "value", None), bytes):
            layer.add(name.lower(), [str(attribute)])
    return layer


def old_mp4_layer(data: bytes) -> Layer:
    """What a `meta` box without version says, which mutagen passes over; `data` is what `moov` holds."""
    layer = Layer("mp4")
    for name, texts in boxes.old_metadata(data).items():
        layer.add(name, texts)
    return layer


def chunk_layers(stream: BinaryIO, start: int, size: int) -> Iterator[Layer]:
    """Texts in chunks: `LIST INFO` of RIFF, NAME and AUTH of AIFF, the ID3 tag of an RF64 file."""
    info, texts = Layer("info"), Layer("aiff")
    for chunk in chunks.chunks(stream, start, size):
        if chunk.name == b"LIST":
            for name, text in chunks.info_texts(stream, chunk):
                info.add(name.lower(), [text])
        elif chunk.name in AIFF_TEXTS:
            texts.add(AIFF_TEXTS[chunk.name], [chunks.text_of(stream, chunk)])
    yield from (layer for layer in (info, texts) if layer.values)


def chunk_id3(stream: BinaryIO, start: int, size: int) -> Layer | None:
    """The ID3 tag in a chunk of its own; None without one. Asked where mutagen does not open the file."""
    for chunk in chunks.chunks(stream, start, size):
        if chunk.name.lower() == b"id3 ":
            stream.seek(chunk.start)
            try:
                tags = ID3(io.BytesIO(stream.read(chunk.size)), known_frames=FRAMES, translate=False, load_v1=False)
            except MutagenError:
                return None
            return id3_layer(tags)
    return None

"""Chunks of RIFF, RF64 and AIFF files, with what mutagen does not read in them: texts, and files beyond 4 GiB."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Bytes of a chunk of text; longer ones are no titles.
MAX_TEXT = 1 << 16

# What RF64 writes for sizes that stand in its chunk `ds64`.
IN_DS64 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk: its four letters, and where its bytes start and how many there are, cut off at the file's end."""

    name: bytes
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Pcm:
    """What the chunk `fmt ` says: samples a second, channels, bytes a second."""

    rate: int
    channels: int
    bytes_per_s: int


def chunks(stream: BinaryIO, start: int, file_size: int) -> Iterator[Chunk]:
    """The chunks of the form that begins at byte `start`; sizes are little-endian but in AIFF (`FORM`)."""
    stream.seek(start)
    form = stream.read(12)
    order = ">I" if form[:4] == b"FORM" else "<I"
    long_data = 0
    position = start + 12
    while position + 8 <= file_size:
        stream.seek(position)
        name, raw = stream.read(4), stream.read(4)
        (size,) = struct.unpack(order, raw)
        if name == b"ds64":
            long_data = struct.unpack("<8xQ", stream.read(16))[0]
        if name == b"data" and size == IN_DS64:
            size = long_data
        yield Chunk(name, position + 8, min(size, file_size - position - 8))
        position += 8 + size + size % 2


def text_of(stream: BinaryIO, chunk: Chunk) -> str:
    """The chunk's text up to its first NUL, UTF-8 where it is valid, else Latin-1."""
    stream.seek(chunk.start)
    raw = stream.read(min(chunk.size, MAX_TEXT)).split(b"\x00", 1)[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def info_texts(stream: BinaryIO, chunk: Chunk) -> Iterator[tuple[str, str]]:
    """Names and texts of a chunk `LIST` of the type `INFO`: ("INAM", the title), ("ICRD", the date), ..."""
    stream.seek(chunk.start)
    if stream.read(4) != b"INFO":
        return
    position, end = chunk.start + 4, chunk.start + chunk.size
    while position + 8 <= end:
        stream.seek(position)
        name, size = struct.unpack("<4sI", stream.read(8))
        yield name.decode("latin-1"), text_of(stream, Chunk(name, position + 8, min(size, end - position - 8)))
        position += 8 + size + size % 2


def pcm(stream: BinaryIO, chunk: Chunk) -> Pcm | None:
    """What a chunk `fmt ` says; None where it is cut off."""
    stream.seek(chunk.start)
    raw = stream.read(min(chunk.size, 16))
    if len(raw) < 16:
        return None
    _, channels, rate, bytes_per_s = struct.unpack("<HHII4x", raw)
    return Pcm(rate, channels, bytes_per_s)

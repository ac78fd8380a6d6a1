"""An audio file read once: its kind, its audio, all its tags; or why it is none."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import mutagen
from mutagen._util import MutagenError
from mutagen.mp3 import MP3

from include.errors import FileError
from include.pipelines.music_library.audio import boxes
from include.pipelines.music_library.audio.kinds import MPEG, Kind, kind_at
from include.pipelines.music_library.audio.window import Window, id3_end
from include.pipelines.music_library.tags import layers
from include.pipelines.music_library.tags.id3 import FRAMES
from include.pipelines.music_library.tags.inflating import begin_file
from include.pipelines.music_library.tags.layer import Layer

# What mutagen raises on bytes that are no file of their kind: its own error, and what its parsers run into.
FAULTS = (
    MutagenError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

# Bytes up to which a file is read at one go: parsers seek back and forth, which is cheaper in memory.
SMALL_BYTES = 1 << 17

# Readers that take the file from its ID3v2 tags on, since these are theirs.
OWN_ID3 = frozenset({"mp3", "tta", "flac"})


# Readers that broken files send in circles: mutagen follows a packet's size backwards in Musepack's version 8.
CIRCLING = frozenset({"musepack"})


@dataclass(slots=True)
class Opened:
    """A file that was read.

    `audio` is mutagen's, None where only tags could be read; `fault` is then what it met. `start` is where the
    container begins, behind ID3v2 tags, `size` the file's bytes, `moov` what that box of an MP4 file holds.
    """

    kind: Kind
    audio: Any
    layers: list[Layer]
    start: int
    size: int
    fault: str = ""
    moov: bytes = b""


def opened(stream: BinaryIO, name: str) -> Opened:
    """Reads a file's audio and tags.

    Raises:
        FileError: the file holds nothing, or nothing that is known here.
    """
    begin_file()
    size = stream.seek(0, io.SEEK_END)
    if not size:
        raise FileError(f"{name} has 0 bytes.", "Copy it again from where it came from.")
    start = min(id3_end(stream), size)
    kind = kind_at(stream, start) or _guessed(stream, name)
    if kind is None:
        raise FileError(
            f"{name} holds no audio of a kind that is known here.", "Leave it out by a rule, or convert it."
        )
    audio, fault = _audio(kind, stream, start)
    moov = boxes.moov(stream, size) if kind.family == "mp4" else b""
    found = list(_layers(kind, audio, stream, start, size, moov))
    return Opened(kind, audio, found, start, size, fault, moov)


def _guessed(stream: BinaryIO, name: str) -> Kind | None:
    """The kind by mutagen's scores, which look at the name too; None where it knows none."""
    stream.seek(0)
    if name.lower().endswith((".mp3", ".mp2", ".mp1")):
        return MPEG
    try:
        audio = mutagen.File(stream)
    except FAULTS:
        return None
    return None if audio is None else Kind(type(audio).__name__.lower(), type(audio), "mpeg")


def _audio(kind: Kind, stream: BinaryIO, start: int) -> tuple[Any, str]:
    behind = start if kind.name not in OWN_ID3 else 0
    window: Any = Window(stream, behind) if behind or kind.name in CIRCLING else stream
    window.seek(0)
    options = {"known_frames": FRAMES, "translate": False, "load_v1": False} if kind.reader is MP3 else {}
    try:
        return kind.reader(window, **options), ""
    except FAULTS as fault:
        return None, type(fault).__name__


def _layers(kind: Kind, audio: Any, stream: BinaryIO, start: int, size: int, moov: bytes) -> Iterator[Layer]:
    native = layers.native_layer(kind, audio) if audio is not None else None
    if native is None and kind.family == "mpeg" and start:
        native = next(layers.leading_id3(stream), None)
    if native is None and kind.family == "riff":
        native = layers.chunk_id3(stream, start, size)
    if kind.family == "mp4" and (native is None or not native.values):
        native = layers.old_mp4_layer(moov)
    if native is not None:
        yield native
    yield from layers.other_layers(kind, stream, start, size, native)


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """The file's bytes.

    Raises:
        FileError: there is no such file any more, or it may not be read.
    """
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 # a Path costs half of what opening does
            small = os.fstat(stream.fileno()).st_size <= SMALL_BYTES
            yield io.BytesIO(stream.read()) if small else stream
    except OSError as fault:
        raise FileError(
            f"{path} cannot be read: {fault.strerror or fault}.", "See that it is there and readable."
        ) from fault

"""Boxes of MP4 files, for what mutagen does not read in them: chapter tracks, old `meta` boxes, unknown codecs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Bytes of `moov` that are read: that of a book of 30 hours has 10 MB.
MAX_MOOV = 1 << 26


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four letters, and where what it holds starts and ends."""

    name: bytes
    start: int
    end: int


def top_boxes(stream: BinaryIO, file_size: int) -> Iterator[Box]:
    """The boxes of a file, in order; the first size that cannot be true ends them."""
    position = 0
    while position + 8 <= file_size:
        stream.seek(position)
        box = _box(stream.read(16), position, file_size)
        if box is None:
            return
        yield box
        position = box.end


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes within a box that was read."""
    position = start
    while position + 8 <= end:
        box = _box(data[position : position + 16], position, end)
        if box is None:
            return
        yield box
        position = box.end


def _box(head: bytes, position: int, end: int) -> Box | None:
    size, name = struct.unpack(">I4s", head[:8])
    header = 8
    if size == 1 and len(head) == 16:
        size, header = struct.unpack(">8xQ", head)[0], 16
    size = size or end - position
    return Box(name, position + header, min(position + size, end)) if size >= header else None


def child(data: bytes, parent: Box, *path: bytes) -> Box | None:
    """The first box on a path of names below `parent`."""
    found: Box | None = parent
    for name in path:
        if found is None:
            return None
        found = next((box for box in boxes(data, found.start, found.end) if box.name == name), None)
    return found


def moov(stream: BinaryIO, file_size: int) -> bytes:
    """What the box `moov` holds; empty where there is none or it is too large to be one."""
    for box in top_boxes(stream, file_size):
        if box.name == b"moov" and box.end - box.start <= MAX_MOOV:
            stream.seek(box.start)
            return stream.read(box.end - box.start)
    return b""


def tracks(data: bytes) -> Iterator[Box]:
    """The boxes `trak` of what `moov` holds."""
    return (box for box in boxes(data, 0, len(data)) if box.name == b"trak")


def handler(data: bytes, track: Box) -> bytes:
    """The four letters that say what a track holds: `soun`, `vide`, `text`, ..."""
    box = child(data, track, b"mdia", b"hdlr")
    return data[box.start + 8 : box.start + 12] if box else b""


def sound(data: bytes) -> tuple[int, int] | None:
    """Channels and samples a second of the first audio track, from its sample entry; None without one."""
    for track in tracks(data):
        table = child(data, track, b"mdia", b"minf", b"stbl", b"stsd")
        if handler(data, track) == b"soun" and table and table.end - table.start >= 44:
            channels, rate = struct.unpack_from(">H6xI", data, table.start + 32)
            return channels, rate >> 16
    return None


def duration_ms(data: bytes, header: Box | None) -> int | None:
    """The duration that a box `mvhd` or `mdhd` states, in ms; None where it states none."""
    if header is None or header.end - header.start < 20:
        return None
    form = ">20xIQ" if data[header.start] == 1 else ">12xII"
    if header.end - header.start < struct.calcsize(form):
        return None
    scale, duration = struct.unpack_from(form, data, header.start)
    return round(duration * 1000 / scale) if scale else None


def old_metadata(data: bytes) -> dict[str, list[str]]:
    """Texts of a `meta` box without version and flags, as QuickTime wrote it: {"©ART": ["Someone"]}."""
    whole = Box(b"moov", 0, len(data))
    items = child(data, whole, b"udta", b"meta", b"ilst")
    if items is None:
        return {}
    found = ((box.name.decode("latin-1"), _texts(data, box)) for box in boxes(data, items.start, items.end))
    return {name: texts for name, texts in found if texts}


def _texts(data: bytes, item: Box) -> list[str]:
    values = (box for box in boxes(data, item.start, item.end) if box.name == b"data" and box.end - box.start >= 8)
    return [
        data[box.start + 8 : box.end].decode("utf-8", "replace")
        for box in values
        if data[box.start : box.start + 4] == b"\x00\x00\x00\x01"
    ]

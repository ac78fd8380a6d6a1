"""Chapters of a file, whoever wrote them: ID3, MP4 (Nero's list, QuickTime's text track), Vorbis comments, FLAC."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from include.pipelines.music_library.audio import boxes
from include.pipelines.music_library.audio.boxes import Box
from include.pipelines.music_library.opening import Opened

# CHAPTER001=00:01:02.500, the convention of Ogg files, and its name.
VORBIS_CHAPTER = re.compile(r"chapter(\d{1,3})$")
CLOCK = re.compile(r"(\d+):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?$")

# Chapters at most: a track of text with more samples is no table of contents.
MAX_CHAPTERS = 10_000

# FLAC numbers the end of the audio as a track of its own, on a CD and elsewhere.
LEAD_OUTS = (170, 255)

# MP4's byte order mark before a chapter's title, which is UTF-8 without one.
UTF_16_MARK = b"\xfe\xff"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: start in ms, its end where it states one, its title; the start in samples where it is exact."""

    start_ms: int
    end_ms: int | None = None
    title: str = ""
    start_sample: int | None = None


def chapters_of(file: Opened, stream: BinaryIO) -> list[Chapter]:
    """The file's chapters by their start; of several tables the one with most entries."""
    if file.audio is None:
        return []
    tables = [list(read(file, stream)) for read in READERS.get(file.kind.family, ())]
    found = max(tables, key=len, default=[])[:MAX_CHAPTERS]
    named = (replace(chapter, title=" ".join(chapter.title.replace("\x00", "").split())) for chapter in found)
    return sorted(named, key=lambda chapter: chapter.start_ms)


def _id3(file: Opened, stream: BinaryIO) -> Iterator[Chapter]:
    tags: Any = file.audio.tags
    for frame in tags.getall("CHAP") if hasattr(tags, "getall") else ():
        titles = frame.sub_frames.getall("TIT2")
        end = frame.end_time if frame.end_time > frame.start_time else None
        yield Chapter(frame.start_time, end, str(titles[0]) if titles else "")


def _vorbis(file: Opened, stream: BinaryIO) -> Iterator[Chapter]:
    for layer in file.layers:
        for name, texts in layer.values.items():
            clock = CLOCK.match(texts[0]) if layer.kind == "vorbis" and VORBIS_CHAPTER.match(name) else None
            if clock:
                yield Chapter(_clock_ms(*clock.groups()), None, layer.values.get(name + "name", [""])[0])


def _clock_ms(hours: str, minutes: str, seconds: str, fraction: str | None) -> int:
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + round(float(f"0.{fraction or 0}") * 1000)


def _flac_sheet(file: Opened, stream: BinaryIO) -> Iterator[Chapter]:
    """FLAC's block CUESHEET counts in samples; a track starts at its index 1, else where its first index is."""
    sheet: Any = getattr(file.audio, "cuesheet", None)
    rate = file.audio.info.sample_rate
    for track in sheet.tracks if sheet and rate else ():
        if track.track_number not in LEAD_OUTS:
            offsets = {index.index_number: index.index_offset for index in track.indexes}
            start = track.start_offset + offsets.get(1, min(offsets.values(), default=0))
            yield Chapter(round(start * 1000 / rate), None, "", start)


def _nero(file: Opened, stream: BinaryIO) -> Iterator[Chapter]:
    for chapter in file.audio.chapters or ():
        yield Chapter(round(chapter.start * 1000), None, chapter.title)


def _quicktime(file: Opened, stream: BinaryIO) -> Iterator[Chapter]:
    """A track of text that another track names as its chapters (`tref`, `chap`): one sample a chapter."""
    data = file.moov
    tracks = {_track_id(data, track): track for track in boxes.tracks(data)}
    named = (tracks.get(number) for track in tracks.values() for number in _chapter_tracks(data, track))
    track = next((track for track in named if track and boxes.handler(data, track) in (b"text", b"sbtl")), None)
    if track is None:
        return
    at, scale = 0, _scale(data, track)
    for duration, title in zip(_durations(data, track), _titles(data, track, stream, file.size), strict=False):
        yield Chapter(round(at * 1000 / scale), round((at + duration) * 1000 / scale), title)
        at += duration


def _track_id(data: bytes, track: Box) -> int:
    header = boxes.child(data, track, b"tkhd")
    if header is None or header.end - header.start < 24:
        return 0
    return int.from_bytes(data[header.start + (20 if data[header.start] == 1 else 12) :][:4], "big")


def _chapter_tracks(data: bytes, track: Box) -> tuple[int, ...]:
    named = boxes.child(data, track, b"tref", b"chap")
    return _numbers(data, named, named.start, (named.end - named.start) // 4) if named else ()


def _scale(data: bytes, track: Box) -> int:
    header = boxes.child(data, track, b"mdia", b"mdhd")
    if header is None:
        return 1
    return int.from_bytes(data[header.start + (20 if data[header.start] == 1 else 12) :][:4], "big") or 1


def _table(data: bytes, track: Box, name: bytes) -> Box | None:
    return boxes.child(data, track, b"mdia", b"minf", b"stbl", name)


def _numbers(data: bytes, box: Box, start: int, count: int) -> tuple[int, ...]:
    count = max(0, min(count, (box.end - start) // 4))
    return struct.unpack_from(f">{count}I", data, start)


def _entries(data: bytes, box: Box | None, width: int) -> list[tuple[int, ...]]:
    """Rows of `width` numbers behind a table's version and count."""
    if box is None or box.end - box.start < 8:
        return []
    rows = int.from_bytes(data[box.start + 4 : box.start + 8], "big")
    numbers = _numbers(data, box, box.start + 8, min(rows, MAX_CHAPTERS) * width)
    return [numbers[at : at + width] for at in range(0, len(numbers) - width + 1, width)]


def _durations(data: bytes, track: Box) -> Iterator[int]:
    for count, duration in _entries(data, _table(data, track, b"stts"), 2):
        yield from [duration] * min(count, MAX_CHAPTERS)


def _titles(data: bytes, track: Box, stream: BinaryIO, size: int) -> Iterator[str]:
    """The samples' texts: two bytes of length, then UTF-8, or UTF-16 behind its mark."""
    for offset, length in zip(_offsets(data, track), _sizes(data, track), strict=False):
        stream.seek(min(offset, size))
        sample = stream.read(min(length, 1 << 16))
        text = sample[2 : 2 + int.from_bytes(sample[:2], "big")]
        yield text[2:].decode("utf-16-be", "replace") if text[:2] == UTF_16_MARK else text.decode("utf-8", "replace")


def _sizes(data: bytes, track: Box) -> list[int]:
    """Bytes of each sample; a table with one size for all has no rows."""
    box = _table(data, track, b"stsz")
    if box is None or box.end - box.start < 12:
        return []
    same, count = struct.unpack_from(">II", data, box.start + 4)
    return [same] * min(count, MAX_CHAPTERS) if same else list(_numbers(data, box, box.start + 12, count))


def _offsets(data: bytes, track: Box) -> Iterator[int]:
    """Where each sample lies: chunks, and samples within a chunk one behind the other."""
    long = _table(data, track, b"co64")
    starts = [(high << 32) + low for high, low in _entries(data, long, 2)] if long else None
    starts = starts if starts is not None else [start for (start,) in _entries(data, _table(data, track, b"stco"), 1)]
    runs, sizes = _entries(data, _table(data, track, b"stsc"), 3), iter(_sizes(data, track))
    for number, start in enumerate(starts, 1):
        at = start
        for _ in range(next((count for first, count, _ in reversed(runs) if first <= number), 0)):
            yield at
            at += next(sizes, 0)


READERS = {
    "mpeg": (_id3,),
    "riff": (_id3,),
    "aiff": (_id3,),
    "dsf": (_id3,),
    "mp4": (_nero, _quicktime),
    "ogg": (_vorbis,),
    "flac": (_vorbis, _flac_sheet),
}

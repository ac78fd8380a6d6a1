"""Cue sheets: which tracks lie where in which file, as ripping programs write them and people mend them.

A library needs less than a CD's table of contents: what a CD could not have (a catalogue number twice, a first track
that does not start at 0) is read all the same, and only what leaves no passages is an error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from include.pipelines.music_library.tags.legacy_text import legacy_encoding

# Frames a second, the unit of a sheet's times.
FRAMES_PER_S = 75

# A word of a line: within quotes with what is quoted in them doubled or not, else up to the next blank.
WORDS = re.compile(r'"((?:[^"]|"(?=\S))*)"?|(\S+)')
TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})$")

ENCODINGS = ("utf-8", "gbk", "cp1251")
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# What stands behind the last word of FILE.
TYPES = frozenset({"WAVE", "MP3", "AIFF", "BINARY", "MOTOROLA", "FLAC", "APE", "OGG", "WV"})


class SheetError(ValueError):
    """A sheet that has no passages: no track, no index, or times that go back."""


@dataclass(slots=True)
class Track:
    """A track: its number, the file it starts in, its start there and its pause's (frames of 1/75 s), its texts."""

    number: int
    file: str = ""
    start: int | None = None
    pause: int | None = None
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Sheet:
    """A sheet: texts of the disc by command (TITLE, PERFORMER, GENRE, DATE, ...) and its tracks in order.

    `without_time` counts the tracks that were left out, since no time says where they start.
    """

    texts: dict[str, str] = field(default_factory=dict)
    tracks: list[Track] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    without_time: int = 0


def decoded(raw: bytes) -> str:
    """A sheet's text: by its mark, else UTF-8 where it is valid, else the code page that its bytes look like."""
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        return raw.decode(legacy_encoding([text], ENCODINGS) or "cp1252", "replace")


def parsed(text: str) -> Sheet:
    """The sheet that a text is.

    Raises:
        SheetError: it holds no track with a time, or the times of one file's tracks go back.
    """
    sheet = Sheet()
    for line in text.lstrip("\ufeff").replace("\x00", "").splitlines():
        words = [quoted or bare for quoted, bare in WORDS.findall(line)]
        if len(words) > 1 and (read := COMMANDS.get(words[0].upper())):
            read(sheet, words)
    timed = [track for track in sheet.tracks if _start(track) is not None]
    sheet.without_time = len(sheet.tracks) - len(timed)
    sheet.tracks = timed
    if not sheet.tracks:
        raise SheetError("no track with a time")
    _see_order(sheet.tracks)
    return sheet


def _start(track: Track) -> int | None:
    """Where a track starts: at INDEX 01, else at INDEX 00, which some sheets have alone."""
    track.start = track.pause if track.start is None else track.start
    return track.start


def _see_order(tracks: list[Track]) -> None:
    latest: dict[str, int] = {}
    for track in tracks:
        start = track.start or 0
        if start < latest.get(track.file, 0):
            raise SheetError("times that go back")
        latest[track.file] = start


def _file(sheet: Sheet, words: list[str]) -> None:
    name = words[1:-1] if len(words) > 2 and words[-1].upper() in TYPES else words[1:]
    sheet.files.append(" ".join(name))


def _track(sheet: Sheet, words: list[str]) -> None:
    number = int(words[1]) if words[1].isdigit() else len(sheet.tracks) + 1
    sheet.tracks.append(Track(number, sheet.files[-1] if sheet.files else ""))


def _index(sheet: Sheet, words: list[str]) -> None:
    time = TIME.match(words[-1])
    if not sheet.tracks or not time or len(words) < 3 or not words[1].isdigit():
        return
    minutes, seconds, frames = map(int, time.groups())
    track, frame = sheet.tracks[-1], (minutes * 60 + seconds) * FRAMES_PER_S + frames
    if int(words[1]) == 0 and track.pause is None:
        track.pause = frame
    elif track.start is None:
        # A pause may lie at the end of the file before: the track is where its INDEX 01 is.
        track.start, track.file = frame, sheet.files[-1] if sheet.files else ""


def _text(sheet: Sheet, words: list[str]) -> None:
    texts = sheet.tracks[-1].texts if sheet.tracks else sheet.texts
    texts.setdefault(words[0].upper(), " ".join(words[1:]).strip())


def _remark(sheet: Sheet, words: list[str]) -> None:
    if len(words) > 2:
        _text(sheet, words[1:])


COMMANDS: dict[str, Callable[[Sheet, list[str]], None]] = {
    "FILE": _file,
    "TRACK": _track,
    "INDEX": _index,
    "TITLE": _text,
    "PERFORMER": _text,
    "SONGWRITER": _text,
    "ISRC": _text,
    "CATALOG": _text,
    "REM": _remark,
}

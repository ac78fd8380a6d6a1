"""Share of cue sheets and chapters that are read as their projects' tests and two readers say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import FileError
from include.pipelines.music_library.passages.cue import Sheet, SheetError, Track, decoded, parsed
from include.pipelines.music_library.prepare import prepare

# Starts by two readers differ by this much where one counts in ms and the other in samples.
TOLERANCE_MS = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One sheet or file with chapters, and whether it was read as expected."""

    file: str
    right: bool
    found: str


def cue_sheets(folder: Path) -> Iterator[Case]:
    """The sheets of `cue.jsonl`; one that a stricter program refuses is right when it is read or rejected, not lost."""
    for case in _cases(folder / "cue.jsonl"):
        try:
            sheet = parsed(decoded((folder / "cue" / case["file"]).read_bytes()))
        except SheetError as fault:
            yield Case(case["file"], case.get("xiph") == "refuses", str(fault))
        else:
            yield Case(case["file"], _sheet_right(case, sheet), f"{len(sheet.tracks)} tracks")


def _cases(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _sheet_right(case: dict[str, Any], sheet: Sheet) -> bool:
    disc = {"album": "TITLE", "performer": "PERFORMER", "genre": "GENRE", "date": "DATE"}
    if any(sheet.texts.get(name) != case[key] for key, name in disc.items() if key in case):
        return False
    if [track.texts.get("TITLE") for track in sheet.tracks] != case.get("titles", _titles(sheet)):
        return False
    tracks = case.get("tracks", ())
    if len(sheet.tracks) != case.get("n_tracks", len(tracks) or len(sheet.tracks)):
        return False
    return all(_track_right(said, track) for said, track in zip(tracks, sheet.tracks, strict=False))


def _titles(sheet: Sheet) -> list[str | None]:
    return [track.texts.get("TITLE") for track in sheet.tracks]


def _track_right(said: dict[str, Any], track: Track) -> bool:
    found = {
        "n": track.number,
        "title": track.texts.get("TITLE"),
        "performer": track.texts.get("PERFORMER", said.get("performer")),
        "file": track.file,
        "start_frames": track.start,
        "index0_frames": track.pause,
    }
    return all(found[name] == said[name] for name in found if name in said)


def chapters(folder: Path) -> Iterator[Case]:
    """The files of `chapters.jsonl`: as many passages, with the same starts and titles."""
    for case in _cases(folder / "chapters.jsonl"):
        try:
            passages = prepare(folder / case["file"]).passages
        except FileError as fault:
            yield Case(case["file"], False, str(fault))
            continue
        said = [(chapter["start_ms"], chapter["title"]) for chapter in case["ffprobe"]]
        found = [(passage.start_ms, passage.tags.title or "") for passage in passages]
        right = len(said) == len(found) and all(map(_same, said, found))
        yield Case(case["file"], right, str(found))


def _same(said: tuple[int, str], found: tuple[int, str]) -> bool:
    return abs(said[0] - found[0]) <= TOLERANCE_MS and (not said[1] or said[1] == found[1])

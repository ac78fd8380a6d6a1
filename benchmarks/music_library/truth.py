"""Share of fields that are right, on files of which two independent readers say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import FileError
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.prepared import PreparedFile

# The truth's lengths agree within 60 ms or 1 %, and so must ours.
TOLERANCE_MS = 60
TOLERANCE_SHARE = 0.01

LISTS = ("artists", "albumartist", "genre", "mb_artist")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one file: what the readers say and what was read."""

    file: str
    name: str
    expected: Any
    found: Any
    right: bool


def fields(folder: Path) -> Iterator[Field]:
    """All uncontested fields of `truth.jsonl` in that folder."""
    with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield from _of_file(folder, json.loads(line))


def _of_file(folder: Path, case: dict[str, Any]) -> Iterator[Field]:
    try:
        found = _columns(prepare(folder / "files" / case["file"]))
    except FileError:
        found = {}
    contested = set(case.get("contested", ()))
    for name in case["agreed_by"]:
        if name not in contested:
            expected = case.get(name, case.get("mbids", {}).get(name))
            value = found.get(name)
            yield Field(case["file"], name, expected, value, _same(name, expected, value))


def _columns(file: PreparedFile) -> dict[str, Any]:
    tags, audio = file.tags, file.audio
    return {
        "length_ms": audio.length_ms,
        "samplerate": audio.sample_rate,
        "channels": audio.channels,
        "title": tags.title,
        "artists": list(tags.artists),
        "album": tags.album,
        "albumartist": list(tags.album_artists),
        "track": tags.track,
        "disc": tags.disc,
        "date": tags.date,
        "genre": list(tags.genres),
        "compilation": tags.compilation,
        "pictures": tags.pictures,
        "mb_track": tags.mb_recording,
        "mb_release_track": tags.mb_release_track,
        "mb_album": tags.mb_album,
        "mb_artist": list(tags.mb_artists),
    }


def _same(name: str, expected: Any, found: Any) -> bool:
    if name == "length_ms":
        return found is not None and abs(found - expected) <= max(TOLERANCE_MS, expected * TOLERANCE_SHARE)
    return bool(found == expected)

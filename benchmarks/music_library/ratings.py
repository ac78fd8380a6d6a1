"""Ratings as the players set them: the files' names say how many stars."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from include.pipelines.music_library.prepare import prepare


@dataclass(frozen=True, slots=True)
class Shares:
    """Files with a rating, how many of them are read as set, and files whose player wrote none."""

    tagged: int
    right: int
    untagged: int


def shares(folder: Path) -> Shares:
    """The files of `ratings.jsonl`."""
    tagged = right = untagged = 0
    with (folder / "ratings.jsonl").open(encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            found = prepare(folder / "files" / case["file"]).tags.rating
            bare = case["player"] == "empty"
            untagged += bare
            tagged += not bare
            right += not bare and found == case["stars"]
    return Shares(tagged, right, untagged)

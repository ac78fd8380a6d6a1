"""Prepared files of a library, made by hand: what the database half is tested with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.pipelines.music_library.prepared import Audio, Passage, PreparedFile, Tags

M1 = "11111111-1111-4111-8111-111111111111"
M2 = "22222222-2222-4222-8222-222222222222"


def prepared(path: str, *, audio: str | None = None, passages: int = 1, **tags: Any) -> tuple[str, PreparedFile]:
    """A file of so many passages of 1 s, all with the same tags but for the title's number."""
    said = replace(Tags(title="Song", artists=("Someone",)), **tags)
    parts = tuple(
        Passage(
            number,
            "file" if passages == 1 else "cue",
            (number - 1) * 1000,
            number * 1000,
            None,
            None,
            said if passages == 1 else replace(said, title=f"{said.title} {number}"),
        )
        for number in range(1, passages + 1)
    )
    return path, PreparedFile(path, Audio("flac", passages * 1000, audio_hash=audio or path), said, parts)

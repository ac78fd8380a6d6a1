"""One tag of a file as names and texts, whatever its format: a file may hold several, one over the other."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Layer:
    """One tag.

    `kind` says whose names it uses: id3, ape, vorbis, mp4, asf, info (RIFF), aiff. Names are in lower case but those of
    mp4, values are as they stand there, several where it holds several: {"tpe1": ["A", "B"]}. `declared_latin1` are the
    names whose texts the tag calls Latin-1, which a writer may have said of any bytes.
    """

    kind: str
    values: dict[str, list[str]] = field(default_factory=dict)
    pictures: int = 0
    declared_latin1: set[str] = field(default_factory=set)

    def add(self, name: str, texts: list[str]) -> None:
        """Adds texts without the NULs that pad or part them, and without blank ones."""
        parts = [part.strip() for text in texts for part in text.split("\x00")]
        if kept := [part for part in parts if part]:
            self.values.setdefault(name, []).extend(kept)

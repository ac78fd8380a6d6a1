"""What a scan says of files it does not bring: gone, missing and kept, or found again elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection

from include.pipelines.music_library import keys
from include.pipelines.music_library.database import statements
from include.pipelines.music_library.prepared import PreparedFile
from include.postgres.errors import translated

# A file's marks, by which it is known again: its audio, else the recording and its place in the library's albums.
Marks = tuple[str | None, str | None]


def delete_files(connection: Connection[Any], library: str, paths: Iterable[str]) -> int:
    """Deletes the files at these paths with their passages and links; returns how many there were."""
    with translated():
        return connection.execute(
            statements.DELETE_FILES.encode(), [library, [keys.path_key(path) for path in paths]]
        ).rowcount


def keep_missing(connection: Connection[Any], library: str, paths: Iterable[str]) -> int:
    """Notes that the files at these paths are missing; returns of how many that is news."""
    with translated():
        return connection.execute(
            statements.MISSING_FILES.encode(), [library, [keys.path_key(path) for path in paths]]
        ).rowcount


def move_files(connection: Connection[Any], library: str, moved: Mapping[str, str]) -> int:
    """Gives files new paths (old to new); they keep their ids, passages and what was measured of them."""
    old, new = ([keys.path_key(path) for path in side] for side in (moved.keys(), moved.values()))
    with translated():
        return connection.execute(statements.MOVED_FILES.encode(), [old, new, library]).rowcount


def sweep(connection: Connection[Any]) -> dict[str, int]:
    """Deletes songs, artists and albums that no passage speaks of any more; returns how many of each."""
    with translated(), connection.transaction():
        return {table: connection.execute(text.encode()).rowcount for table, text in statements.UNUSED.items()}


def marks_of(file: PreparedFile) -> Marks:
    """What a file is known by after it was moved: the hash of its audio, and its recording's MusicBrainz id."""
    return file.audio.audio_hash, file.tags.mb_recording


def moves(gone: Mapping[str, Marks], new: Mapping[str, Marks]) -> dict[str, str]:
    """Which files that are gone are which of the new ones, by path: {"old.flac": "new.flac"}.

    The audio decides; a MusicBrainz id only where the audio is another (a better copy at a new place). A mark that two
    gone or two new files bear says nothing: copies stay copies.
    """
    found: dict[str, str] = {}
    for mark in range(2):
        before = _by_mark({path: marks for path, marks in gone.items() if path not in found}, mark)
        after = _by_mark({path: marks for path, marks in new.items() if path not in found.values()}, mark)
        found |= {before[value]: after[value] for value in before.keys() & after.keys()}
    return found


def _by_mark(files: Mapping[str, Marks], mark: int) -> dict[str, str]:
    paths: dict[str, list[str]] = defaultdict(list)
    for path, marks in files.items():
        if (value := marks[mark]) is not None:
            paths[value].append(path)
    return {value: bearers[0] for value, bearers in paths.items() if len(bearers) == 1}

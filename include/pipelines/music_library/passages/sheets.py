"""Which cue sheet speaks of a file: one beside it that names it, or one within its tags."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from include.pipelines.music_library.passages.cue import Sheet, SheetError, Track, decoded, parsed
from include.pipelines.music_library.prepared import Remark

# Bytes of the longest sheet that is read; one of 99 tracks has 10 KB.
MAX_SHEET = 1 << 20

SHEET_ENDING = ".cue"


def same_name(name: str) -> str:
    """A file's name as sheets and file systems agree on it: without folders, NFC, in lower case."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1]).casefold()


def _stem(name: str) -> str:
    return same_name(name).rsplit(".", 1)[0]


def sheets_beside(path: str) -> list[str]:
    """Paths of the sheets in the file's folder, in the order of their names; those with the file's own stem first."""
    folder, name = os.path.split(path)
    try:
        found = _sheets_in(folder or ".", os.stat(folder or ".").st_mtime_ns)  # noqa: PTH116 # a Path costs thrice it
    except OSError:
        return []
    if not found:
        return []
    return sorted((str(Path(folder) / sheet) for sheet in found), key=lambda sheet: _stem(sheet) != _stem(name))


@lru_cache(maxsize=8)
def _sheets_in(folder: str, _: int) -> tuple[str, ...]:
    """Names of a folder's sheets: listed once, and anew when the folder has changed."""
    with os.scandir(folder) as entries:
        return tuple(sorted(entry.name for entry in entries if entry.name.lower().endswith(SHEET_ENDING)))


def beside(path: str) -> tuple[list[Track], Sheet | None, list[Remark]]:
    """The tracks that sheets beside a file place in it.

    A sheet that names the file comes before one that names another ending of it (.wav where .flac lies); of several
    such sheets the one with most tracks in this file is taken, then the first by name.
    """
    remarks: list[Remark] = []
    best: tuple[tuple[bool, int], list[Track], Sheet] | None = None
    for name, sheet in _readable(path, remarks):
        tracks, exact = tracks_of(sheet, path, own=_stem(name) == _stem(path))
        rank = (exact, len(tracks))
        if tracks and (best is None or rank > best[0]):
            best = rank, tracks, sheet
    return (best[1], best[2], remarks) if best else ([], None, remarks)


def _readable(path: str, remarks: list[Remark]) -> Iterator[tuple[str, Sheet]]:
    for sheet in sheets_beside(path):
        try:
            with Path(sheet).open("rb") as stream:
                yield sheet, parsed(decoded(stream.read(MAX_SHEET)))
        except (SheetError, OSError) as fault:
            remarks.append(Remark("cue_sheet", f"a cue sheet beside the file cannot be used: {fault.args[-1]}"))


def tracks_of(sheet: Sheet, path: str, *, own: bool) -> tuple[list[Track], bool]:
    """The sheet's tracks that lie in this file, and whether it names the file exactly.

    `own`: the sheet is within the file or bears its stem. Where no name fits and the sheet speaks of one file only, it
    speaks of this one.
    """
    wanted = same_name(path)
    if exact := [track for track in sheet.tracks if same_name(track.file) == wanted]:
        return exact, True
    alike = [track for track in sheet.tracks if _stem(track.file) == _stem(path)]
    alone = own and len({same_name(track.file) for track in sheet.tracks}) == 1
    return (sheet.tracks if alone and not alike else alike), False

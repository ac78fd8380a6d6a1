"""Where Ladybug's errors become Longshore's. All of them are RuntimeErrors, and only their words tell them apart."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.errors import DefectError, LongshoreError, RowError, SetupError, TransientError

# The kind that Ladybug puts before its words: `Copy exception: Found NULL, which violates ...`.
KIND = re.compile(r"^(?P<kind>[A-Z][A-Za-z ]+ exception): (?P<words>.*)", re.DOTALL)

LOCKED = re.compile(r"Could not set lock on file|Cannot start a new write transaction")
LOCK_OWNER = re.compile(r"Lock is held by PID (\d+)")

# Ladybug's words for a row at fault, which name the value, and ours, which do not.
ROW_FAULTS = (
    (re.compile(r"duplicated primary key"), "duplicate_key", "two rows have one key"),
    (re.compile(r"Unable to find primary key"), "orphan", "an end of the relationship is not there"),
    (re.compile(r"Found NULL.*primary key"), "null_key", "a key is null"),
    (re.compile(r"Cast failed"), "conversion", "a value does not fit its property's type"),
    (re.compile(r"^(Conversion|Overflow) exception"), "conversion", "a value does not fit its property's type"),
    (re.compile(r"^Copy exception"), "copy", "COPY refused a row"),
)

SETUP_FAULTS = (
    (
        re.compile(r"buffer pool is full"),
        "It needs more memory than its buffer pool has.",
        "Raise LONGSHORE_GRAPH_BUFFER_MB.",
    ),
    (re.compile(r"No space left"), "The disk is full.", "Free space, then load again."),
    (re.compile(r"Permission denied"), "This user must not write the file.", "Use the user that made it."),
    (re.compile(r"not a valid Lbug database"), "The file is none of Ladybug's.", "Name another file, or move it away."),
    (re.compile(r"Database path cannot be a directory"), "The path is a folder.", "Name a file in it."),
    (
        re.compile(r"different version|storage version"),
        "Another version of Ladybug wrote the file.",
        "Move it away; the next load makes the graph again.",
    ),
)


def translate(error: RuntimeError, path: Path) -> LongshoreError:
    """The error of our tree that says what to do; it holds no row's contents.

    Args:
        error: what Ladybug raised.
        path: the database file, to name it and whoever holds it.
    """
    said = str(error)
    if LOCKED.search(said):
        return held_by_others(path, _lock_owner(said) or holders(path))
    for pattern, what, remedy in SETUP_FAULTS:
        if pattern.search(said):
            return SetupError(f"Ladybug cannot use {path}. {what}", remedy)
    for pattern, code, what in ROW_FAULTS:
        if pattern.search(said):
            return RowError(f"Ladybug said: {what}.", code=code)
    kind = KIND.match(said)
    if kind and kind["kind"] in ("IO exception", "Runtime exception"):
        return SetupError(f"Ladybug cannot use {path}. {_first_line(kind['words'])}", "Check the path and its folder.")
    return DefectError(f"Ladybug refused a statement on {path}: {_first_line(said)}", "Please report it.")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """No error of Ladybug leaves the block as it is."""
    try:
        yield
    except RuntimeError as error:
        # Ladybug's frames hold the prepared statement, and that the file: open for as long as anybody keeps the error.
        traceback.clear_frames(error.__traceback__)
        raise translate(error, path) from error


def held_by_others(path: Path, owners: list[int]) -> TransientError:
    """The file is open elsewhere: says by which process."""
    names = ", ".join(_named(pid) for pid in owners) or "another process, of another user or machine"
    return TransientError(
        f"The graph {path} is held by {names}; Ladybug lets one process write, and nobody read meanwhile.",
        "Let it end, or close the file there; then the same can be repeated.",
    )


def holders(path: Path) -> list[int]:
    """Other processes of this machine that have the file open, as far as this user may see them (Linux only)."""
    try:
        wanted = path.stat()
    except OSError:
        return []
    found = {int(link.parts[2]) for link in Path("/proc").glob("[0-9]*/fd/*") if _is(link, wanted)}
    return sorted(found - {os.getpid()})


def _is(link: Path, wanted: os.stat_result) -> bool:
    try:
        found = link.stat()
    except OSError:  # closed meanwhile, or another user's
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _lock_owner(said: str) -> list[int]:
    match = LOCK_OWNER.search(said)
    return [int(match[1])] if match and int(match[1]) > 0 else []


def _named(pid: int) -> str:
    """A process for people: its number, and of its command only the names, since arguments may be anybody's secret."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return f"process {pid}"
    names = " ".join(Path(word).name for word in words[:2] if word and not word.startswith("-"))
    return f"process {pid} ({names})" if names else f"process {pid}"


def _first_line(said: str) -> str:
    return said.strip().splitlines()[0] if said.strip() else "nothing"

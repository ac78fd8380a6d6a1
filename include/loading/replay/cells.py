"""Cells of an export of rejects: the columns beside the record, and the guard against what a spreadsheet would run."""

from __future__ import annotations

from enum import StrEnum

PREFIX = "longshore_"

# Which reject the row is, why, and how its cells are written. `longshore_text` holds the whole record where that does
# not fit the header.
ADDED = tuple(
    PREFIX + name
    for name in ("load", "file", "line", "record", "sequence", "column", "code", "reason", "guard", "text")
)

GUARD = "'"

# What makes a spreadsheet take a cell for a formula, first or after blanks; and the guard itself, so that taking one
# away always gives back what was there.
GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", GUARD)


class Guard(StrEnum):
    """How a row's own cells are written: as delivered, or with an apostrophe before what could be a formula."""

    NONE = "none"
    APOSTROPHE = "apostrophe"


def guarded(text: str) -> str:
    """The text as no spreadsheet takes it for a formula."""
    risky = text.lstrip(" ").startswith(GUARDED) or text.lstrip().startswith(GUARDED)
    return GUARD + text if risky else text


def unguarded(text: str) -> str:
    """What `guarded` was given."""
    return text.removeprefix(GUARD)


def guarded_raw(cell: str) -> str:
    """A cell as it stands in the file, guarded; its quotes stay as they are."""
    quote = '"' if cell.startswith('"') else ""
    inner = cell.removeprefix(quote)
    value = inner.replace('""', '"') if quote else inner
    return quote + GUARD + inner if guarded(value) != value else cell

"""A text column and what one look at its bytes tells, so that clean columns skip the work that unclean ones need."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Stripped from the ends of values: ASCII blanks, no-break and typographic spaces, zero-width space, byte order mark.
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200C)))
BLANK, FILLER, BEYOND_ASCII = 0x20, 0x30, 0x80
ZERO = np.uint8(ord("0"))
NO_TEXT = pa.scalar(None, pa.string())

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Rows = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class TextColumn:
    """A string column; what is asked about its bytes is found out once.

    Bytes below null cells may take part: `lowest` and `highest` are bounds, good for choosing the fast path.
    """

    def __init__(self, cells: pa.StringArray) -> None:
        self.cells = cells

    @cached_property
    def _offsets(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        buffer = self.cells.buffers()[1]
        if buffer is None or len(self.cells) == 0:
            return np.zeros(1, np.int32)
        offsets = np.frombuffer(buffer, np.int32)
        return offsets[self.cells.offset : self.cells.offset + len(self.cells) + 1]

    @cached_property
    def _data(self) -> Bytes:
        buffer = self.cells.buffers()[2]
        return np.zeros(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)

    @cached_property
    def bytes(self) -> Bytes:
        """The column's bytes, one cell after the other."""
        return self._data[self._offsets[0] : self._offsets[-1]]

    @cached_property
    def lowest(self) -> int:
        """The lowest byte; 255 where there is none."""
        return int(self.bytes.min(initial=255))

    @cached_property
    def highest(self) -> int:
        """The highest byte; 0 where there is none."""
        return int(self.bytes.max(initial=0))

    def holds(self, character: str) -> bool:
        """Whether the ASCII character stands anywhere in the column."""
        return bool((self.bytes == ord(character)).any())

    def above(self, byte: int) -> Mask:
        """Which cells hold a byte above this one."""
        found = np.zeros(len(self.cells), np.bool_)
        found[np.searchsorted(self._offsets[1:] - self._offsets[0], np.flatnonzero(self.bytes > byte), "right")] = True
        return found

    @cached_property
    def lengths(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Bytes of each cell; 0 for null as a rule."""
        return self._offsets[1:] - self._offsets[:-1]

    @cached_property
    def edges(self) -> tuple[Bytes, Bytes]:
        """First and last byte of each cell; any byte for empty ones."""
        if len(self._data) == 0:
            return (np.full(len(self.cells), FILLER, np.uint8),) * 2
        first = np.minimum(self._offsets[:-1], len(self._data) - 1)
        return self._data[first], self._data[self._offsets[1:] - 1]

    def rows_of_leading_zero(self) -> Rows:
        """Rows whose cell begins with a zero before another digit."""
        starts = self._offsets[:-1]
        if len(self._data) == 0:
            return np.zeros(0, np.int64)
        rows = np.flatnonzero(self.edges[0] == ZERO)
        rows = rows[self.lengths[rows] > 1]
        return rows[self._data[starts[rows] + 1] - ZERO < 10]

    @cached_property
    def unclean_edges(self) -> Mask:
        """Cells that may begin or end with a blank: ASCII up to the blank, or anything beyond ASCII."""
        if self.lowest > BLANK and self.highest < BEYOND_ASCII:
            return np.zeros(len(self.cells), np.bool_)
        first, last = self.edges
        return (first <= BLANK) | (last <= BLANK) | (first >= BEYOND_ASCII) | (last >= BEYOND_ASCII)

    @property
    def has_empty(self) -> bool:
        """Whether a cell is '' rather than null."""
        return len(self.cells) - int(np.count_nonzero(self.lengths)) > int(self.cells.null_count)

    @property
    def begins_with_digits(self) -> bool:
        """Whether each cell that is not empty begins with three digits, as dates do that begin with their year."""
        starts = self._offsets[:-1][self.lengths > 0]
        if len(starts) == 0:
            return True
        last = len(self._data) - 1
        first_three = (self._data[np.minimum(starts + place, last)] for place in range(3))
        return all(bool((byte - ZERO < 10).all()) for byte in first_three)


def to_mask(mask: Mask) -> pa.BooleanArray:
    """A numpy mask as Arrow takes it."""
    return pa.array(mask, pa.bool_())


def scatter(values: pa.Array, mask: pa.BooleanArray, replacements: pa.Array) -> pa.Array:
    """The column with the masked cells replaced, in order."""
    return pc.replace_with_mask(values, mask, replacements)


def without_nul(column: TextColumn) -> tuple[TextColumn, Mask | None]:
    """The column with null for cells that hold a NUL character, and which these are; None where there is none."""
    if column.lowest > 0:
        return column, None
    found = pc.fill_null(pc.match_substring(column.cells, "\0"), False)
    return TextColumn(pc.if_else(found, NO_TEXT, column.cells)), found.to_numpy(zero_copy_only=False)


def without_words(column: TextColumn, words: frozenset[str]) -> TextColumn:
    """The column with null for cells that are one of the words (lower case), blanks around them aside."""
    if not words or column.cells.null_count == len(column.cells):
        return column
    folded = pc.utf8_lower(pc.utf8_trim(column.cells, characters=BLANKS))
    found = pc.is_in(folded, value_set=pa.array(sorted(words), pa.string()))
    return TextColumn(pc.if_else(found, NO_TEXT, column.cells)) if pc.any(found).as_py() else column


def without_blanks(column: TextColumn) -> TextColumn:
    """The column with null for cells that are empty or hold nothing but blanks; other cells stay as they are."""
    if not column.unclean_edges.any() and not column.has_empty:
        return column
    blank = pc.equal(pc.utf8_trim(column.cells, characters=BLANKS), "")
    return TextColumn(pc.if_else(blank, NO_TEXT, column.cells)) if pc.any(blank).as_py() else column


def trimmed(column: TextColumn) -> pa.StringArray:
    """The cells without blanks at their ends."""
    if not column.unclean_edges.any():
        return column.cells
    return pc.utf8_trim(column.cells, characters=BLANKS)

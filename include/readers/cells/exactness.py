"""Numbers that would lose characters that mean something: leading zeros, a plus, a currency, brackets."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import BLANKS, TextColumn, to_mask, trimmed
from include.readers.cells.reading import Flaw

ZERO, NINE, PLUS, MINUS = b"09+-"

# Bytes that stand in numbers as programs write them: signs, digits, decimal and thousands signs, exponents.
USUAL = frozenset(b"0123456789.,-eE")
# What is beside a number that is no money; blanks and apostrophes between digits are thousands signs.
BESIDE = r"[^-0-9.,eE'\x{2019}\x{2212}\s\x{a0}\x{2009}\x{202f}]"

LEADING_ZERO = Flaw("leading_zero", "a number with zeros before it, which would be lost: set the type to text")
BESIDE_NUMBER = Flaw(
    "not_only_a_number",
    "a plus, a currency or brackets beside the number, which would be lost: set the type to text, or money: true",
)


def without_lost(column: TextColumn, values: pa.Array, *, money: bool) -> tuple[pa.Array, dict[int, Flaw]]:
    """The values with null for cells that are more than their number, and the flaws of these by zero-based row."""
    zeros = _leading_zeros(column)
    flaws = dict.fromkeys(np.flatnonzero(zeros).tolist(), LEADING_ZERO)
    if not money and not USUAL.issuperset(np.unique(column.bytes).tolist()):
        beside = pc.fill_null(pc.match_substring_regex(column.cells, BESIDE), False)
        flaws = dict.fromkeys(pc.indices_nonzero(beside).to_pylist(), BESIDE_NUMBER) | flaws
    valid = pc.is_valid(values)
    flaws = {row: flaw for row, flaw in flaws.items() if valid[row].as_py()}
    if not flaws:
        return values, {}
    lost = np.zeros(len(values), np.bool_)
    lost[list(flaws)] = True
    return pc.if_else(to_mask(lost), pa.scalar(None, values.type), values), flaws


def _leading_zeros(column: TextColumn) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Cells that begin with a zero before another digit; most columns show by their first bytes that none does."""
    cells = TextColumn(trimmed(column))
    first, second = cells.starts
    signed = (first == MINUS) | (first == PLUS)
    found = (first == ZERO) & (second >= ZERO) & (second <= NINE) & (cells.lengths > 1)
    if signed.any():
        texts = pc.utf8_ltrim(cells.cells, characters=f"-+{BLANKS}")
        deeper = pc.fill_null(pc.match_substring_regex(texts, "^0[0-9]"), False)
        found |= signed & deeper.to_numpy(zero_copy_only=False)
    return np.asarray(found, np.bool_)

"""Numbers that would lose characters that mean something: leading zeros, a plus, a currency, brackets."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import BLANKS, TextColumn, to_mask, trimmed
from include.readers.cells.reading import Flaw

NINE, COMMA, MINUS, BLANK = b"9,- "

# Which bytes do not stand in numbers as programs write them: signs, digits, decimal and thousands signs, exponents.
UNUSUAL = np.ones(256, np.bool_)
UNUSUAL[list(b"0123456789.,-eE")] = False
# What is beside a number that is no money; blanks and apostrophes between digits are thousands signs.
BESIDE = r"[^-0-9.,eE'\x{2019}\x{2212}\s\x{a0}\x{2009}\x{202f}]"

LEADING_ZERO = Flaw("leading_zero", "a number with zeros before it, which would be lost: set the type to text")
BESIDE_NUMBER = Flaw(
    "not_only_a_number",
    "a plus, a currency or brackets beside the number, which would be lost: set the type to text, or money: true",
)


def without_lost(column: TextColumn, values: pa.Array, *, money: bool) -> tuple[pa.Array, dict[int, Flaw]]:
    """The values with null for cells that are more than their number, and the flaws of these by zero-based row."""
    flaws = dict.fromkeys(_leading_zeros(column), LEADING_ZERO)
    if not money and (column.lowest < COMMA or column.highest > NINE) and UNUSUAL[column.bytes].any():
        beside = pc.fill_null(pc.match_substring_regex(column.cells, BESIDE), False)
        flaws = dict.fromkeys(pc.indices_nonzero(beside).to_pylist(), BESIDE_NUMBER) | flaws
    if not flaws:
        return values, {}
    valid = pc.is_valid(values)
    flaws = {row: flaw for row, flaw in flaws.items() if valid[row].as_py()}
    lost = np.zeros(len(values), np.bool_)
    lost[list(flaws)] = True
    return pc.if_else(to_mask(lost), pa.scalar(None, values.type), values), flaws


def _leading_zeros(column: TextColumn) -> list[int]:
    """The rows whose cell begins with a zero before another digit, behind a sign perhaps."""
    clean = column if column.lowest > BLANK else TextColumn(trimmed(column))
    rows: list[int] = clean.rows_of_leading_zero().tolist()
    if column.lowest <= MINUS and (column.holds("-") or column.holds("+")):
        behind = pc.fill_null(pc.match_substring_regex(clean.cells, f"^[-+][{BLANKS}]*0[0-9]"), False)
        rows += pc.indices_nonzero(behind).to_pylist()
    return rows

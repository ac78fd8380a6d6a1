"""What a column's cells are read with, and what is said of a cell that could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from include.contracts import DECIMAL_PRECISION, DECIMAL_SCALE
from include.readers.choices import DateOrder, DecimalForm


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read: decided by the file, the profile, the store.

    `date_order` is None where nothing decided it: dates that begin with their year are read, others are not. `zone`
    is the IANA zone of times without an offset. `null_words` are in lower case. `exact`: a cell whose reading would
    lose characters that mean something (leading zeros, a plus, a currency, brackets) is flawed. The others are the
    column's: see `include.contracts.Column`.
    """

    decimal: DecimalForm = DecimalForm.DOT
    date_order: DateOrder | None = None
    zone: str = "UTC"
    null_words: frozenset[str] = frozenset()
    exact: bool = False
    money: bool = False
    precision: int = DECIMAL_PRECISION
    scale: int = DECIMAL_SCALE
    date_format: str | None = None
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell was not taken: a code that programs compare, a reason that speaks of the value's shape."""

    code: str
    reason: str

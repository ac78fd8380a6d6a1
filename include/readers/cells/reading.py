"""What a column's cells are read with, and what is said of a cell that could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from include.readers.profile import DateOrder, DecimalForm


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read: decided by the file, the profile, the store.

    `date_order` is None where nothing decided it: dates that begin with their year are read, others are not. `zone`
    is the IANA zone of times without an offset. `null_words` are in lower case.
    """

    decimal: DecimalForm = DecimalForm.DOT
    date_order: DateOrder | None = None
    zone: str = "UTC"
    null_words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell was not taken: a code that programs compare, a reason that speaks of the value's shape."""

    code: str
    reason: str

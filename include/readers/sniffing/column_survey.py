"""What one column holds, found out from all its values: the types that fit, blanks, shapes, uniqueness, proofs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column, ColumnType
from include.readers.cells.column import KINDS
from include.readers.cells.inspection import TextColumn, without_blanks, without_nul
from include.readers.cells.reading import Reading
from include.readers.cells.shapes import mask_shape
from include.readers.choices import DateOrder, DecimalForm
from include.readers.sniffing.forms import Evidence, weigh_dates, weigh_numbers
from include.readers.sniffing.proof import Proof

# Cells on which a type is tried before the whole block is.
TRIED_CELLS = 100
# Values of a mixed column that are tried on types that only some of them fit.
SAMPLED_VALUES = 1_000
# Example shapes of a column.
SHAPES = 3

PLAIN_INTEGER = "^(?:0|-?[1-9][0-9]*)$"
LEADING_ZERO = "^[-+]?0[0-9]"
CODE = r"^\S+$"
CLOCK = "[0-9]:[0-9]"
ENCLOSED = '(?s)^".*"$'
BITS = pa.array(["0", "1"])

# A date alone is a date; one of which some have a time is a moment.
MOMENTS = (ColumnType.DATE, ColumnType.TIMESTAMP)

# A type and the form in which the values fit it: how decimals are written, what dates begin with.
Fit = tuple[ColumnType, DecimalForm | DateOrder | None]
NUMBER_FITS: tuple[Fit, ...] = tuple(
    (kind, form) for kind in (ColumnType.INTEGER, ColumnType.DECIMAL) for form in DecimalForm
)
DATE_FITS: tuple[Fit, ...] = tuple(
    (kind, order) for kind in (ColumnType.DATE, ColumnType.TIMESTAMP) for order in DateOrder
)
ALL_FITS: tuple[Fit, ...] = ((ColumnType.BOOLEAN, None), *NUMBER_FITS, *DATE_FITS)


@dataclass(slots=True)
class ColumnSurvey:
    """What one column holds.

    `filled` and `blank` count cells, `longest` and `shortest` are in bytes, `shapes` are examples with 9 for digits and
    a for letters.
    `fits`: types and forms that all cells fit. `plain`: all are whole numbers as programs write them; `code`: none has
    blanks in it or around it; `padded`: some have zeros before them, so none is a number; `clock`: some hold a time.
    `numbers` and `dates` are the evidence for the forms. `proof`, `sure` and `sure_dates` speak of the cells that are
    no word for nothing: what they prove, as what dates they fit, and what says which order dates have. `enclosed`
    counts cells in quotes that guard nothing. `unique`: False once a value stood twice, None where that was not
    followed to the end. `sample` holds the first values.
    """

    header: str
    position: int
    filled: int = 0
    blank: int = 0
    longest: int = 0
    shortest: int = 2**31
    shapes: tuple[str, ...] = ()
    fits: frozenset[Fit] = frozenset(ALL_FITS)
    plain: bool = True
    code: bool = True
    padded: bool = False
    clock: bool = False
    bits: bool = True
    numbers: Evidence = field(default_factory=Evidence)
    dates: Evidence = field(default_factory=Evidence)
    sure: frozenset[Fit] = frozenset(ALL_FITS)
    sure_dates: Evidence = field(default_factory=Evidence)
    enclosed: int = 0
    unique: bool | None = True
    sample: pa.StringArray = field(default_factory=lambda: pa.array([], pa.string()))
    proof: Proof = field(default_factory=Proof)
    _hashes: list[np.ndarray[Any, np.dtype[np.int64]]] = field(default_factory=list)

    @property
    def names_rows(self) -> bool:
        """Whether each row has a value of its own here."""
        return self.unique is True and self.blank == 0 and self.filled > 0

    def learn(self, cells: pa.StringArray) -> None:
        """Takes a block's cells."""
        column = without_blanks(without_nul(TextColumn(cells))[0])
        values = column.cells.drop_null()
        self.blank += len(cells) - len(values)
        if len(values) == 0:
            return
        self.filled += len(values)
        sure = self.proof.learn(values)
        bounds = pc.min_max(pc.binary_length(values))
        self.shortest = min(self.shortest, int(bounds["min"].as_py()))
        self.longest = max(self.longest, int(bounds["max"].as_py()))
        if len(self.sample) == 0:
            self.sample = values.slice(0, SAMPLED_VALUES)
        self.shapes = tuple(dict.fromkeys((*self.shapes, *map(mask_shape, values.slice(0, 50).to_pylist()))))[:SHAPES]
        self._learn_flags(values)
        self.enclosed += int(pc.sum(pc.match_substring_regex(values, ENCLOSED)).as_py() or 0)
        self.fits = frozenset(fit for fit in self.fits if _fits(values, fit))
        self._learn_forms(values)
        self._learn_unique(values)
        self.sure = frozenset(fit for fit in self.sure if fit[0] in MOMENTS and _fits(sure, fit))
        if self.sure:
            self.sure_dates += weigh_dates(sure, Column(self.header, ColumnType.DATE))

    def settle(self) -> None:
        """To be called once all blocks were shown."""
        if self.unique and self._hashes:
            hashes = np.concatenate(self._hashes)
            self.unique = len(np.unique(hashes)) == len(hashes)
        self._hashes.clear()

    @property
    def hashed(self) -> int:
        """Values whose hashes are kept."""
        return sum(map(len, self._hashes))

    def give_up_unique(self) -> None:
        """Leaves open whether the values are unique."""
        self.unique = None if self.unique else self.unique
        self._hashes.clear()

    def _learn_flags(self, values: pa.StringArray) -> None:
        self.plain = self.plain and _all(values, PLAIN_INTEGER)
        clean = KINDS[ColumnType.IDENTIFIER].read(TextColumn(values), Reading())
        self.code = self.code and _all(values, CODE) and clean.equals(values)
        self.padded = self.padded or _any(values, LEADING_ZERO)
        self.clock = self.clock or _any(values, CLOCK)
        self.bits = self.bits and bool(pc.all(pc.is_in(values, value_set=BITS)).as_py())

    def _learn_forms(self, values: pa.StringArray) -> None:
        if self.fits.intersection(NUMBER_FITS):
            self.numbers += weigh_numbers(values, Column(self.header, ColumnType.DECIMAL))
        if self.fits.intersection(DATE_FITS):
            self.dates += weigh_dates(values, Column(self.header, ColumnType.DATE))

    def _learn_unique(self, values: pa.StringArray) -> None:
        if self.unique is not True:
            return
        if pc.count_distinct(values).as_py() < len(values):
            self.unique = False
            self._hashes.clear()
            return
        self._hashes.append(np.fromiter(map(hash, values.to_pylist()), np.int64, len(values)))


def is_iso(column: ColumnSurvey) -> bool:
    """Whether the dates of a column begin with their year, so that no order need be known."""
    return any((kind, DateOrder.ISO) in column.sure for kind in MOMENTS)


def _fits(values: pa.StringArray, fit: Fit) -> bool:
    kind, reading = fit[0], reading_of(fit)
    return all(KINDS[kind].read(TextColumn(cells), reading).null_count == 0 for cells in _tried_first(values))


def reading_of(fit: Fit) -> Reading:
    """How cells are read to see whether they fit."""
    form = fit[1]
    return Reading(
        decimal=form if isinstance(form, DecimalForm) else DecimalForm.DOT,
        date_order=form if isinstance(form, DateOrder) else None,
    )


def _tried_first(values: pa.StringArray) -> Iterator[pa.StringArray]:
    """A few cells, then all: most types fail at the first cells, and failing costs most."""
    if len(values) > TRIED_CELLS:
        yield values.slice(0, TRIED_CELLS)
    yield values


def _all(values: pa.StringArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _any(values: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())

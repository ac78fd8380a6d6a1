"""One column of text -> the contract's type, with a flaw for each cell that is not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column, ColumnType
from include.readers.cells import others
from include.readers.cells.booleans import read_booleans
from include.readers.cells.exactness import without_lost
from include.readers.cells.inspection import BLANKS, TextColumn, without_blanks, without_nul, without_words
from include.readers.cells.moments import DATE, explain_date, explain_timestamp, read_dates, read_timestamps
from include.readers.cells.numerals import (
    DECIMAL,
    INTEGER,
    explain_decimal,
    explain_integer,
    read_decimals,
    read_integers,
)
from include.readers.cells.others import FLOAT, read_floats
from include.readers.cells.reading import Flaw, Reading
from include.readers.cells.shapes import describe_shape
from include.readers.cells.texts import read_identifiers
from include.readers.cells.zones import MOMENT

# Types whose reading may lose characters.
EXACT = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.DOUBLE})


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column's values, null where a cell is blank or flawed, and the flaws by zero-based row."""

    values: pa.Array
    flaws: Mapping[int, Flaw] = field(default_factory=dict)


def _explain_boolean(text: str, _reading: Reading) -> Flaw:
    return Flaw("not_a_boolean", f"neither yes nor no: {describe_shape(text.strip(BLANKS))}")


@dataclass(frozen=True, slots=True)
class _Kind:
    """`read` gives null for cells that it cannot read, `explain` says why; any cell is text, which needs no words."""

    type: pa.DataType
    read: Callable[[TextColumn, Reading], pa.Array]
    explain: Callable[[str, Reading], Flaw] | None = None


KINDS = {
    ColumnType.IDENTIFIER: _Kind(pa.string(), lambda column, _: read_identifiers(column)),
    ColumnType.TEXT: _Kind(pa.string(), lambda column, _: column.cells),
    ColumnType.INTEGER: _Kind(INTEGER, read_integers, explain_integer),
    ColumnType.DECIMAL: _Kind(DECIMAL, read_decimals, explain_decimal),
    ColumnType.BOOLEAN: _Kind(pa.bool_(), read_booleans, _explain_boolean),
    ColumnType.TIMESTAMP: _Kind(MOMENT, read_timestamps, explain_timestamp),
    ColumnType.DATE: _Kind(DATE, read_dates, explain_date),
    ColumnType.DOUBLE: _Kind(FLOAT, read_floats, others.explain("not_a_number", "not a number")),
    ColumnType.JSON: _Kind(pa.string(), others.read_json, others.explain("not_json", "not JSON")),
    ColumnType.UUID: _Kind(pa.string(), others.read_uuids, others.explain("not_a_uuid", "not a UUID")),
    ColumnType.TIME: _Kind(pa.string(), others.read_times, others.explain("not_a_time", "not a time of day")),
    ColumnType.INTERVAL: _Kind(
        pa.string(), others.read_intervals, others.explain("not_an_interval", "not a length of time")
    ),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a column's values."""
    if column.type is ColumnType.DECIMAL:
        return pa.decimal128(column.precision, column.scale)
    return KINDS[column.type].type


def read_column(cells: pa.StringArray, column: Column, reading: Reading) -> TypedColumn:
    """Reads a column's cells and checks them against the contract; a flawed cell becomes null and is named.

    Codes: `nul`, one of the type's own (see the modules beside this one), `missing`, `out_of_range`, `not_allowed`.
    """
    if cells.null_count == len(cells):
        return _checked(pa.nulls(len(cells), arrow_type(column)), {}, column)
    text, nul = without_nul(TextColumn(cells))
    text = without_words(text, reading.null_words)
    if not column.empty_is_value or column.type is not ColumnType.TEXT:
        text = without_blanks(text)
    kind = KINDS[column.type]
    values = kind.read(text, reading)
    flaws = _unreadable(text.cells, values, kind, reading)
    if reading.exact and column.type in EXACT:
        values, lost = without_lost(text, values, money=reading.money)
        flaws |= lost
    if nul is not None:
        flaws |= dict.fromkeys(np.flatnonzero(nul).tolist(), NUL)
    return _checked(values, flaws, column)


NUL = Flaw("nul", "holds a NUL character")
MISSING = Flaw("missing", "blank, expected a value")


def _unreadable(cells: pa.StringArray, values: pa.Array, kind: _Kind, reading: Reading) -> dict[int, Flaw]:
    explain = kind.explain
    if explain is None or values.null_count == cells.null_count:
        return {}
    rows = pc.indices_nonzero(pc.and_(pc.is_null(values), pc.is_valid(cells))).to_pylist()
    texts = cells.take(pa.array(rows)).to_pylist()
    reasons = {text: explain(text, reading) for text in set(texts)}
    return {row: reasons[text] for row, text in zip(rows, texts, strict=True)}


def _checked(values: pa.Array, flaws: dict[int, Flaw], column: Column) -> TypedColumn:
    for holds, flaw in _checks(column, values.type):
        if not pc.all(holds(values)).as_py():
            broken = pc.fill_null(pc.invert(holds(values)), False)
            flaws |= dict.fromkeys(pc.indices_nonzero(broken).to_pylist(), flaw)
            values = pc.if_else(broken, pa.scalar(None, values.type), values)
    if not column.nullable and not column.group and values.null_count > len(flaws):
        rows = pc.indices_nonzero(pc.is_null(values)).to_pylist()
        flaws = dict.fromkeys(rows, MISSING) | flaws
    return TypedColumn(values, flaws)


def _checks(column: Column, kind: pa.DataType) -> Iterator[tuple[Callable[[pa.Array], pa.BooleanArray], Flaw]]:
    """What the column's values must hold, and the flaw of those that do not."""
    if column.minimum is not None:
        low = pa.scalar(column.minimum).cast(kind)
        yield lambda values: pc.greater_equal(values, low), Flaw("out_of_range", f"below {column.minimum}")
    if column.maximum is not None:
        high = pa.scalar(column.maximum).cast(kind)
        yield lambda values: pc.less_equal(values, high), Flaw("out_of_range", f"above {column.maximum}")
    if column.allowed:
        allowed = pa.array(column.allowed).cast(kind)
        wanted = f"expected one of: {', '.join(column.allowed)}"
        yield (
            lambda values: pc.or_(pc.is_in(values, value_set=allowed), pc.is_null(values)),
            Flaw("not_allowed", wanted),
        )

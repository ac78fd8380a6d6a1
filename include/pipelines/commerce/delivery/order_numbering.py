"""Numbers order lines and finds the orders' headers while the file streams by, as long as each order stands together.

What an order's rows tell of each other: `line_no` (the place within the order, over all parts, before rejection),
`order_fault` (the order's first row cannot be its header, so none of its rows is stored) and `earliest` (the earliest
created_at of its rows, known on the header). A row is handed on at once, but for the header of the order that the batch
ends with: its `earliest` is only known when the next order begins. An order that appears again further down begins
anew here; whoever uses the numbers finds that out (an order's number is stored once) and has the server number instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.readers.blocks import Fault
from include.readers.cells.zones import MOMENT
from include.readers.parsing import int64_array

NUMBERS = pa.schema([("line_no", pa.int32()), ("order_fault", pa.bool_()), ("earliest", MOMENT)])

NO_MOMENT = np.iinfo(np.int64).max

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Open:
    """The order that the last batch ended with: its rows so far, its earliest moment, and its header, held back.

    A row that cannot be a header is not held back (`header` is None then).
    """

    order_id: str
    lines: int
    earliest: int
    fault: bool
    header: pa.RecordBatch | None


@dataclass(frozen=True, slots=True)
class Runs:
    """Consecutive rows of one order each: `first` row of each run, and the run of each row."""

    first: Integers
    run: Integers

    @classmethod
    def of(cls, orders: pa.StringArray) -> Runs:
        """The runs of a column without nulls and with at least one row."""
        breaks = np.ones(len(orders), np.bool_)
        breaks[1:] = pc.not_equal(orders.slice(1), orders.slice(0, len(orders) - 1)).to_numpy(zero_copy_only=False)
        return cls(np.flatnonzero(breaks), np.cumsum(breaks) - 1)


@dataclass(slots=True)
class OrderNumbering:
    """Numbers one load's rows; a batch at a time, in the delivery's order."""

    _open: _Open | None = field(default=None)

    def number(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows with their numbers; the last order's header follows with a later call.

        Rows that name no order, which are faulty all of them, have no number.
        """
        orders = rows.column("order_id")
        if orders.null_count:
            yield _unnumbered(rows.filter(pc.is_null(orders)))
            rows = rows.filter(pc.is_valid(orders))
            orders = rows.column("order_id")
        if not rows.num_rows:
            return
        runs = Runs.of(orders)
        moments = _moments(rows)
        earliest = np.minimum.reduceat(moments, runs.first)
        fault = _faults(rows)[runs.first]
        place = np.arange(1, rows.num_rows + 1) - runs.first[runs.run]
        going_on = self._open is not None and orders[0].as_py() == self._open.order_id
        if going_on and self._open:
            place[runs.run == 0] += self._open.lines
            earliest[0] = min(earliest[0], self._open.earliest)
            fault[0] = self._open.fault
        numbered = _numbered(rows, place, fault[runs.run], earliest[runs.run])
        yield from self._hand_on(numbered, runs, earliest, fault, going_on=going_on)

    def _hand_on(
        self, numbered: pa.RecordBatch, runs: Runs, earliest: Integers, fault: Flags, *, going_on: bool
    ) -> Iterator[pa.RecordBatch]:
        last = int(runs.first[-1])
        same = going_on and last == 0
        if self._open and not same:
            # The order before has ended: with this batch's first run, or before it.
            yield from _completed(self._open.header, int(earliest[0]) if going_on else self._open.earliest)
        header = self._open.header if self._open and same else None
        if not same and not fault[-1]:
            header = numbered.slice(last, 1)
        held = not same and header is not None
        lines = numbered.column("line_no")[numbered.num_rows - 1].as_py()
        self._open = _Open(numbered.column("order_id")[last].as_py(), lines, int(earliest[-1]), bool(fault[-1]), header)
        yield numbered.slice(0, last)
        yield numbered.slice(last + 1 if held else last)

    @property
    def held(self) -> int | None:
        """The number of the record that is held back."""
        if self._open is None or self._open.header is None:
            return None
        return int(self._open.header.column("_sequence")[0].as_py())

    def end(self) -> Iterator[pa.RecordBatch]:
        """The header that was held back."""
        if self._open:
            yield from _completed(self._open.header, self._open.earliest)
            self._open = None


def _completed(header: pa.RecordBatch | None, earliest: int) -> Iterator[pa.RecordBatch]:
    if header is not None:
        place = header.schema.get_field_index("earliest")
        yield header.set_column(place, header.schema.field(place), _as_moments(np.array([earliest])))


def _moments(rows: pa.RecordBatch) -> Integers:
    """created_at of each row in microseconds; the end of time where it says none, or says it in a broken row."""
    created = rows.column("created_at")
    stored = np.frombuffer(created.buffers()[1], np.int64)
    moments: Integers = stored[created.offset : created.offset + len(created)].copy()
    moments[_nulls(created)] = NO_MOMENT
    moments[rows.column("_fault").to_numpy() == Fault.GROUP] = NO_MOMENT
    return moments


def _faults(rows: pa.RecordBatch) -> Flags:
    """Which rows could not be the header of an order."""
    broken: Flags = rows.column("_fault").to_numpy() == Fault.GROUP
    return _nulls(rows.column("created_at")) | broken


def _nulls(values: pa.Array) -> Flags:
    nulls: Flags = pc.is_null(values).to_numpy(zero_copy_only=False)
    return nulls


def _unnumbered(rows: pa.RecordBatch) -> pa.RecordBatch:
    count = rows.num_rows
    columns = [*rows.columns, pa.nulls(count, pa.int32()), _flags(np.zeros(count, np.bool_)), pa.nulls(count, MOMENT)]
    return pa.RecordBatch.from_arrays(columns, names=[*rows.schema.names, *NUMBERS.names])


def _numbered(rows: pa.RecordBatch, place: Integers, fault: Flags, earliest: Integers) -> pa.RecordBatch:
    columns = [*rows.columns, int64_array(place).cast(pa.int32()), _flags(fault), _as_moments(earliest)]
    return pa.RecordBatch.from_arrays(columns, names=[*rows.schema.names, *NUMBERS.names])


def _as_moments(values: Integers) -> pa.TimestampArray:
    absent = values == NO_MOMENT
    if not absent.any():
        return int64_array(values).cast(MOMENT)
    mask = pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(pa.int64(), len(values), [mask, pa.py_buffer(values)]).cast(MOMENT)


def _flags(values: Flags) -> pa.BooleanArray:
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])

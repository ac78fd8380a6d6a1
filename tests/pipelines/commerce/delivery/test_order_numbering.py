from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.commerce.delivery.order_numbering import OrderNumbering
from include.readers.blocks import Fault
from include.readers.cells.zones import MOMENT

# Order, minute of creation (None: it says none), fault.
Row = tuple[str | None, int | None, Fault]

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "A", "A", "B", "C", None]),
        st.one_of(st.none(), st.integers(0, 59)),
        st.sampled_from([Fault.NONE, Fault.NONE, Fault.NONE, Fault.ROW, Fault.GROUP]),
    ),
    max_size=30,
)


def moment(minute: int | None) -> dt.datetime | None:
    return None if minute is None else dt.datetime(2025, 3, 3, 10, minute, tzinfo=dt.UTC)


def batch(rows: list[Row], first: int) -> pa.RecordBatch:
    columns = {
        "order_id": pa.array([row[0] for row in rows], pa.string()),
        "created_at": pa.array([moment(row[1]) for row in rows], MOMENT),
        "_sequence": pa.array(range(first, first + len(rows)), pa.int64()),
        "_fault": pa.array([int(row[2]) for row in rows], pa.int8()),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def number(rows: list[Row], sizes: list[int]) -> dict[int, dict[str, Any]]:
    """The numbered rows by their sequence, of a delivery that comes in batches of the given sizes."""
    numbering = OrderNumbering()
    found: list[dict[str, Any]] = []
    start = 0
    for size in [*sizes, len(rows)]:
        part = rows[start : start + size]
        if part:
            for numbered in numbering.number(batch(part, start + 1)):
                found += numbered.to_pylist()
            start += len(part)
    for numbered in numbering.end():
        found += numbered.to_pylist()
    assert sorted(row["_sequence"] for row in found) == list(range(1, len(rows) + 1))
    return {row["_sequence"]: row for row in found}


def expected(rows: list[Row]) -> list[tuple[int | None, bool, dt.datetime | None]]:
    """Line number, order fault and, for a header, the earliest moment: a run of one order after the other."""
    results: list[tuple[int | None, bool, dt.datetime | None]] = []
    named = [row for row in rows if row[0] is not None]
    runs: list[list[Row]] = []
    for row in named:
        if runs and runs[-1][0][0] == row[0]:
            runs[-1].append(row)
        else:
            runs.append([row])
    of_named = []
    for run in runs:
        fault = run[0][2] is Fault.GROUP or run[0][1] is None
        moments = [moment(minute) for _, minute, found in run if found is not Fault.GROUP and minute is not None]
        earliest = min((found for found in moments if found), default=None)
        of_named += [(place, fault, earliest if place == 1 else None) for place in range(1, len(run) + 1)]
    numbers = iter(of_named)
    for row in rows:
        results.append(next(numbers) if row[0] is not None else (None, False, None))
    return results


@given(ROWS, st.lists(st.integers(1, 7), max_size=10))
def test_rows_are_numbered_alike_however_they_are_cut_into_batches(rows: list[Row], sizes: list[int]) -> None:
    numbered = number(rows, sizes)
    for sequence, (place, fault, earliest) in enumerate(expected(rows), start=1):
        row = numbered[sequence]
        assert (row["line_no"], row["order_fault"]) == (place, fault)
        if place == 1 and not fault:
            assert row["earliest"] == earliest


def test_an_order_longer_than_its_batches_is_one_order() -> None:
    rows: list[Row] = [("A", 30, Fault.NONE)] * 10 + [("A", 5, Fault.NONE)] + [("B", 1, Fault.NONE)]
    numbered = number(rows, [3, 3, 3])
    assert [numbered[sequence]["line_no"] for sequence in range(1, 13)] == [*range(1, 12), 1]
    assert numbered[1]["earliest"] == moment(5)

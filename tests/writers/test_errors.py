from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include import errors
from include.errors import LongshoreError, RowError, SetupError, TransientError
from include.writers.errors import repeat_transient, write_isolating

NUMBERS = pa.schema([("number", pa.int64())])


class Store:
    """Takes batches wholly or not at all; refuses some numbers, naming the row or not."""

    def __init__(self, refused: set[int], *, names_the_row: bool) -> None:
        self.refused = refused
        self.names_the_row = names_the_row
        self.rows: list[int] = []
        self.calls = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self.calls += 1
        numbers = batch.column("number").to_pylist()
        guilty = next((position for position, number in enumerate(numbers) if number in self.refused), None)
        if guilty is not None:
            raise RowError("no", row=guilty if self.names_the_row else None)
        self.rows += numbers


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.sets(st.integers(0, 399), max_size=12), st.booleans())
def test_exactly_the_guilty_rows_are_refused_and_the_others_written_once_in_order(
    rows: int, refused: set[int], names_the_row: bool
) -> None:
    store = Store(refused, names_the_row=names_the_row)
    batch = pa.record_batch([list(range(rows))], schema=NUMBERS)
    found = [row.position - 1000 for row in write_isolating(batch, store.write, 1000)]
    assert found == sorted(number for number in refused if number < rows)
    assert store.rows == [number for number in range(rows) if number not in refused]


def test_a_named_row_is_found_without_shrinking() -> None:
    store = Store({50_000}, names_the_row=True)
    write_isolating(pa.record_batch([list(range(65_536))], schema=NUMBERS), store.write, 0)
    assert store.calls == 3


def test_a_store_that_names_no_row_is_asked_in_slices_of_100_50_10_and_1() -> None:
    sizes = []

    def write(batch: pa.RecordBatch) -> None:
        sizes.append(batch.num_rows)
        if 7 in batch.column("number").to_pylist():
            raise RowError("no")

    write_isolating(pa.record_batch([list(range(200))], schema=NUMBERS), write, 0)
    assert sizes[:5] == [200, 100, 50, 10, 1]


def test_a_transient_error_is_tried_again_until_it_passes() -> None:
    outcomes = [TransientError("busy"), TransientError("busy"), None]

    def action() -> str:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return "done"

    assert repeat_transient(action, first_wait_s=0.001) == "done"


@pytest.mark.parametrize("error", [SetupError("no table"), RowError("bad"), ValueError("ours")])
def test_any_other_error_passes_at_once(error: Exception) -> None:
    calls = []

    def action() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        repeat_transient(action, first_wait_s=0.001)
    assert len(calls) == 1


def test_a_transient_error_that_stays_is_raised_in_the_end() -> None:
    calls = []

    def action() -> None:
        calls.append(1)
        raise TransientError("still busy")

    with pytest.raises(TransientError, match="still busy"):
        repeat_transient(action, attempts=3, first_wait_s=0.001)
    assert len(calls) == 3


@pytest.mark.parametrize(
    "error",
    [
        kind("what", "next")
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, LongshoreError)
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_survives_a_trip_to_another_process(error: LongshoreError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), "what next")

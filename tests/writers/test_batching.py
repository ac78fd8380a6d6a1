from __future__ import annotations

import pyarrow as pa
import pytest

from include.writers.batching import batches


def rows(count: int, width: int = 1) -> pa.Table:
    return pa.table({"text": ["x" * width] * count, "number": range(count)})


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 21])
def test_every_row_comes_once_in_order_in_batches_of_bounded_rows(count: int) -> None:
    cut = list(batches(rows(count), max_rows=10))
    assert [number for batch in cut for number in batch.column("number").to_pylist()] == list(range(count))
    assert all(0 < batch.num_rows <= 10 for batch in cut)


def test_wide_rows_make_smaller_batches() -> None:
    cut = list(batches(rows(100, width=1000), max_rows=100, max_bytes=10_000))
    assert max(batch.num_rows for batch in cut) <= 10


def test_a_single_row_wider_than_the_bound_still_comes() -> None:
    assert [batch.num_rows for batch in batches(rows(2, width=1000), max_bytes=10)] == [1, 1]

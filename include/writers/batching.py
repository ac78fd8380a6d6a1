"""Cuts whatever speaks Arrow into batches that a store takes at one go."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from include.writers.base import ArrowStream

# Rows of one batch. Larger ones gain nothing on COPY or UNWIND (measured: 1,000 to 65,536 rows alike) and cost memory.
MAX_ROWS = 65_536
# Bytes of one batch as Arrow holds it, the bound for wide text: a batch is held twice (Arrow and the store's form).
MAX_BYTES = 8 * 1024 * 1024


def batches(data: ArrowStream, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Iterator[pa.RecordBatch]:
    """Yields the data in order as non-empty batches of at most `max_rows` rows and about `max_bytes` bytes.

    Args:
        data: anything with the Arrow C stream interface; it is consumed as a stream.
        max_rows: rows of a batch, at least 1.
        max_bytes: bytes of a batch; a single row may exceed it.
    """
    for batch in pa.RecordBatchReader.from_stream(data):
        if batch.num_rows:
            yield from _slices(batch, max_rows, max_bytes)


def _slices(batch: pa.RecordBatch, max_rows: int, max_bytes: int) -> Iterator[pa.RecordBatch]:
    by_bytes = batch.num_rows * max_bytes // max(batch.get_total_buffer_size(), 1)
    step = max(1, min(max_rows, by_bytes))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)

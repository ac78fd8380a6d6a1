"""The file as typed Arrow batches, for the peers that take Arrow. pyarrow stops at the first bad cell."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv

from benchmarks.peers.work import PeerWork

MONEY = pa.decimal128(18, 4)
TYPES = {
    "order_id": pa.string(),
    "created_at": pa.timestamp("us", tz="UTC"),
    "currency": pa.string(),
    "financial_status": pa.string(),
    "quantity": pa.int64(),
    "unit_price": MONEY,
    "discount": MONEY,
    "variant_id": pa.string(),
    "sku": pa.string(),
    "line_name": pa.string(),
}

# Bytes that pyarrow parses at once. Its default of 1 MiB makes the batches so small that the peers' own costs show.
BLOCK_BYTES = 16 * 1024 * 1024


def read(work: PeerWork) -> pa.RecordBatchReader:
    """A stream of typed batches."""
    return pyarrow.csv.open_csv(
        work.file,
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
        convert_options=pyarrow.csv.ConvertOptions(column_types=TYPES),
    )


def numbered(work: PeerWork) -> Iterator[pa.RecordBatch]:
    """The same with `line_no`, the row's place in the file: the key that a file of order lines does not bring."""
    first = 1
    for batch in read(work):
        numbers = pa.array(range(first, first + len(batch)), pa.int64())
        first += len(batch)
        yield pa.RecordBatch.from_arrays([*batch.columns, numbers], names=[*batch.schema.names, "line_no"])

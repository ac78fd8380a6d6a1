"""pg-bulk-ingest: COPY into a batch table made from SQLAlchemy metadata, then insert or upsert.

One batch, so atomic. Its way in for Arrow (pgarrow) cannot write `numeric` columns: rows it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from pg_bulk_ingest import Upsert, ingest

from benchmarks.peers.others import order_line_tables
from benchmarks.peers.work import SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """Without a key: what is sent again is there twice."""
    metadata = sa.MetaData()
    table = sa.Table(TABLE, metadata, *order_line_tables.columns(), schema=SCHEMA)
    _ingest(work, metadata, ((table, row) for row in _rows(work)), Upsert.OFF)


def upsert(work: PeerWork) -> None:
    """With order and line as the key; `line_no` is the row's place in the file."""
    metadata = sa.MetaData()
    number = sa.Column("line_no", sa.BigInteger, primary_key=True)
    order, *others = order_line_tables.columns()
    order.primary_key = True
    table = sa.Table(TABLE, metadata, order, number, *others, schema=SCHEMA)
    rows = ((table, (row[0], line, *row[1:])) for line, row in enumerate(_rows(work), start=1))
    _ingest(work, metadata, rows, Upsert.IF_PRIMARY_KEY)


def _rows(work: PeerWork) -> Iterator[tuple[Any, ...]]:
    # Its converters print values by str(): cells as the file holds them need none of Python's types.
    return (tuple(line) for line in work.lines())


def _ingest(work: PeerWork, metadata: sa.MetaData, rows: Iterator[Any], upsert: Upsert) -> None:
    def batches(_watermark: object) -> Iterator[tuple[None, None, Iterator[Any]]]:
        yield None, None, rows

    with order_line_tables.engine(work).connect() as connection:
        ingest(connection, metadata, batches, upsert=upsert)

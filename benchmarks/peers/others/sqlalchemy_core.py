"""SQLAlchemy's core: one `insert()` executed with lists of rows (its "insertmanyvalues"), in one transaction."""

from __future__ import annotations

from itertools import islice

import sqlalchemy as sa

from benchmarks.peers.others import order_line_tables
from benchmarks.peers.work import BATCH_ROWS, SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """Lists of bounded length, so that memory does not grow with the file."""
    table = sa.Table(TABLE, sa.MetaData(schema=SCHEMA), *order_line_tables.columns())
    rows = order_line_tables.mappings(work)
    with order_line_tables.engine(work).begin() as connection:
        while batch := list(islice(rows, BATCH_ROWS)):
            connection.execute(sa.insert(table), batch)

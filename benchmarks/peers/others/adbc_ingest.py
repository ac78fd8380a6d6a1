"""ADBC's bulk ingestion: Arrow batches as binary COPY, streamed."""

from __future__ import annotations

import adbc_driver_postgresql.dbapi

from benchmarks.peers.others import arrow_lines
from benchmarks.peers.work import SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """One COPY in one transaction."""
    with adbc_driver_postgresql.dbapi.connect(work.url) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest(TABLE, arrow_lines.read(work), db_schema_name=SCHEMA, mode="append")
        connection.commit()

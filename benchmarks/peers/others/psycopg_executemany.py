"""psycopg 3's `executemany`, which pipelines its statements, in one transaction."""

from __future__ import annotations

import psycopg

from benchmarks.peers.work import COLUMNS, SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """The cells go as text: the server types them, and Python converts nothing."""
    marks = ", ".join(["%s"] * len(COLUMNS))
    statement = f"INSERT INTO {SCHEMA}.{TABLE} VALUES ({marks})"
    with psycopg.connect(work.url) as connection, connection.cursor() as cursor:
        cursor.executemany(statement.encode(), work.lines())

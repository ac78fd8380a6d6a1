"""Airflow's own way: `PostgresHook.insert_rows`, with `fast_executemany`, which its documentation recommends."""

from __future__ import annotations

import logging

from airflow.models.connection import Connection
from airflow.providers.postgres.hooks.postgres import PostgresHook

from benchmarks.peers.work import BATCH_ROWS, COLUMNS, SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """A transaction for each chunk: the hook commits after every `commit_every` rows."""
    logging.disable(logging.INFO)  # a line for each chunk
    hook = PostgresHook(connection=Connection(conn_id="peers", uri=work.url))
    hook.insert_rows(
        f"{SCHEMA}.{TABLE}",
        work.lines(),
        target_fields=list(COLUMNS),
        commit_every=BATCH_ROWS,
        fast_executemany=True,
    )

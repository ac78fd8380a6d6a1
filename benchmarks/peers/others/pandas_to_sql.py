"""pandas' `DataFrame.to_sql`, as it is and with the COPY callable of its documentation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import pandas as pd
import sqlalchemy

from benchmarks.peers.work import BATCH_ROWS, SCHEMA, TABLE, PeerWork

TEXT = dict.fromkeys(("order_id", "currency", "financial_status", "variant_id", "sku", "line_name"), str)


def append(work: PeerWork) -> None:
    """One statement with a parameter for each cell is slower still (`method="multi"`): left at the default."""
    _write(work, None)


def append_by_copy(work: PeerWork) -> None:
    """Each chunk is written as CSV in memory and copied."""
    _write(work, _copy)


def _write(work: PeerWork, method: Any) -> None:
    frame = pd.read_csv(work.file, nrows=work.rows, dtype=TEXT, parse_dates=["created_at"])
    engine = _engine(work.url)
    with engine.begin() as connection:
        frame.to_sql(
            TABLE, connection, schema=SCHEMA, if_exists="append", index=False, chunksize=BATCH_ROWS, method=method
        )


def _engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1))


def _copy(table: Any, connection: Any, keys: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    names = ", ".join(f'"{key}"' for key in keys)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table.schema}.{table.name} ({names}) FROM STDIN WITH CSV", buffer)

"""What some runs did, load by load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.postgres.errors import translated

LOADS = """
SELECT loads.store, loads.day, loads.dataset, loads.status, loads.rows_read, loads.inserted, loads.updated,
    loads.unchanged, loads.deleted, loads.rejected, loads.ms, loads.message, loads.load_id
FROM ledger.loads AS loads
JOIN ledger.runs AS runs USING (run_id)
WHERE runs.source = %s AND runs.source_run_id = ANY(%s)
ORDER BY loads.day, loads.store, array_position(ARRAY['catalog', 'inventory', 'orders', 'order_lines', 'variants'],
    loads.dataset), loads.load_id
"""


def loads_of(connection: Connection[TupleRow], source: str, source_run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The loads of some runs by day, store and dataset; times in milliseconds.

    Args:
        connection: to a database with a ledger.
        source: "airflow" or "cli".
        source_run_ids: the runs' ids there.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(LOADS, [source, list(source_run_ids)]).fetchall()

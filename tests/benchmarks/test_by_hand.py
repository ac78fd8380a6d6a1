"""The hand-written SQL is a fair reference only if it leaves the rows that the loader leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from benchmarks import through
from benchmarks.inputs import by_hand, order_lines
from benchmarks.inputs.deliveries import KINDS, Work, deliver

ROWS = 300
LINES = {"orders": ("orders", "order_lines"), "catalog": ("catalog",)}


@pytest.fixture(params=sorted(KINDS))
def work(request: pytest.FixtureRequest, migrated_database: str, tmp_path: Path) -> Work:
    """A delivery of each kind, loaded by the loader."""
    delivered = Work(migrated_database, str(tmp_path), request.param)
    delivered.kind.write(delivered.original, ROWS)
    deliver(delivered)
    through.load(delivered.url, delivered.folder, delivered.kind.dataset)
    by_hand.make_schema(delivered.url)
    return delivered


def test_by_hand_into_empty_tables_gives_the_loaders_rows_and_keys(work: Work, connection: Connection[Any]) -> None:
    by_hand.fill_empty(work.url, work.file, work.kind.hand, work.upload_id)
    for table in LINES[work.kind.dataset]:
        assert rows(connection, "hand", table) == rows(connection, "commerce", table)
        assert keys(connection, "hand", table) == keys(connection, "commerce", table)


def test_by_hand_beside_other_rows_gives_the_loaders_rows(work: Work, connection: Connection[Any]) -> None:
    by_hand.make_tables(connection)
    by_hand.insert_beside(work.url, work.file, work.kind.hand, work.upload_id)
    for table in LINES[work.kind.dataset]:
        assert rows(connection, "hand", table) == rows(connection, "commerce", table)


def test_the_merge_by_hand_gives_the_loaders_rows(
    migrated_database: str, tmp_path: Path, connection: Connection[Any]
) -> None:
    work = Work(migrated_database, str(tmp_path))
    order_lines.write(work.original, ROWS)
    deliver(work)
    by_hand.make_schema(work.url)
    by_hand.fill_empty(work.url, work.file, work.kind.hand, work.upload_id)
    through.load(work.url, work.folder)
    work.file.unlink()
    order_lines.write_redelivery(work.file, ROWS)
    by_hand.merge(work.url, work.file, work.kind.hand, work.upload_id)
    through.load(work.url, work.folder)
    for table in LINES["orders"]:
        assert rows(connection, "hand", table) == rows(connection, "commerce", table)


def rows(connection: Connection[Any], schema: str, table: str) -> list[Any]:
    """The table's rows, less where in the file they stood."""
    query = f"SELECT to_jsonb(t) - ARRAY['source_part', 'source_line'] AS row FROM {schema}.{table} AS t ORDER BY row"
    found = connection.execute(query.encode()).fetchall()
    assert found
    return found


def keys(connection: Connection[Any], schema: str, table: str) -> set[str]:
    query = "SELECT substring(indexdef FROM 'USING .*') FROM pg_indexes WHERE schemaname = %s AND tablename = %s"
    return {definition for (definition,) in connection.execute(query, [schema, table]).fetchall()}

"""The history of the schema with data in place: at every version rows go in, and no step forward or back loses them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from include.migrations import MIGRATIONS, migrate
from include.pipelines.commerce.delivery.upload_id import NAMESPACE, upload_id
from include.pipelines.commerce.records import TABLES
from include.postgres.session import connect

# Rows of every table as JSON, by its name.
Content = dict[str, list[dict[str, Any]]]

VERSIONS = range(1, len(MIGRATIONS) + 1)
NEWEST = VERSIONS[-1]

COLUMNS = """
SELECT columns.table_schema, columns.table_name, columns.column_name, columns.data_type
FROM information_schema.columns AS columns
JOIN information_schema.tables AS tables USING (table_schema, table_name)
WHERE columns.table_schema IN ('ledger', 'commerce') AND tables.table_type = 'BASE TABLE'
    AND columns.table_name <> 'migrations' AND columns.identity_generation IS DISTINCT FROM 'ALWAYS'
    AND to_regclass(format('%I.%I', columns.table_schema, columns.table_name)) NOT IN (SELECT inhrelid FROM pg_inherits)
ORDER BY 1, 2, columns.ordinal_position
"""

# A value for each type. 1 is also the first number of every identity, so that references find their row.
VALUES = {
    "text": "a text",
    "uuid": "the upload",
    "date": "2025-03-03",
    "timestamp with time zone": "2025-03-03 10:00:00.123456+00",
    "jsonb": '{"kept": [1, "two"]}',
    "boolean": True,
    "integer": 1,
    "bigint": 1,
    "numeric": "12345678901234567890.123456789",
    "double precision": 1.5,
}

# The id of the store "a text" and the day 2025-03-03, before ids began with the day and since then.
FORMER_ID, ID = str(uuid.uuid5(NAMESPACE, "a text/2025-03-03")), upload_id("a text", dt.date(2025, 3, 3))
PARTITIONED = "SELECT to_regprocedure('commerce.add_partition(text, date)') IS NOT NULL"

# What a CHECK wants; a new one that refuses the values above gets its line here.
CHECKED = {
    "ledger.loads.status": "held",
    "commerce.coverage.dataset": "catalog",
    "ledger.events.kind": "upload forgotten",
    "ledger.replays.tried": 2,  # the sum of the two beside it
    "ledger.rejects.replay_id": None,  # a reject that came back is one no longer, for an older version
}


@pytest.fixture
def connection(database: str) -> Iterator[Connection[tuple[Any, ...]]]:
    with connect(database) as opened:
        yield opened


def fill(connection: Connection[tuple[Any, ...]]) -> None:
    """Puts a row into each table of the present version, parents before children, every column set."""
    [(partitioned,)] = connection.execute(PARTITIONED).fetchall()
    if partitioned:
        for table in filter(lambda table: table.partitioned, TABLES):
            connection.execute("SELECT commerce.add_partition(%s, '2025-03-01')", [table.name])
    waiting: dict[tuple[str, str], dict[str, object]] = {}
    for schema, table, column, kind in connection.execute(COLUMNS).fetchall():
        value = CHECKED.get(f"{schema}.{table}.{column}", VALUES[kind])
        if value == "the upload":
            value = ID if partitioned else FORMER_ID
        waiting.setdefault((schema, table), {})[column] = value
    while waiting:
        filled = [table for table, row in waiting.items() if _insert(connection, table, row)]
        assert filled, f"nothing to put into {sorted(waiting)}: a reference or a CHECK wants a value of its own"
        for table in filled:
            del waiting[table]


def _insert(connection: Connection[tuple[Any, ...]], table: tuple[str, str], row: dict[str, object]) -> bool:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(*table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Literal, row.values())),
    )
    try:
        connection.execute(statement)
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


def content(connection: Connection[tuple[Any, ...]]) -> Content:
    """All rows of all tables, the upload under one name at every version."""
    tables = dict.fromkeys(row[:2] for row in connection.execute(COLUMNS).fetchall())
    return {
        ".".join(table): [
            {name: "the upload" if value in (FORMER_ID, ID) else value for name, value in row[0].items()}
            for row in connection.execute(sql.SQL("SELECT to_jsonb(t) FROM {} AS t").format(sql.Identifier(*table)))
        ]
        for table in tables
    }


def assert_kept(before: Content, after: Content) -> None:
    """Whatever tables and columns both versions have hold the same rows."""
    for table in before.keys() & after.keys():
        assert len(after[table]) == len(before[table]), table
        for old, new in zip(before[table], after[table], strict=True):
            common = old.keys() & new.keys()
            assert {name: new[name] for name in common} == {name: old[name] for name in common}, table


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_every_version_are_kept_on_the_way_forward_and_back(connection: Connection[Any], version: int) -> None:
    migrate(connection, version)
    fill(connection)
    before = content(connection)
    assert all(before.values())
    for target in (NEWEST, version, NEWEST):
        migrate(connection, target)
        assert before.keys() <= content(connection).keys()
        assert_kept(before, content(connection))


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_the_newest_version_are_kept_as_far_as_an_older_one_can_hold_them(
    connection: Connection[Any], version: int
) -> None:
    migrate(connection)
    fill(connection)
    newest = content(connection)
    migrate(connection, version)
    older = content(connection)
    assert_kept(newest, older)
    migrate(connection)
    assert_kept(older, content(connection))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_single_step_keeps_the_rows(connection: Connection[Any], version: int) -> None:
    migrate(connection, version)
    fill(connection)
    before = content(connection)
    for target in (version + 1, version) if version < NEWEST else (version - 1,):
        migrate(connection, target)
        assert_kept(before, content(connection))


def test_what_was_forgotten_is_not_there_for_an_older_version_and_forgotten_again_for_this_one(
    connection: Connection[Any],
) -> None:
    migrate(connection)
    fill(connection)
    connection.execute("UPDATE ledger.loads SET status = 'forgotten', message = 'why'")
    loads = "SELECT status, message FROM ledger.loads"
    migrate(connection, 2)
    assert connection.execute(loads).fetchall() == [("skipped", "forgotten: why")]
    migrate(connection)
    assert connection.execute(loads).fetchall() == [("forgotten", "why")]

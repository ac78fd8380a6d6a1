from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection

from include.errors import SetupError
from include.migrations import MIGRATIONS, migrate, steps
from include.migrations.steps import ConcurrentIndex, Migration
from include.pipelines.commerce.records import TABLES
from include.postgres.session import connect

INDEXED = Migration(
    number=len(MIGRATIONS) + 1,
    name="indexed",
    forward=("CREATE TABLE commerce.indexed (number integer)",),
    back=("DROP TABLE commerce.indexed",),
    concurrent=(
        ConcurrentIndex(
            "commerce", "indexed_number", "CREATE UNIQUE INDEX CONCURRENTLY indexed_number ON commerce.indexed (number)"
        ),
    ),
)


@pytest.fixture
def connection(database: str) -> Iterator[Connection[tuple[object, ...]]]:
    with connect(database) as opened:
        yield opened


def test_an_empty_database_is_brought_to_the_newest_schema_and_then_left_alone(connection: Connection) -> None:
    assert migrate(connection) == [f"{step.number:04} {step.name}" for step in MIGRATIONS]
    assert migrate(connection) == []


@pytest.mark.parametrize("number", range(len(MIGRATIONS)))
def test_the_way_back_to_every_version_and_forward_again_is_open(connection: Connection, number: int) -> None:
    migrate(connection)
    migrate(connection, number)
    assert steps.applied(connection) == number
    migrate(connection)
    assert steps.applied(connection) == len(MIGRATIONS)


def test_uploads_outlive_the_way_back_and_forward_without_the_place_they_were_opened_from(
    connection: Connection,
) -> None:
    migrate(connection)
    connection.execute(
        "INSERT INTO commerce.uploads (upload_id, store, day, url)"
        " VALUES ('5f0f2a0e-6f1c-5b57-9f51-6d3c1d7f6a10', 'harbour', '2025-03-03', '/landing/harbour/2025-03-03')"
    )
    for version in (2, None):
        migrate(connection, version)
        assert connection.execute("SELECT store, day::text FROM commerce.uploads").fetchall() == [
            ("harbour", "2025-03-03")
        ]
    assert connection.execute("SELECT url FROM commerce.uploads").fetchone() == (None,)


def test_the_way_back_leaves_nothing_of_ours(connection: Connection) -> None:
    migrate(connection)
    migrate(connection, 0)
    schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname IN ('ledger', 'commerce')").fetchall()
    assert schemas == []


def test_a_step_that_fails_leaves_the_version_before_it(connection: Connection) -> None:
    migrate(connection)
    broken = Migration(INDEXED.number, "broken", (*INDEXED.forward, "SELECT no_such_column"), ())
    with pytest.raises(psycopg.errors.UndefinedColumn):
        steps.run(connection, (*MIGRATIONS, broken))
    assert steps.applied(connection) == len(MIGRATIONS)
    assert connection.execute("SELECT to_regclass('commerce.indexed')").fetchone() == (None,)


def test_an_index_that_a_crash_left_invalid_is_built_again(connection: Connection) -> None:
    migrate(connection)
    migrations = (*MIGRATIONS, INDEXED)
    connection.execute("CREATE TABLE commerce.indexed AS SELECT 1 AS number UNION ALL SELECT 1")
    connection.execute("INSERT INTO ledger.migrations VALUES (%s, 'indexed')", [INDEXED.number])
    with pytest.raises(psycopg.errors.UniqueViolation):
        steps.run(connection, migrations)
    connection.execute("DELETE FROM commerce.indexed")
    assert steps.run(connection, migrations) == ["index commerce.indexed_number"]
    assert steps.run(connection, migrations) == []


def test_a_database_of_a_newer_version_is_refused(connection: Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO ledger.migrations VALUES (9999, 'from the future')")
    with pytest.raises(SetupError, match="9999"):
        migrate(connection)


def test_a_connection_within_a_transaction_is_refused(database: str) -> None:
    with connect(database, autocommit=False) as opened, pytest.raises(SetupError, match="autocommit"):
        migrate(opened)


def test_two_processes_that_migrate_at_once_do_it_once(database: str) -> None:
    done: list[str] = []

    def work() -> None:
        with connect(database) as opened:
            done.extend(migrate(opened))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [f"{step.number:04} {step.name}" for step in MIGRATIONS]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_migrated_table_is_what_the_contract_says(connection: Connection, table: object) -> None:
    migrate(connection)
    columns = connection.execute(
        """
        SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull,
            coalesce((SELECT collname = 'C' FROM pg_collation WHERE oid = attcollation), false)
        FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """,
        [f"{table.schema}.{table.name}"],
    ).fetchall()
    wanted = [
        (column.name, {"timestamptz": "timestamp with time zone"}.get(column.type, column.type), column.nullable)
        for column in table.columns
    ]
    assert [row[:3] for row in columns] == wanted
    assert [row[0] for row in columns if row[3]] == [column.name for column in table.columns if column.collate_c]
    key = connection.execute(
        "SELECT array_agg(attname ORDER BY place) FROM pg_index, unnest(indkey) WITH ORDINALITY AS k (number, place)"
        " JOIN pg_attribute ON attnum = k.number"
        " WHERE attrelid = indrelid AND indrelid = %s::regclass AND indisprimary",
        [f"{table.schema}.{table.name}"],
    ).fetchone()
    assert tuple(key[0]) == table.key


def test_the_way_back_from_replays_keeps_loads_and_open_rejects(connection: Connection) -> None:
    migrate(connection)
    connection.execute(
        """
        WITH run AS (
            INSERT INTO ledger.runs (pipeline, source, source_run_id) VALUES ('p', 'cli', '1') RETURNING run_id
        ), load AS (
            INSERT INTO ledger.loads (run_id, upload_id, store, day, dataset, status, digest, fingerprint, rows_read,
                inserted, updated, unchanged, deleted, duplicates, rejected, folded, ms, phases, files, facts, message)
            SELECT run_id, gen_random_uuid(), 's', '2025-03-03', 'catalog', 'loaded', '', '', 2, 1, 0, 0, 0, 0, 1, 0,
                1, '{}', '[]', '{}', '' FROM run RETURNING load_id
        ), replay AS (
            INSERT INTO ledger.replays (load_id, replayed_by, source, profile, tried, passed, failed, counts)
            SELECT load_id, 'x', 'recorded', '', 1, 1, 0, '{}' FROM load RETURNING replay_id
        )
        INSERT INTO ledger.rejects (load_id, sequence, file, line, record, code, reason, raw, replay_id)
        SELECT load_id, n, 'f', n, n, 'c', 'r', 'text', CASE WHEN n = 1 THEN replay_id END
        FROM load, replay, generate_series(1, 2) AS n
        """
    )
    migrate(connection, 2)
    kept = "SELECT sequence, raw, (SELECT rejected FROM ledger.loads) FROM ledger.rejects"
    assert connection.execute(kept).fetchall() == [(2, "text", 1)]
    migrate(connection)
    assert connection.execute(kept).fetchall() == [(2, "text", 1)]

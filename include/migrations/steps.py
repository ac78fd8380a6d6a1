"""What a migration is, and the one module that runs them.

All steps of one call run in one transaction together with their rows in `ledger.migrations`, so they are applied wholly
or not at all. Indexes that must be built CONCURRENTLY run after that, one statement at a time outside a transaction;
one that a crash left invalid is dropped and built again, so calling `migrate` again resumes. Nothing is written where
the database is up to date.

CockroachDB changes schemas by jobs that a transaction of several steps cannot wait for: there each statement stands
alone, and nothing keeps two processes apart. What is broken off in the middle of a step has to be mended by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from psycopg import Connection, errors, sql
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.postgres.dialect import dialect_of

# Key of the advisory lock, so that two processes never migrate one database at once. Any constant serves.
LOCK_KEY = 0x10A65403E

# CockroachDB compares texts by bytes, which this asks of PostgreSQL, and takes no column that says so.
BY_BYTES = ' COLLATE "C"'


@dataclass(frozen=True, slots=True)
class ConcurrentIndex:
    """An index built without blocking writers: its schema and name, and the statement that creates it."""

    schema: str
    name: str
    statement: str


Step = str | Callable[[Connection[TupleRow]], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema's history; `back` undoes `forward` with the data that `forward` did not make kept.

    Both are statements, or functions of the connection where a statement cannot say it. `postgres_only`: CockroachDB
    has no use for it, and counts it as done.
    """

    number: int
    name: str
    forward: tuple[Step, ...]
    back: tuple[Step, ...]
    concurrent: tuple[ConcurrentIndex, ...] = ()
    postgres_only: bool = False


def applied(connection: Connection[TupleRow]) -> int:
    """Number of the newest applied migration; 0 for an empty database. Reads only."""
    alone = connection.autocommit and connection.info.transaction_status is TransactionStatus.IDLE
    try:
        with nullcontext() if alone else connection.transaction():  # the error must not end a transaction around it
            row = connection.execute("SELECT coalesce(max(number), 0) FROM ledger.migrations").fetchone()
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return 0
    return int(row[0]) if row else 0


def run(connection: Connection[TupleRow], migrations: tuple[Migration, ...], target: int | None = None) -> list[str]:
    """Brings the database to `target` (the newest by default), forward or back.

    Args:
        connection: an autocommit connection of a role that may create schemas.
        migrations: all migrations in order.
        target: number to stop at; 0 takes everything away.

    Returns:
        The names of what was applied or undone, in order; empty where nothing had to be done.

    Raises:
        SetupError: the database is newer than this version of Longshore or holds no UTF-8, or the connection is not in
            autocommit mode.
    """
    if not connection.autocommit:
        raise SetupError("Migrations need a connection in autocommit mode.", "Open it with autocommit=True.")
    check_encoding(connection)
    goal = migrations[-1].number if target is None else target
    current = applied(connection)
    if current > migrations[-1].number:
        raise SetupError(
            f"The database is at migration {current}, this version of Longshore knows {migrations[-1].number}.",
            "Update Longshore, or take the database back with the newer version.",
        )
    if current == goal and not _concurrent(migrations, goal):
        return []
    if dialect_of(connection) == "cockroachdb":
        return _run(connection, tuple(map(_for_cockroach, migrations)), goal)
    done = [] if current == goal else _run_locked(connection, migrations, goal)
    if _unfinished(connection, migrations, goal):
        done += _build_locked(connection, migrations, goal)
    return done


def check_encoding(connection: Connection[TupleRow]) -> None:
    """Refuses a database that cannot hold every text, or does not know how its texts are encoded. Costs no round trip.

    Raises:
        SetupError: the database's encoding is another than UTF-8, LATIN1 or SQL_ASCII for example.
    """
    encoding = connection.info.parameter_status("server_encoding")  # the server says it as a connection is opened
    if encoding not in {"UTF8", None}:
        raise SetupError(
            f"The database {connection.info.dbname} has the encoding {encoding}; files hold texts of any language.",
            "Name one made with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
        )


def _run_locked(connection: Connection[TupleRow], migrations: tuple[Migration, ...], goal: int) -> list[str]:
    """All steps under a lock that ends with their transaction, the only kind that holds behind a pooler."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
        return _run(connection, migrations, goal)


def _run(connection: Connection[TupleRow], migrations: tuple[Migration, ...], goal: int) -> list[str]:
    done = []
    current = applied(connection)
    for migration in migrations:
        if current < migration.number <= goal:
            _forward(connection, migration)
            done.append(f"{migration.number:04} {migration.name}")
    for migration in reversed(migrations):
        if goal < migration.number <= current:
            _back(connection, migration)
            done.append(f"{migration.number:04} {migration.name} undone")
    return done


def _for_cockroach(migration: Migration) -> Migration:
    if migration.postgres_only:
        return replace(migration, forward=(), back=())
    forward, back = (
        tuple(step.replace(BY_BYTES, "") if isinstance(step, str) else step for step in steps)
        for steps in (migration.forward, migration.back)
    )
    return replace(migration, forward=forward, back=back)


def _build_locked(connection: Connection[TupleRow], migrations: tuple[Migration, ...], goal: int) -> list[str]:
    """Builds what no transaction may; the session's lock wants a connection to the server itself, not to a pooler."""
    done = []
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        for index in _unfinished(connection, migrations, goal):
            _build(connection, index)
            done.append(f"index {index.schema}.{index.name}")
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
    return done


def _forward(connection: Connection[TupleRow], migration: Migration) -> None:
    for step in migration.forward:
        _take(connection, step)
    connection.execute(
        "INSERT INTO ledger.migrations (number, name) VALUES (%s, %s)", [migration.number, migration.name]
    )


def _back(connection: Connection[TupleRow], migration: Migration) -> None:
    connection.execute("DELETE FROM ledger.migrations WHERE number = %s", [migration.number])
    for step in migration.back:
        _take(connection, step)


def _take(connection: Connection[TupleRow], step: Step) -> None:
    if callable(step):
        step(connection)
    else:
        connection.execute(step.encode())


def _concurrent(migrations: tuple[Migration, ...], goal: int) -> list[ConcurrentIndex]:
    return [index for migration in migrations if migration.number <= goal for index in migration.concurrent]


def _unfinished(
    connection: Connection[TupleRow], migrations: tuple[Migration, ...], goal: int
) -> list[ConcurrentIndex]:
    wanted = _concurrent(migrations, goal)
    if not wanted:
        return []
    valid = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisvalid AND c.relname = ANY(%s)",
        [[index.name for index in wanted]],
    ).fetchall()
    return [index for index in wanted if (index.schema, index.name) not in valid]


def _build(connection: Connection[TupleRow], index: ConcurrentIndex) -> None:
    broken = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(index.schema, index.name))
    connection.execute(broken)
    connection.execute(index.statement.encode())

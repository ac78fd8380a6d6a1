"""Connections to PostgreSQL as the loader wants them: what is set for a load, and why, in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from include.postgres.dialect import dialect_of
from include.postgres.errors import translated

# What libpq opens every connection with, where the connection's own URL does not say otherwise. In seconds: 10 to wait
# for a server that does not answer (one that refuses says so at once); a peer that fell silent is asked after 30, then
# every 10, and given up after 3 questions. In milliseconds: what was sent and is not acknowledged for 60,000 ends the
# connection. A load that waits for a server that is gone would otherwise wait for the kernel's two hours.
OPENED_WITH: dict[str, str | int] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

# Rows are sent as UTF-8, whatever PGCLIENTENCODING, the role or the database prefer: read as Latin-1, `Bök` would be
# stored as `BÃ¶k`.
CLIENT_ENCODING = "UTF8"

# Executions after which psycopg prepares a statement under a name: never. Behind a pooler in transaction mode the name
# would belong to a connection that the next transaction does not get; a load repeats no statement often enough to gain.
PREPARE_THRESHOLD = None


@dataclass(frozen=True, slots=True)
class LoadSession:
    """Settings of one load's transaction.

    `statement_timeout_ms` comes from the task's execution timeout, 0 is none. `lock_timeout_ms` bounds the wait for
    another load of the same upload. `work_mem_mb` is for the sorts of the merge: a million order lines sort in memory
    with it, and four such loads still fit a server of 2 GiB.
    """

    application_name: str = "longshore"
    statement_timeout_ms: int = 0
    lock_timeout_ms: int = 60_000
    idle_timeout_ms: int = 600_000
    work_mem_mb: int = 128

    def settings(self) -> dict[str, str]:
        """Name and value of every setting, for SET LOCAL (the only kind that is safe behind PgBouncer)."""
        return {
            "application_name": self.application_name[:63],
            "statement_timeout": str(self.statement_timeout_ms),
            "lock_timeout": str(self.lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(self.idle_timeout_ms),
            "work_mem": f"{self.work_mem_mb}MB",
            "TimeZone": "UTC",
            "DateStyle": "ISO",
            "client_encoding": CLIENT_ENCODING,
        }


def connect(url: str, *, autocommit: bool = True) -> Connection[TupleRow]:
    """Opens a connection to the database at a libpq URL; it speaks UTF-8, and notices a peer that fell silent.

    Raises:
        TransientError: the server cannot be reached or has no connection left.
        SetupError: the server refuses user, password or database.
    """
    with translated():
        words: dict[str, Any] = {**OPENED_WITH, **conninfo_to_dict(url), "client_encoding": CLIENT_ENCODING}
        return psycopg.connect(autocommit=autocommit, prepare_threshold=PREPARE_THRESHOLD, **words)


def begin(connection: Connection[TupleRow], session: LoadSession) -> None:
    """Sets what a load wants for the current transaction, in one round trip."""
    names, values = zip(*session.settings().items(), strict=True)
    connection.execute(
        "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)",
        [list(names), list(values)],
    )


@contextmanager
def snapshot(connection: Connection[TupleRow], session: LoadSession) -> Iterator[None]:
    """A transaction that sees one state of all tables and takes no lock that anybody waits for."""
    with translated(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        begin(connection, session)
        yield


def lock(connection: Connection[TupleRow], name: str) -> None:
    """Waits until no other transaction holds the lock of that name, and holds it to the end of this one.

    Not on CockroachDB, whose advisory locks do nothing or are not there: its transactions are serializable instead.
    """
    if dialect_of(connection) != "cockroachdb":
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(name)])


def lock_key(name: str) -> int:
    """The number that PostgreSQL knows a lock by."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)

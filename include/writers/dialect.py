"""Which writer a server of PostgreSQL's protocol gets: the one place that asks it what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.settings import Dialect, settings
from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.cockroach_copy import CockroachCopyWriter
from include.writers.postgres_copy import PostgresCopyWriter
from include.writers.postgres_errors import translated
from include.writers.postgres_merge import Target
from include.writers.postgres_session import LoadSession

Result = TypeVar("Result")

# How the answers to `SELECT version()` begin: "PostgreSQL 18.0 on ...", "CockroachDB CCL v25.2.1 (...)".
COCKROACH = "CockroachDB"


class LoadWriter(Protocol):
    """What a load asks of its writer, whichever server it writes to."""

    @property
    def connection(self) -> Connection[TupleRow]: ...

    @property
    def written(self) -> int: ...

    @property
    def refused(self) -> tuple[RefusedRow, ...]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, data: ArrowStream) -> None: ...

    def prepare(self) -> None: ...

    def finish(self) -> tuple[WriteCounts, ...]: ...

    def restate_provenance(self) -> None: ...

    def discard(self) -> None: ...


def dialect_named(version: str) -> Dialect:
    """The dialect of the server that answers so to `SELECT version()`; whatever is not CockroachDB is PostgreSQL."""
    return "cockroachdb" if version.startswith(COCKROACH) else "postgresql"


def dialect_of(connection: Connection[TupleRow]) -> Dialect:
    """The dialect to speak on the connection: what LONGSHORE_DIALECT says, else what the server is.

    Raises:
        TransientError: the connection is lost.
    """
    wanted = settings().dialect
    if wanted != "auto":
        return wanted
    with translated():
        row = connection.execute("SELECT version()").fetchone()
    return dialect_named(str(row[0]) if row else "")


def open_writer(
    connect: Callable[[], Connection[TupleRow]],
    connection: Connection[TupleRow],
    schema: pa.Schema,
    targets: Sequence[Target],
    *,
    preparation: Sequence[str] = (),
    session: LoadSession | None = None,
    lock: str | None = None,
    stopwatch: Stopwatch | None = None,
) -> LoadWriter:
    """The writer for the server at the other end; the arguments are those of `PostgresCopyWriter`.

    `connect` opens another connection to the same database, where the first one is lost and the load goes on.
    """
    if dialect_of(connection) == "cockroachdb":
        return CockroachCopyWriter(
            connection,
            schema,
            targets,
            preparation=preparation,
            session=session,
            stopwatch=stopwatch,
            reconnect=connect,
        )
    return PostgresCopyWriter(
        connection, schema, targets, preparation=preparation, session=session, lock=lock, stopwatch=stopwatch
    )


def settle(writer: LoadWriter, action: Callable[[], Result]) -> Result:
    """Does what ends a load (`finish` and all that is recorded with it), again as a whole where the writer can."""
    return writer.settle(action) if isinstance(writer, CockroachCopyWriter) else action()


def require_postgres(connection: Connection[TupleRow], what: str) -> None:
    """Ends what only PostgreSQL can do before it changed anything.

    Raises:
        SetupError: the server is CockroachDB.
    """
    if dialect_of(connection) != "postgresql":
        raise SetupError(f"{what} needs PostgreSQL, and the target is CockroachDB.", "See docs/operations.md.")

"""Which writer a load gets: the one that speaks its server's dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.cockroach_copy import CockroachCopyWriter
from include.writers.dialect import dialect_of
from include.writers.postgres_copy import PostgresCopyWriter
from include.writers.postgres_merge import Target
from include.writers.postgres_session import LoadSession

Result = TypeVar("Result")


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

"""What a load asks of its writer, whichever server it writes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.cockroach.writer import CockroachCopyWriter

Result = TypeVar("Result")


class LoadWriter(Protocol):
    """What a load asks of its writer, whichever server it writes to."""

    @property
    def connection(self) -> Connection[TupleRow]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def complete(self) -> None: ...

    def finish(self) -> tuple[WriteCounts, ...]: ...

    def restate_provenance(self) -> None: ...

    def discard(self) -> None: ...


class StagingWriter(LoadWriter, Protocol):
    """What is asked of a writer that stages rows, which can be asked about before they are merged."""

    @property
    def written(self) -> int: ...

    @property
    def refused(self) -> tuple[RefusedRow, ...]: ...

    def write(self, data: ArrowStream) -> None: ...

    def run(self, statement: str) -> None: ...

    def ask(self, query: str) -> list[TupleRow]: ...

    def read_from(self, table: str) -> None: ...

    def resolved(self, statement: str) -> sql.Composed: ...

    def prepare(self, queries: Sequence[str] = ()) -> list[list[TupleRow]]: ...


def settle(writer: LoadWriter, action: Callable[[], Result]) -> Result:
    """Does what ends a load (`finish` and all that is recorded with it), again as a whole where the writer can."""
    return writer.settle(action) if isinstance(writer, CockroachCopyWriter) else action()

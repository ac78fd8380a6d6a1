"""Writers that take rows made in hand: each target's projection makes its own of them, and one COPY sends those.

The rows of the last target are sent as they come, those of the others wait for the end: one COPY at a time is open on a
connection. Where the rows go, and what becomes of them then, is the business of the writers that derive from this one.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

import psycopg
import pyarrow as pa
from psycopg import Connection, Copy, Transaction, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, RowError
from include.postgres.errors import translated
from include.postgres.session import LoadSession
from include.timing import Stopwatch
from include.writers.base import WriteCounts
from include.writers.postgres.encoding import COPY_BYTES, as_copy, copy_statement, messages
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.projection import Projection, constant_text

# Bytes of the smaller tables' rows that wait in memory for their COPY; a million order lines have 30 MB of orders, and
# what is more waits in a temporary file.
SPOOL_BYTES = 8 * 1024 * 1024


class ScatteredError(RowError):
    """A group of rows stands in several places, so what was numbered in hand does not hold."""


@dataclass(slots=True)
class Stream:
    """The rows of one target: the table that they go to by COPY, its columns, and how many there were.

    `scope`: values of columns that the rows do not have. `made`: the table was made in the load's transaction. `spool`:
    where they wait; None where they are sent at once.
    """

    target: Target
    table: sql.Identifier
    scope: dict[str, str]
    made: bool = False
    spool: IO[bytes] | None = None
    rows: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are sent, in order; the others stay null."""
        return (*self.scope, *self.projection.names)

    @property
    def copy_statement(self) -> sql.Composed:
        """What sends them."""
        return copy_statement(self.table, self.columns, freeze=self.made)

    @property
    def projection(self) -> Projection:
        """What makes the target's rows."""
        if self.target.projection is None:
            raise DefectError(f"The target {self.target.table.name} has no projection.")
        return self.target.projection


class PostgresSplitWriter(ABC):
    """What the writers of split rows share; see the module.

    Args:
        connection: an autocommit connection; the block opens one transaction on it.
        targets: the tables to fill, each with a projection, the one with the most rows last.
        session: settings of the transaction.
        lock: names what two loads must not write at once.
        stopwatch: takes the times of the phases begin, encode, copy and commit.

    Raises:
        RowError: the server refuses a row; nothing of the load holds.
        TransientError, SetupError: see include/errors.py.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        targets: Sequence[Target],
        *,
        session: LoadSession | None = None,
        lock: str,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.connection = connection
        self._targets = tuple(targets)
        self._session = session or LoadSession()
        self._lock = lock
        self._stopwatch = stopwatch or Stopwatch()
        # Not connection.transaction(), which would keep the pipeline that it is begun in until its end.
        self._transaction = Transaction(connection)
        self._files = ExitStack()
        self._copying = ExitStack()
        self._copy: Copy | None = None
        self._streams: tuple[Stream, ...] = ()
        self._complete = self._finished = self._discarded = False

    def __enter__(self) -> Self:
        with translated(), self._stopwatch.phase("begin"), ExitStack() as undo:
            undo.push(self._undo)
            self._streams = tuple(self._begin())
            for stream in self._streams[:-1]:
                # Closed with the block.
                spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)
                stream.spool = self._files.enter_context(spool)
            undo.pop_all()
        return self

    def write(self, staged: pa.RecordBatch) -> None:
        """Sends each target its rows of the batch."""
        for stream in self._streams:
            with self._stopwatch.phase("encode"):
                rows = _rows(stream, staged)
                payload = as_copy(rows)
            if rows.num_rows:
                stream.rows += rows.num_rows
                self._send(stream, payload)

    def complete(self, absent: Sequence[str] = ()) -> None:
        """Sends what waited; afterwards the connection is free for questions.

        Args:
            absent: keys (first column within the slice) that the first table must not hold.

        Raises:
            ScatteredError: it holds one of them.
            RowError: the server refuses a row.
        """
        with translated(), self._stopwatch.phase("copy"):
            self._copying.close()
            self._copy = None
            for stream in self._streams:
                self._send_spooled(stream)
            if absent and self._holds_one(self._streams[0], absent):
                raise ScatteredError("A group was rejected in one place and stored from another.")
        self._complete = True

    def finish(self) -> tuple[WriteCounts, ...]:
        """Makes the rows the truth of their slices, visible when the block is left; counts in the targets' order."""
        if not self._complete:
            self.complete()
        with translated():
            counts = self._settle()
        self._finished = True
        return counts

    def restate_provenance(self) -> None:  # noqa: B027 # true of slices that held nothing before
        """Does nothing: each row was written with the place where it stands."""

    def discard(self) -> None:
        """Leaves nothing behind when the block is left."""
        self._discarded = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files, translated(), self._stopwatch.phase("commit"):
            if error is None and (self._discarded or not self._finished):
                kind, error = psycopg.Rollback, psycopg.Rollback()
            with ExitStack() as last:
                last.push(lambda *_: self._transaction.__exit__(kind, error, trace))
                self._copying.__exit__(kind, error, trace)

    def _undo(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends the transaction, whichever it is by then: `_begin` may have begun anew, or ended it itself."""
        if self._transaction.status is Transaction.Status.ACTIVE:
            self._transaction.__exit__(kind, error, trace)

    @abstractmethod
    def _begin(self) -> list[Stream]:
        """Begins the transaction and says where the rows of each target go."""

    @abstractmethod
    def _settle(self) -> tuple[WriteCounts, ...]:
        """Does what is left to do once all rows are with the server."""

    def _holds_one(self, stream: Stream, keys: Sequence[str]) -> bool:
        conditions = [sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in stream.scope.items()]
        key = sql.Identifier(stream.target.key[0])
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(
            stream.table, sql.SQL(" AND ").join([*conditions, sql.SQL("{} = ANY({})").format(key, list(keys))])
        )
        row = self.connection.execute(query).fetchone()
        return bool(row and row[0])

    def _send(self, stream: Stream, payload: memoryview) -> None:
        if stream.spool is not None:
            stream.spool.write(payload)
            return
        with translated(), self._stopwatch.phase("copy"):
            if self._copy is None:
                cursor = self._copying.enter_context(self.connection.cursor())
                self._copy = self._copying.enter_context(cursor.copy(stream.copy_statement))
            for message in messages(payload):
                self._copy.write(message)

    def _send_spooled(self, stream: Stream) -> None:
        if stream.spool is None or not stream.rows:
            return
        stream.spool.seek(0)
        with self.connection.cursor() as cursor, cursor.copy(stream.copy_statement) as copy:
            while block := stream.spool.read(COPY_BYTES):
                copy.write(block)


def _rows(stream: Stream, staged: pa.RecordBatch) -> pa.RecordBatch:
    rows = stream.projection.rows(staged, stream.target.parameters)
    scope = [constant_text(value, rows.num_rows) for value in stream.scope.values()]
    return pa.RecordBatch.from_arrays([*scope, *rows.columns], names=list(stream.columns))

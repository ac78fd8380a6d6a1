"""The writer for a slice that holds nothing yet: rows go by COPY straight into the tables, one COPY each.

It takes staged rows that are sound, numbered and split by whoever writes: each target's projection makes its rows of
them. What it cannot do, it does not try: a key that is there twice, a row that the server refuses or a slice that is
not empty end the block with an error, nothing is visible, and `PostgresCopyWriter` does the load instead.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

import psycopg
import pyarrow as pa
from psycopg import Connection, Copy, Cursor, Transaction, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, RowError
from include.timing import Stopwatch
from include.writers import postgres_partitions as partitions
from include.writers.base import WriteCounts
from include.writers.postgres_encoding import COPY_BYTES, as_csv, copy_statement, messages
from include.writers.postgres_errors import translated
from include.writers.postgres_merge import Target, is_empty, qualified, scope
from include.writers.postgres_partitions import Aside
from include.writers.postgres_session import LoadSession, begin, lock_key
from include.writers.projection import constant_text

# Bytes of the smaller tables' rows that wait in memory for their COPY; a million order lines have 30 MB of orders, and
# what is more waits in a temporary file.
SPOOL_BYTES = 8 * 1024 * 1024


class NotEmptyError(RowError):
    """The slice holds rows, or another load of it is under way."""


class ScatteredError(RowError):
    """A group of rows stands in several places, so what was numbered in hand does not hold."""


@dataclass(slots=True)
class _Stream:
    """One target, where its rows go, and how many there were. `spool` None: they are sent at once."""

    target: Target
    table: sql.Identifier
    aside: Aside | None
    spool: IO[bytes] | None
    rows: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.target.scope, *self.target.columns)


class PostgresDirectWriter:
    """Writes staged rows into empty slices of one or more tables, wholly visible or not at all.

    Args:
        connection: an autocommit connection; the block opens one transaction on it.
        targets: the tables to fill, each with a projection; the last one's rows are sent as they come, so it is the
            one with the most of them.
        aside: names of the targets' tables that have no partition for the slice yet and get one filled aside.
        session: settings of the transaction.
        lock: names what two loads must not write at once.
        stopwatch: takes the times of the phases begin, copy, index and commit.

    Raises:
        NotEmptyError: there is something to compare with.
        RowError: the server refuses a row, or a key is there twice.
        TransientError, SetupError: see include/errors.py.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        targets: Sequence[Target],
        *,
        aside: Collection[str] = (),
        session: LoadSession | None = None,
        lock: str,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.connection = connection
        self._targets = tuple(targets)
        self._aside = frozenset(aside)
        self._session = session or LoadSession()
        self._lock = lock
        self._stopwatch = stopwatch or Stopwatch()
        # Not connection.transaction(), which would keep the pipeline that it is begun in until its end.
        self._transaction = Transaction(connection)
        self._files = ExitStack()
        self._copying = ExitStack()
        self._copy: Copy | None = None
        self._streams: tuple[_Stream, ...] = ()
        self._complete = self._finished = self._discarded = False

    def __enter__(self) -> Self:
        with translated(), self._stopwatch.phase("begin"), ExitStack() as undo:
            with self.connection.pipeline():  # one round trip
                self._transaction.__enter__()
                undo.push(self._transaction)
                begin(self.connection, self._session)
                empty = self._ask_empty()
            row = empty.fetchone()
            if row is None or not row[0]:
                raise NotEmptyError("The slice holds rows or is being loaded.")
            self._streams = tuple(self._stream(target) for target in self._targets)
            undo.pop_all()
        return self

    def write(self, staged: pa.RecordBatch) -> None:
        """Sends each target its rows of the batch."""
        for stream in self._streams:
            rows = self._rows(stream.target, staged)
            if rows.num_rows:
                payload = as_csv(rows)
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
            if absent:
                self._check_absent(absent)
        self._complete = True

    def finish(self) -> tuple[WriteCounts, ...]:
        """Builds keys; what was written is visible when the block is left. The counts stand in the targets' order."""
        if not self._complete:
            self.complete()
        with translated(), self._stopwatch.phase("index"):
            asides = [stream.aside for stream in self._streams if stream.aside]
            for aside in asides:
                partitions.build_key(self.connection, aside)
            for aside in asides:
                partitions.attach(self.connection, aside)
        self._finished = True
        return tuple(WriteCounts(inserted=stream.rows) for stream in self._streams)

    def restate_provenance(self) -> None:
        """Does nothing: every row was written by this load, and says where it stood."""

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

    def _ask_empty(self) -> Cursor[TupleRow]:
        empty = sql.SQL(" AND ").join(sql.SQL("({})").format(is_empty(target)) for target in self._targets)
        return self.connection.execute(
            sql.SQL("SELECT pg_try_advisory_xact_lock({}) AND {}").format(lock_key(self._lock), empty)
        )

    def _check_absent(self, absent: Sequence[str]) -> None:
        first = self._streams[0]
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} AS target WHERE {} AND {} = ANY({}))").format(
            first.table, scope(first.target), sql.Identifier(first.target.key[0]), list(absent)
        )
        row = self.connection.execute(query).fetchone()
        if row and row[0]:
            raise ScatteredError("A group was rejected in one place and stored from another.")

    def _stream(self, target: Target) -> _Stream:
        aside = partitions.create_aside(self.connection, target) if target.table.name in self._aside else None
        last = target is self._targets[-1]
        # Closed with the block.
        spool = None if last else self._files.enter_context(tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115
        return _Stream(target, aside.table if aside else qualified(target), aside, spool)

    def _rows(self, target: Target, staged: pa.RecordBatch) -> pa.RecordBatch:
        if target.projection is None:
            raise DefectError(f"The target {target.table.name} has no projection.")
        rows = target.projection.rows(staged, target.parameters)
        scope = [constant_text(str(value), rows.num_rows) for value in target.scope.values()]
        columns = [*scope, *(rows.column(name) for name in target.columns)]
        return pa.RecordBatch.from_arrays(columns, names=[*target.scope, *target.columns])

    def _send(self, stream: _Stream, payload: memoryview) -> None:
        if stream.spool is not None:
            stream.spool.write(payload)
            return
        with translated(), self._stopwatch.phase("copy"):
            if self._copy is None:
                self._copy = self._open_copy(stream)
            for message in messages(payload):
                self._copy.write(message)

    def _open_copy(self, stream: _Stream) -> Copy:
        cursor = self._copying.enter_context(self.connection.cursor())
        return self._copying.enter_context(cursor.copy(copy_statement(stream.table, stream.columns)))

    def _send_spooled(self, stream: _Stream) -> None:
        if stream.spool is None or not stream.rows:
            return
        stream.spool.seek(0)
        with self.connection.cursor() as cursor, cursor.copy(copy_statement(stream.table, stream.columns)) as copy:
            while block := stream.spool.read(COPY_BYTES):
                copy.write(block)

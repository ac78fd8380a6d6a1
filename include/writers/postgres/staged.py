"""The bulk writer for PostgreSQL: COPY into a temporary table, then one merge, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import psycopg
import pyarrow as pa
from psycopg import Connection, Copy, Cursor, Transaction, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, RowError
from include.postgres.errors import competitors, translated
from include.postgres.session import LoadSession, lock
from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.errors import write_isolating
from include.writers.postgres import merge_sql as statements
from include.writers.postgres.encoding import as_copy, copy_statement, messages, stored_as
from include.writers.postgres.merge import ANALYZE_ROWS, Merging, Slice
from include.writers.postgres.merge_sql import Target, is_prepared
from include.writers.postgres.opening import open_transaction

STAGING = sql.Identifier("longshore_staging")


class PostgresCopyWriter:
    """Writes Arrow data into one or more tables, wholly visible or not at all.

    Args:
        connection: an autocommit connection; the block opens one transaction on it.
        schema: of the data that will be written; it becomes the staging table.
        targets: the tables to fill, parents before children.
        streamed: one COPY takes all that is written, and a row that the server refuses ends the load with a RowError;
            else each batch is a COPY of its own, and refused rows are found and kept in `refused`.
        session: settings of the transaction.
        lock: names what two loads must not write at once; none takes no lock.
        stopwatch: takes the times of the phases begin, copy, prepare, merge and commit.

    Raises:
        TransientError, SetupError: see include/errors.py; nothing is visible then.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        schema: pa.Schema,
        targets: Sequence[Target],
        *,
        streamed: bool = False,
        session: LoadSession | None = None,
        lock: str | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.connection = connection
        self._stopwatch = stopwatch or Stopwatch()
        self._schema = schema
        self._targets = tuple(targets)
        self._streamed = streamed
        self._copying = ExitStack()
        self._stream: Copy | None = None
        self._source = STAGING
        self._session = session or LoadSession()
        self._lock = lock
        self._transaction: Transaction
        self._refused: list[RefusedRow] = []
        self._merging = Merging(connection)
        self._written = 0
        self._state = "new"

    @property
    def written(self) -> int:
        """Rows given to `write` so far, refused ones included."""
        return self._written

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Rows that the server would not take, in the order they were written."""
        return tuple(self._refused)

    def __enter__(self) -> Self:
        with translated(), self._stopwatch.phase("begin"):
            staging = [_staging(self._schema)]
            self._transaction = open_transaction(self.connection, self._session, self._targets, staging)
        self._state = "open"
        return self

    def write(self, data: ArrowStream) -> None:
        """Stages rows; see `Writer.write`."""
        self._expect("open")
        for batch in batches(data):
            with self._stopwatch.phase("copy"):
                if self._streamed:
                    self._send(batch)
                else:
                    self._refused += write_isolating(batch, self._copy, self._written)
            self._written += batch.num_rows

    def complete(self) -> None:
        """Ends the staging; afterwards the staged rows can be asked about on `connection`.

        Raises:
            RowError: the server refuses a row of what was streamed.
        """
        self._expect("open")
        with translated(), self._stopwatch.phase("copy"):
            self._copying.close()
        self._state = "staged"
        if self._written >= ANALYZE_ROWS:
            with translated(), self._stopwatch.phase("prepare"):
                self.connection.execute(sql.SQL("ANALYZE {}").format(STAGING))

    def run(self, statement: str) -> None:
        """Runs a statement over the staged rows, by `{staging}` and the names of the targets' parameters."""
        self._expect("staged")
        with self._stopwatch.phase("prepare"):
            self._execute(statement)

    def ask(self, query: str) -> list[TupleRow]:
        """What a query over the staged rows yields, in the same words."""
        if self._state not in ("staged", "prepared"):
            self._expect("staged")
        with self._stopwatch.phase("prepare"):
            return self._execute(query).fetchall()

    def resolved(self, statement: str) -> sql.Composed:
        """The statement with the names and parameters filled in."""
        literals = {name: value for target in self._targets for name, value in target.literals.items()}
        return sql.SQL(statement).format(staging=self._source, **literals)

    def _execute(self, statement: str) -> Cursor[TupleRow]:
        with translated():
            return self.connection.execute(self.resolved(statement))

    def read_from(self, table: str) -> None:
        """Takes a temporary table that was made of the staged rows in their place."""
        self._source = sql.Identifier(table)

    def prepare(self, queries: Sequence[str] = ()) -> list[list[TupleRow]]:
        """Makes of the staged rows what each target will be, where that has to be written down; in one round trip.

        Returns:
            What queries over the staged rows yield, in the words of `ask`.
        """
        if self._state == "open":
            self.complete()
        self._expect("staged")
        self._state = "prepared"
        prepared = [statements.prepare(target, self._source) for target in self._targets if is_prepared(target)]
        if not prepared and not queries:
            return []
        with translated(), self._stopwatch.phase("prepare"):
            with self.connection.pipeline():
                for statement in prepared:
                    self.connection.execute(statement)
                answers = [self.connection.execute(self.resolved(query)) for query in queries]
            return [answer.fetchall() for answer in answers]

    def finish(self) -> tuple[WriteCounts, ...]:
        """Merges what was staged; see `Writer.finish`. The counts stand in the order of the targets."""
        if self._state in ("open", "staged"):
            self.prepare()
        self._expect("prepared")
        with competitors(), translated(), self._stopwatch.phase("merge"):
            with self.connection.pipeline():  # what follows the lock sees what was committed before it
                self.take_lock()
                self._merging.count([Slice(self.connection, target, self._source) for target in self._targets])
            counts = self._merging.merge()
        self._state = "finished"
        return counts

    def take_lock(self) -> None:
        """Waits for the lock at once, where `finish` would be too late: what is written depends on what is stored."""
        if self._lock is not None:
            with translated():
                lock(self.connection, self._lock)

    def restate_provenance(self) -> None:
        """Corrects where merged rows stand in this delivery, also of those that did not change otherwise.

        Only for targets of which two rows may have one key: there a record that comes back later has to be older or
        newer than the row that is stored.
        """
        self._expect("finished")
        with translated(), self._stopwatch.phase("merge"):
            for target in self._merging.merged:
                if not target.unique and target.provenance:
                    self.connection.execute(statements.restate(target))

    def discard(self) -> None:
        """Leaves nothing behind when the block is left: for a look at what a load would do."""
        self._state = "discarded"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finished, self._state = self._state == "finished", "closed"
        if error is None and not finished:
            kind, error = psycopg.Rollback, psycopg.Rollback()
        with translated(), self._stopwatch.phase("commit"), ExitStack() as last:
            last.push(lambda *_: self._transaction.__exit__(kind, error, trace))
            self._copying.__exit__(kind, error, trace)

    def _expect(self, state: str) -> None:
        if self._state != state:
            raise DefectError(f"The writer is {self._state}, where {state} was expected.")

    def _send(self, batch: pa.RecordBatch) -> None:
        """Adds a batch to the one COPY."""
        with translated():
            if self._stream is None:
                cursor = self._copying.enter_context(self.connection.cursor())
                self._stream = self._copying.enter_context(cursor.copy(self._copy_statement))
            for message in messages(as_copy(batch)):
                self._stream.write(message)

    def _copy(self, batch: pa.RecordBatch) -> None:
        """Writes a batch wholly or not at all."""
        payload = as_copy(batch)
        try:
            with (
                translated(),
                self.connection.transaction(),
                self.connection.cursor() as cursor,
                cursor.copy(self._copy_statement) as copy,
            ):
                for message in messages(payload):
                    copy.write(message)
        except RowError as error:
            # The server counts lines, and a cell with a line end in it takes several: then only the slices tell.
            if bytes(payload).count(b"\n") != batch.num_rows:
                error.row = None
            raise

    @property
    def _copy_statement(self) -> sql.Composed:
        return copy_statement(STAGING, tuple(self._schema.names))


def _staging(schema: pa.Schema) -> sql.Composed:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(stored_as(field))) for field in schema
    )
    return sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(STAGING, columns)

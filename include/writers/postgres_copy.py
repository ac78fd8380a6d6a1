"""The bulk writer for PostgreSQL: COPY into a temporary table, then one merge, one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, RowError, TransientError
from include.timing import Stopwatch
from include.writers import postgres_merge as statements
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.errors import write_isolating
from include.writers.postgres_errors import translated
from include.writers.postgres_merge import Target
from include.writers.postgres_session import LoadSession, begin, lock

# Bytes of one CopyData message: blocks of 64 KiB to 1 MiB go equally fast, smaller ones cost a call each.
COPY_BYTES = 256 * 1024

# From this many staged rows on statistics pay for themselves in the merge's plan (ANALYZE takes about 5 ms).
ANALYZE_ROWS = 1_000

UNIQUE_VIOLATION = "23505"

STAGING = sql.Identifier("longshore_staging")

STORED_AS: dict[Callable[[pa.DataType], bool], str] = {
    pa.types.is_string: 'text COLLATE "C"',
    pa.types.is_large_string: 'text COLLATE "C"',
    pa.types.is_boolean: "boolean",
    pa.types.is_int8: "smallint",
    pa.types.is_int16: "smallint",
    pa.types.is_int32: "integer",
    pa.types.is_int64: "bigint",
    pa.types.is_float64: "double precision",
    pa.types.is_decimal: "numeric",
    pa.types.is_date: "date",
}

CSV = pa_csv.WriteOptions(include_header=False, quoting_style="needed")


class PostgresCopyWriter:
    """Writes Arrow data into one or more tables, wholly visible or not at all.

    Args:
        connection: an autocommit connection; the block opens one transaction on it.
        schema: of the data that will be written; it becomes the staging table.
        targets: the tables to fill, parents before children.
        preparation: statements over `{staging}` to run once all is staged, before the targets' selects; each may use
            the parameters of the targets.
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
        preparation: Sequence[str] = (),
        session: LoadSession | None = None,
        lock: str | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.connection = connection
        self._stopwatch = stopwatch or Stopwatch()
        self._schema = schema
        self._targets = tuple(targets)
        self._preparation = tuple(preparation)
        self._session = session or LoadSession()
        self._lock = lock
        self._transaction = connection.transaction()
        self._refused: list[RefusedRow] = []
        self._merged: list[Target] = []
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
            self._transaction.__enter__()
            begin(self.connection, self._session)
            self.connection.execute(_staging(self._schema))
        self._state = "open"
        return self

    def write(self, data: ArrowStream) -> None:
        """Stages rows; see `Writer.write`."""
        self._expect("open")
        with self._stopwatch.phase("copy"):
            for batch in batches(data):
                self._refused += write_isolating(batch, self._copy, self._written)
                self._written += batch.num_rows

    def prepare(self) -> None:
        """Runs the preparation; afterwards the staged rows can be asked about on `connection`."""
        self._expect("open")
        self._state = "prepared"
        with translated(), self._stopwatch.phase("prepare"):
            if self._written >= ANALYZE_ROWS:
                self.connection.execute(sql.SQL("ANALYZE {}").format(STAGING))
            literals = {name: value for target in self._targets for name, value in target.literals.items()}
            for statement in self._preparation:
                self.connection.execute(sql.SQL(statement).format(staging=STAGING, **literals))
            for target in self._targets:
                self.connection.execute(statements.prepare(target, STAGING))

    def finish(self) -> tuple[WriteCounts, ...]:
        """Merges what was staged; see `Writer.finish`. The counts stand in the order of the targets."""
        if self._state == "open":
            self.prepare()
        self._expect("prepared")
        with _competitors(), translated(), self._stopwatch.phase("merge"):
            self.take_lock()
            counts = tuple(self._merge(target) for target in self._targets)
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
            for target in self._merged:
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
            self._transaction.__exit__(psycopg.Rollback, psycopg.Rollback(), None)
            return
        with translated(), self._stopwatch.phase("commit"):
            self._transaction.__exit__(kind, error, trace)

    def _expect(self, state: str) -> None:
        if self._state != state:
            raise DefectError(f"The writer is {self._state}, where {state} was expected.")

    def _copy(self, batch: pa.RecordBatch) -> None:
        payload, line_per_row = _as_csv(batch)
        try:
            with (
                translated(),
                self.connection.transaction(),
                self.connection.cursor() as cursor,
                cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(STAGING)) as copy,
            ):
                for start in range(0, len(payload), COPY_BYTES):
                    copy.write(payload[start : start + COPY_BYTES])
        except RowError as error:
            # The server counts lines, and a cell with a line end in it takes several: then only the slices tell.
            if not line_per_row:
                error.row = None
            raise

    def _merge(self, target: Target) -> WriteCounts:
        rows, copies = self._row(
            sql.SQL("SELECT count(*), coalesce(sum(_copies), 0) FROM {}").format(statements.prepared(target))
        )
        if target.partial:
            rows -= self.connection.execute(statements.drop_older(target)).rowcount
        duplicates = int(copies) - rows
        if self._row(statements.is_empty(target))[0]:
            self.connection.execute(statements.insert(target))
            return WriteCounts(inserted=rows, duplicates=duplicates)
        if rows >= ANALYZE_ROWS:
            self.connection.execute(sql.SQL("ANALYZE {}").format(statements.prepared(target)))
        deletes = target.deletes and not target.partial
        deleted = self.connection.execute(statements.delete(target)).rowcount if deletes else 0
        inserted, updated = self._row(statements.merge(target))
        self._merged.append(target)
        return WriteCounts(
            inserted=inserted,
            updated=updated,
            unchanged=rows - inserted - updated,
            deleted=deleted,
            duplicates=duplicates,
        )

    def _row(self, statement: sql.Composed) -> TupleRow:
        row = self.connection.execute(statement).fetchone()
        if row is None:
            raise DefectError("A statement of the merge gave no row.")
        return row


@contextmanager
def _competitors() -> Iterator[None]:
    """A key that is there twice came from somebody else: what is merged holds each key once.

    Above READ COMMITTED the merge looks at the tables as they were before it waited for its lock.
    """
    try:
        yield
    except RowError as error:
        if error.code != UNIQUE_VIOLATION:
            raise
        raise TransientError(f"Another writer was faster. {error.what}", "The same load can be repeated.") from error


def _staging(schema: pa.Schema) -> sql.Composed:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_stored_as(field))) for field in schema
    )
    return sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(STAGING, columns)


def _stored_as(field: pa.Field[pa.DataType]) -> str:
    if pa.types.is_timestamp(field.type):
        return "timestamptz" if field.type.tz else "timestamp"
    stored = next((name for matches, name in STORED_AS.items() if matches(field.type)), None)
    if stored is None:
        raise DefectError(
            f"Column {field.name} has the Arrow type {field.type}, which the PostgreSQL writer does not take."
        )
    return stored


def _as_csv(batch: pa.RecordBatch) -> tuple[memoryview, bool]:
    """The batch as CSV (null unquoted and empty, '' quoted), and whether each row is one line of it."""
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(_without_zones(batch), sink, CSV)
    payload = memoryview(sink.getvalue())
    lines = bytes(payload).count(b"\n") if batch.num_rows else 0
    return payload, lines == batch.num_rows


def _without_zones(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Moments as UTC without saying so, which the session's TimeZone does: Arrow writes zones 100 times slower."""
    columns = [
        column.cast(pa.timestamp(column.type.unit)) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

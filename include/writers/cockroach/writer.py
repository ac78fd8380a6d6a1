"""The bulk writer for CockroachDB: chunks into ordinary tables of the load's own, then one serializable transaction.

Every transaction may be asked to come again (40001), and a commit may leave open whether it happened (40003, or a
connection that breaks before the answer). So a chunk is kept until it has arrived and is looked for before it is sent
again, and the last transaction leaves a row by which it is known.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Self, TypeVar

import psycopg
import pyarrow as pa
from psycopg import Connection, Transaction, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, LongshoreError, RowError, TransientError
from include.log import line, logger
from include.postgres.errors import UNIQUE_VIOLATION, competitors, translated
from include.postgres.session import LoadSession
from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.cockroach import merge_sql as cockroach
from include.writers.cockroach.leftovers import drop, sweep
from include.writers.cockroach.merge import merge
from include.writers.errors import repeat_transient, write_isolating
from include.writers.postgres import merge_sql as postgres
from include.writers.postgres.encoding import as_csv
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.staged import STAGING

Result = TypeVar("Result")

# Rows and bytes of a chunk: what CockroachDB's own guides advise for one transaction of a bulk load.
CHUNK_ROWS = 10_000
CHUNK_BYTES = 4 * 1024 * 1024
# Seconds: a conflict is over as soon as the other transaction is. An outage is outlasted by the load's own repetition.
FIRST_WAIT_S = 0.1
# From this many staged rows on statistics pay for themselves.
ANALYZE_ROWS = 1_000
# The attempt of a transaction that ends with the writer's block, where nothing repeats it.
ONLY_ATTEMPT = 0
# Settings of a load's session that CockroachDB does not know.
UNKNOWN_SETTINGS = {"work_mem"}


class CockroachCopyWriter:
    """Writes Arrow data into one or more tables, wholly visible or not at all; see `PostgresCopyWriter`.

    Args:
        connection: an autocommit connection whose session is the writer's until the block is left.
        schema: of the data that will be written; it becomes the staging table.
        targets: the tables to fill, parents before children.
        session: settings of the session.
        stopwatch: takes the times of the phases begin, copy, prepare, merge and commit.
        reconnect: opens another connection to the same database, where one is lost; `connection` is then that one.

    Raises:
        TransientError, SetupError: see include/errors.py; nothing is visible then.
    """

    def __init__(
        self,
        connection: Connection[TupleRow],
        schema: pa.Schema,
        targets: Sequence[Target],
        *,
        reconnect: Callable[[], Connection[TupleRow]],
        session: LoadSession | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.connection = connection
        self._given = connection
        self._reconnect = reconnect
        self._stopwatch = stopwatch or Stopwatch()
        self._schema = schema
        self._targets = tuple(targets)
        self._source = STAGING
        self._session = session or LoadSession()
        self._load = ""
        self._transaction: AbstractContextManager[Transaction] | None = None
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
        staging = cockroach.create_staging(self._schema)
        with self._stopwatch.phase("begin"):
            self._repeat(lambda: self._begin(staging))
        self._state = "open"
        return self

    def write(self, data: ArrowStream) -> None:
        """Stages rows in chunks; see `Writer.write`."""
        self._expect("open")
        with self._stopwatch.phase("copy"):
            for batch in batches(data, CHUNK_ROWS, CHUNK_BYTES):
                positions = pa.array(range(self._written, self._written + batch.num_rows), pa.int64())
                chunk = batch.append_column(cockroach.POSITION, positions)
                self._refused += write_isolating(chunk, self._stage, self._written)
                self._written += batch.num_rows

    def complete(self) -> None:
        """Ends the staging; afterwards the staged rows can be asked about."""
        self._expect("open")
        self._state = "staged"
        with self._stopwatch.phase("prepare"):
            self._analyze(STAGING)

    def run(self, statement: str) -> None:
        """Makes an ordinary table where the statement makes a temporary one; see `PostgresCopyWriter.run`."""
        self._expect("staged")
        name, ordinary = cockroach.prepare_statement(statement)
        with self._stopwatch.phase("prepare"):
            self._make(sql.Identifier(name), self.resolved(ordinary))

    def ask(self, query: str) -> list[TupleRow]:
        """What a query over the staged rows yields; see `PostgresCopyWriter.ask`."""

        def attempt() -> list[TupleRow]:
            with translated():
                return self.connection.execute(self.resolved(query)).fetchall()

        with self._stopwatch.phase("prepare"):
            return self._repeat(attempt)

    def read_from(self, table: str) -> None:
        """Takes a table that was made of the staged rows in their place."""
        self._source = sql.Identifier(table)

    def resolved(self, statement: str) -> sql.Composed:
        """The statement with the names and parameters filled in."""
        literals = {name: value for target in self._targets for name, value in target.literals.items()}
        return sql.SQL(statement).format(staging=self._source, **literals)

    def prepare(self, queries: Sequence[str] = ()) -> list[list[TupleRow]]:
        """Makes of the staged rows what each target will be; what queries over the staged rows yield."""
        if self._state == "open":
            self.complete()
        self._expect("staged")
        self._state = "prepared"
        with self._stopwatch.phase("prepare"):
            for target in self._targets:
                self._make(postgres.prepared(target), cockroach.prepare(target, self._source))
        return [self.ask(query) for query in queries]

    def settle(self, action: Callable[[], Result]) -> Result:
        """Does `action`, which calls `finish` and may write more on `connection`, in one transaction, and commits.

        The whole of it is done again where the server asks for that; it is never committed twice. `discard` within the
        action leaves nothing of it.

        Raises:
            TransientError: no attempt was committed; the whole load can be repeated.
        """
        if self._state in ("open", "staged"):
            self.prepare()
        self._expect("prepared")
        done: dict[int, Result] = {}
        numbers = itertools.count(ONLY_ATTEMPT + 1)

        def attempt() -> Result:
            committed = self._committed() if done else None
            if committed is not None:
                return done[committed]
            number = next(numbers)
            with self._settling(number):
                done[number] = action()
            return done[number]

        return self._repeat(attempt)

    def finish(self) -> tuple[WriteCounts, ...]:
        """Merges what was staged; see `Writer.finish`. The counts stand in the order of the targets.

        Outside of `settle` the transaction ends with the writer's block, and nothing repeats it.
        """
        if self._state in ("open", "staged"):
            self.prepare()
        self._expect("prepared")
        with competitors(), translated(), self._stopwatch.phase("merge"):
            if self._transaction is None:
                self._open(ONLY_ATTEMPT)
            counts = tuple(self._merge(target) for target in self._targets)
        self._state = "finished"
        return counts

    def take_lock(self) -> None:
        """Nothing: CockroachDB has no advisory locks, and of two loads of one upload the later one merges again."""

    def restate_provenance(self) -> None:
        """Corrects where merged rows stand in this delivery, also of those that did not change otherwise."""
        self._expect("finished")
        with translated(), self._stopwatch.phase("merge"):
            for target in self._merged:
                if not target.unique and target.provenance:
                    self.connection.execute(postgres.restate(target))

    def discard(self) -> None:
        """Leaves nothing behind when the block is left: for a look at what a load would do."""
        self._state = "discarded"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._transaction is not None:
                with competitors(), translated():
                    self._close(error if error or self._state == "finished" else psycopg.Rollback())
        finally:
            self._state = "closed"
            self._leave()

    def _expect(self, state: str) -> None:
        if self._state != state:
            raise DefectError(f"The writer is {self._state}, where {state} was expected.")

    def _repeat(self, action: Callable[[], Result]) -> Result:
        """Does it until it ends without a TransientError, on a new connection where the old one is lost."""

        def attempt() -> Result:
            if self.connection.closed:
                self._connect()
            return action()

        return repeat_transient(attempt, first_wait_s=FIRST_WAIT_S)

    def _connect(self) -> None:
        self.connection = self._reconnect()
        with translated():
            self._attach()

    def _attach(self) -> None:
        """Gives the session the load's settings and, once there is one, the load's schema."""
        settings = [pair for pair in self._session.settings().items() if pair[0] not in UNKNOWN_SETTINGS]
        calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        self.connection.execute(f"SELECT {calls}".encode(), [*itertools.chain(*settings)])
        if self._load:
            self.connection.execute("RESET search_path")
            self.connection.execute(
                "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), false)", [self._load]
            )

    def _begin(self, staging: sql.Composed) -> None:
        with translated():
            sweep(self.connection)
            self._load = cockroach.schema_name(dt.datetime.now(dt.UTC))
            self.connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._load)))
            self._attach()
            self.connection.execute(staging)
            self.connection.execute(cockroach.create_outcome())

    def _stage(self, chunk: pa.RecordBatch) -> None:
        """Sends a chunk until it is known to have arrived, once and whole."""
        payload = as_csv(chunk)
        line_per_row = bytes(payload).count(b"\n") == chunk.num_rows
        first = chunk.column(cockroach.POSITION)[0].as_py()
        again = itertools.count()

        def attempt() -> None:
            # The attempt before may have been committed without an answer.
            if next(again) and self._arrived(first, chunk.num_rows):
                return
            self._copy(payload, line_per_row=line_per_row)

        self._repeat(attempt)

    def _arrived(self, first: int, rows: int) -> bool:
        with translated():
            found = self._row(cockroach.count_between(first, first + rows - 1))[0]
        if found not in {0, rows}:
            raise DefectError(f"Of a chunk of {rows} rows {found} are staged: the server did not take it as a whole.")
        return bool(found)

    def _copy(self, payload: memoryview, *, line_per_row: bool) -> None:
        try:
            # In a transaction by name: alone, older servers commit a COPY in segments of 100 rows.
            with (
                translated(),
                self.connection.transaction(),
                self.connection.cursor() as cursor,
                cursor.copy(sql.SQL("COPY {} FROM STDIN WITH (FORMAT csv)").format(STAGING)) as copy,
            ):
                copy.write(payload)
        except RowError as error:
            if error.code == UNIQUE_VIOLATION:
                raise TransientError(f"A chunk came twice. {error.what}", "It is looked for again.") from error
            # The server counts lines, and a cell with a line end in it takes several: then only the slices tell.
            if not line_per_row:
                error.row = None
            raise

    def _make(self, name: sql.Identifier, statement: sql.Composed) -> None:
        """Makes a table of the load; again from the start where that was broken off."""

        def attempt() -> None:
            with translated():
                self.connection.execute(sql.SQL("DROP TABLE IF EXISTS {}.{}").format(sql.Identifier(self._load), name))
                self.connection.execute(statement)

        self._repeat(attempt)
        self._analyze(name)

    def _analyze(self, name: sql.Identifier) -> None:
        if self._written >= ANALYZE_ROWS:
            with translated():
                self.connection.execute(sql.SQL("ANALYZE {}.{}").format(sql.Identifier(self._load), name))

    @contextmanager
    def _settling(self, number: int) -> Iterator[None]:
        """The last transaction around the block; rolled back where the block raises or the writer was discarded."""
        self._merged.clear()
        self._state = "prepared"
        with competitors(), translated():
            self._open(number)
            try:
                yield
            except BaseException as error:
                self._close(error)
                raise
            self._close(psycopg.Rollback() if self._state == "discarded" else None)

    def _open(self, number: int) -> None:
        transaction = self.connection.transaction()
        transaction.__enter__()
        self._transaction = transaction
        # A server may have been told that READ COMMITTED is its default, under which the counts would not hold.
        self.connection.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        self.connection.execute(
            sql.SQL("INSERT INTO {} (done, attempt) VALUES (true, {})").format(cockroach.OUTCOME, number)
        )

    def _close(self, error: BaseException | None) -> None:
        """Commits, or rolls back where there is an error; that error is the caller's to raise."""
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            return
        with self._stopwatch.phase("commit"), suppress(psycopg.Rollback):
            transaction.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)

    def _committed(self) -> int | None:
        """The attempt at the last transaction that was committed; None where none was."""
        with translated():
            [number] = self._row(sql.SQL("SELECT max(attempt) FROM {}").format(cockroach.OUTCOME))
        return None if number is None else int(number)

    def _merge(self, target: Target) -> WriteCounts:
        counts, held_rows = merge(self.connection, target)
        if held_rows:
            self._merged.append(target)
        return counts

    def _row(self, statement: sql.Composed) -> TupleRow:
        row = self.connection.execute(statement).fetchone()
        if row is None:
            raise DefectError("A statement of the merge gave no row.")
        return row

    def _leave(self) -> None:
        """Takes the load's tables away and gives the session back; what cannot be reached is left to a sweep."""
        try:
            if self.connection.closed:
                self._connect()
            with translated():
                self.connection.execute(drop(self._load))
                for name in ("search_path", *self._session.settings().keys() - UNKNOWN_SETTINGS):
                    self.connection.execute(sql.SQL("RESET {}").format(sql.Identifier(name.lower())))
        except LongshoreError as error:
            logger("writers").warning(line("staging-left", schema=self._load, reason=error.what))
        finally:
            if self.connection is not self._given:
                self.connection.close()

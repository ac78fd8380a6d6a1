"""The writer for a slice that holds nothing yet: rows go straight into the tables.

What it cannot do, it does not try: a key that is there twice, a row that the server refuses or a slice that is not
empty end the block with an error, nothing is visible, and another writer does the load instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from psycopg import Connection, Cursor, sql
from psycopg.rows import TupleRow

from include.errors import RowError
from include.timing import Stopwatch
from include.writers import postgres_partitions as partitions
from include.writers.base import WriteCounts
from include.writers.postgres_merge import Target, is_empty, qualified
from include.writers.postgres_partitions import Aside
from include.writers.postgres_session import LoadSession, begin, lock_key
from include.writers.postgres_split import PostgresSplitWriter, Stream


class NotEmptyError(RowError):
    """The slice holds rows, or another load of it is under way."""


class PostgresDirectWriter(PostgresSplitWriter):
    """Writes split rows into empty slices of one or more tables, wholly visible or not at all.

    Args:
        connection, targets, session, lock, stopwatch: see `PostgresSplitWriter`.
        aside: names of the targets' tables that have no partition for the slice yet and get one filled aside, whose
            key is built at the end (phase index).

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
        super().__init__(connection, targets, session=session, lock=lock, stopwatch=stopwatch)
        self._aside = frozenset(aside)
        self._asides: list[Aside] = []

    def _begin(self) -> list[Stream]:
        with self.connection.pipeline():  # one round trip
            self._transaction.__enter__()
            begin(self.connection, self._session)
            empty = self._ask_empty()
        row = empty.fetchone()
        if row is None or not row[0]:
            raise NotEmptyError("The slice holds rows or is being loaded.")
        return [self._stream(target) for target in self._targets]

    def _settle(self) -> tuple[WriteCounts, ...]:
        with self._stopwatch.phase("index"):
            for aside in self._asides:
                partitions.build_key(self.connection, aside)
            for aside in self._asides:
                partitions.attach(self.connection, aside)
        return tuple(WriteCounts(inserted=stream.rows) for stream in self._streams)

    def _ask_empty(self) -> Cursor[TupleRow]:
        empty = sql.SQL(" AND ").join(sql.SQL("({})").format(is_empty(target)) for target in self._targets)
        return self.connection.execute(
            sql.SQL("SELECT pg_try_advisory_xact_lock({}) AND {}").format(lock_key(self._lock), empty)
        )

    def _stream(self, target: Target) -> Stream:
        table = qualified(target)
        if target.table.name in self._aside:
            aside = partitions.create_aside(self.connection, target)
            self._asides.append(aside)
            table = aside.table
        return Stream(target, table, {name: str(value) for name, value in target.scope.items()})

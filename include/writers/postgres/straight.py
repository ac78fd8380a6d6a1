"""The writer for a slice that holds nothing yet: rows go straight into the tables.

What it cannot do, it does not try: a key that is there twice, a row that the server refuses or a slice that is not
empty end the block with an error, nothing is visible, and another writer does the load instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import Connection, Cursor, Transaction, sql
from psycopg.rows import TupleRow

from include.errors import RowError
from include.postgres.session import LoadSession, begin, lock_key
from include.timing import Stopwatch
from include.writers.base import WriteCounts
from include.writers.postgres import partitions
from include.writers.postgres.merge_sql import Target, is_empty, qualified
from include.writers.postgres.partitions import Aside
from include.writers.postgres.streams import PostgresSplitWriter, Stream


class NotEmptyError(RowError):
    """The slice holds rows, or another load of it is under way."""


class PostgresDirectWriter(PostgresSplitWriter):
    """Writes split rows into empty slices of one or more tables, wholly visible or not at all.

    Args:
        connection, targets, session, lock, stopwatch: see `PostgresSplitWriter`.
        aside: whether tables that have no partition for the slice yet get one filled aside, whose key is built at the
            end (phase index), where the connection's role may do that; else it is made empty at the beginning.

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
        aside: bool = False,
        session: LoadSession | None = None,
        lock: str,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        super().__init__(connection, targets, session=session, lock=lock, stopwatch=stopwatch)
        self._aside = aside
        self._asides: list[Aside] = []

    def _begin(self) -> list[Stream]:
        lacking = self._look()
        aside = {target for target, may_add in lacking.items() if may_add and self._aside}
        if lacking.keys() - aside:
            # Made outside of the load's transaction, so that no other load waits for that; once a month.
            self._transaction.__exit__(psycopg.Rollback, psycopg.Rollback(), None)
            partitions.ensure(self.connection, [target for target in self._targets if target.table.name not in aside])
            self._transaction = Transaction(self.connection)
            self._look()
        return [self._stream(target, aside=target.table.name in aside) for target in self._targets]

    def _look(self) -> dict[str, bool]:
        """Begins the transaction, in one round trip.

        Returns:
            The tables that lack a partition for the slice, and whether the connection's role may add one.
        """
        with self.connection.pipeline():
            self._transaction.__enter__()
            begin(self.connection, self._session)
            found = self._ask()
        empty, *partitioned = found.fetchone() or (False,)
        if not empty:
            raise NotEmptyError("The slice holds rows or is being loaded.")
        lacks, may_add = partitioned[0::2], partitioned[1::2]
        names = (target.table.name for target in self._targets if target.partition)
        return {name: may for name, lack, may in zip(names, lacks, may_add, strict=True) if lack}

    def _settle(self) -> tuple[WriteCounts, ...]:
        with self._stopwatch.phase("index"):
            for aside in self._asides:
                partitions.build_key(self.connection, aside)
            for aside in self._asides:
                partitions.attach(self.connection, aside)
        return tuple(WriteCounts(inserted=stream.rows) for stream in self._streams)

    def _ask(self) -> Cursor[TupleRow]:
        empty = sql.SQL(" AND ").join(sql.SQL("({})").format(is_empty(target)) for target in self._targets)
        asked = [
            sql.SQL("pg_try_advisory_xact_lock({}) AND {}").format(lock_key(self._lock), empty),
            *(partitions.lacks(target) for target in self._targets if target.partition),
        ]
        return self.connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(asked)))

    def _stream(self, target: Target, *, aside: bool) -> Stream:
        if aside:
            made = partitions.create_aside(self.connection, target)
            self._asides.append(made)
            return Stream(target, made.table, {}, made=True)
        return Stream(target, qualified(target), {name: str(value) for name, value in target.scope.items()})

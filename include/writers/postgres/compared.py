"""The writer for a slice that holds rows: what is delivered is written beside it, compared with it, and merged.

Rows come as the tables' own, so each temporary table has its target's form and only its rows: nothing is numbered,
sorted or written down once more on the server. The lock is taken once all of it is there.
"""

from __future__ import annotations

from dataclasses import replace

from psycopg import Cursor, sql
from psycopg.rows import TupleRow

from include.postgres.errors import competitors, translated
from include.postgres.session import lock
from include.writers.base import WriteCounts
from include.writers.postgres.merge import Merging, Slice
from include.writers.postgres.merge_sql import Target, prepared, qualified, restate
from include.writers.postgres.opening import open_transaction
from include.writers.postgres.streams import PostgresSplitWriter, ScatteredError, Stream


class PostgresCompareWriter(PostgresSplitWriter):
    """Makes split rows the truth of slices that hold rows; see `PostgresSplitWriter`.

    Raises:
        ScatteredError: a key of the first table is there twice.
        RowError, TransientError, SetupError: see include/errors.py.
    """

    def _begin(self) -> list[Stream]:
        tables = [_create(target) for target in self._targets]
        self._transaction = open_transaction(self.connection, self._session, self._targets, tables)
        return [Stream(target, prepared(target), {}) for target in self._targets]

    def restate_provenance(self) -> None:
        """Corrects where rows stand that did not change otherwise; see `PostgresCopyWriter.restate_provenance`."""
        with translated(), self._stopwatch.phase("merge"):
            for stream in self._streams:
                if not stream.target.unique and stream.target.provenance:
                    self.connection.execute(restate(stream.target))

    def _settle(self) -> tuple[WriteCounts, ...]:
        # No ANALYZE: the tables' sizes are enough for a hash join, and it takes 0.4 s of a million lines.
        with competitors(), translated(), self._stopwatch.phase("merge"):
            merging = Merging(self.connection)
            with self.connection.pipeline():  # what follows the lock sees what was committed before it
                scattered = self._ask_keys(self._streams[0])
                lock(self.connection, self._lock)
                merging.count([Slice(self.connection, *_as_written(stream)) for stream in self._streams])
            if (scattered.fetchone() or (False,))[0]:
                raise ScatteredError("A group stands in several places.")
            return merging.merge()

    def _ask_keys(self, stream: Stream) -> Cursor[TupleRow]:
        """Whether a key is there twice; of the other tables the keys begin with this one's, so they hold with these."""
        key = sql.SQL(", ").join(map(sql.Identifier, stream.target.key))
        query = sql.SQL("SELECT EXISTS (SELECT FROM {} GROUP BY {} HAVING count(*) > 1)").format(stream.table, key)
        return self.connection.execute(query)


def _columns(target: Target) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, target.columns))


def _create(target: Target) -> sql.Composed:
    return sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
        prepared(target), _columns(target), qualified(target)
    )


def _as_written(stream: Stream) -> tuple[Target, sql.Identifier, int]:
    """The target with a select that takes the rows as they were written, where they are, and their number."""
    columns = ", ".join(sql.Identifier(name).as_string() for name in stream.target.columns)
    select = f"SELECT {columns} FROM {{staging}}"  # noqa: S608 # quoted
    target = replace(stream.target, select=select, parameters={}, unique=True)
    return target, stream.table, stream.rows

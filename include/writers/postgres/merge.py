"""Makes staged rows the truth of slices, and counts what that changed.

Statements that do not need one another's answers go to the server together, whatever the number of slices: what is
counted is one round trip, what is written and taken out another one. A slice that was empty is filled with the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg import Connection, Cursor, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, TransientError
from include.writers.base import WriteCounts
from include.writers.postgres import merge_sql as statements
from include.writers.postgres.merge_sql import Target

# From this many staged rows on statistics pay for themselves in the merge's plan (ANALYZE takes about 5 ms).
ANALYZE_ROWS = 1_000

Answer = Cursor[TupleRow]


@dataclass(slots=True)
class Slice:
    """One slice on its way, within the connection's transaction; each step after the answers to the one before.

    `source`: the staged rows. `rows`: how many the slice shall have, where that is known; each of them one staged row.
    """

    connection: Connection[TupleRow]
    target: Target
    source: sql.Identifier
    rows: int | None = None
    wanted: int = 0
    duplicates: int = 0
    before: int = 0
    _counts: Answer | None = None
    _dropped: Answer | None = None
    _filled: Answer | None = None
    _written: tuple[Answer, ...] = ()

    def count(self) -> None:
        """Asks how many rows there are, and fills a slice that has none; of rows in hand only the merge knows them."""
        self._counts = self.connection.execute(self._counting())
        if self.target.partial:
            self._dropped = self.connection.execute(statements.drop_older(self.target))
        elif self.rows is None:
            self._filled = self.connection.execute(statements.fill(self.target, self.source))

    def counted(self) -> None:
        """Reads what was counted."""
        row = self._counts.fetchone() if self._counts else None
        if row is None:
            raise DefectError("A statement of the merge gave no row.")
        wanted, copies, self.before = map(int, row)
        self.wanted = wanted - (self._dropped.rowcount if self._dropped else 0)
        self.duplicates = copies - self.wanted
        if self._filled and self._filled.rowcount != (0 if self.before else self.wanted):
            raise self._disturbed()

    @property
    def is_done(self) -> bool:
        """Whether the slice was empty and is filled."""
        return self._filled is not None and not self.before

    def write(self) -> None:
        """Writes what is new or differs, and takes out what is gone.

        In no order: one load at a time writes a slice, so there is nobody to meet in the other order.
        """
        if not self.before:
            self.connection.execute(statements.insert(self.target, self.source))
            return
        if self.wanted < ANALYZE_ROWS:
            self._written = (self.connection.execute(statements.write_differing(self.target, self.source)),)
            return
        if statements.is_prepared(self.target):
            self.connection.execute(sql.SQL("ANALYZE {}").format(statements.prepared(self.target)))
        found = self.connection.execute(statements.find_differing(self.target, self.source))
        self.connection.execute(statements.fetch_by_place(True))
        updated = self.connection.execute(statements.update_differing(self.target))
        deleted = self.connection.execute(statements.delete_differing(self.target))
        self.connection.execute(statements.fetch_by_place(False))
        inserted = self.connection.execute(statements.insert_differing(self.target))
        self._written = (found, inserted, updated, deleted)

    def counts(self) -> WriteCounts:
        """Reads what became of the slice.

        Raises:
            TransientError: somebody who writes past the slice's lock moved a row since it was looked at.
        """
        found, inserted, updated, deleted = self._changes()
        if found != inserted + updated + deleted:
            raise self._disturbed()
        return WriteCounts(
            inserted=inserted,
            updated=updated,
            unchanged=self.wanted - inserted - updated,
            deleted=deleted,
            duplicates=self.duplicates,
        )

    def _changes(self) -> tuple[int, ...]:
        """Rows that were found to differ, and of them the inserted, updated and deleted ones."""
        if not self._written:
            return self.wanted, self.wanted, 0, 0
        if len(self._written) == 1:
            return tuple(map(int, self._written[0].fetchone() or ()))
        return tuple(answer.rowcount for answer in self._written)

    def _counting(self) -> sql.Composed:
        """Rows that the slice shall have, the staged rows that they are made of, and the rows that it has."""
        staged = sql.SQL("SELECT {0}, {0}").format(self.rows)
        if self.rows is None:
            prepared = statements.is_prepared(self.target)
            copies = sql.SQL("coalesce(sum(_copies), 0)") if prepared else sql.SQL("count(*)")
            rows = statements.rows(self.target, self.source)
            staged = sql.SQL("SELECT count(*), {} FROM {} AS source").format(copies, rows)
        return sql.SQL("SELECT * FROM ({}) AS staged, ({}) AS stored").format(staged, statements.count(self.target))

    def _disturbed(self) -> TransientError:
        return TransientError(
            f"Another writer changed rows of {self.target.table.name} meanwhile.", "The same load can be repeated."
        )


@dataclass(slots=True)
class Merging:
    """Merges slices within the connection's transaction, parents before children."""

    connection: Connection[TupleRow]
    slices: Sequence[Slice] = field(default=())

    @property
    def merged(self) -> list[Target]:
        """The targets whose slice held rows before."""
        return [part.target for part in self.slices if part.before]

    def count(self, slices: Sequence[Slice]) -> None:
        """Asks about the slices, in a pipeline of the caller's."""
        self.slices = slices
        for part in slices:
            part.count()

    def merge(self) -> tuple[WriteCounts, ...]:
        """Writes what is new or differs, and takes out what is gone."""
        for part in self.slices:
            part.counted()
        pending = [part for part in self.slices if not part.is_done]
        if pending:
            with self.connection.pipeline():
                for part in pending:
                    part.write()
        return tuple(part.counts() for part in self.slices)

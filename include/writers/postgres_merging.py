"""Makes staged rows the truth of a target's slice, and counts what that changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, TransientError
from include.writers import postgres_merge as statements
from include.writers.base import WriteCounts
from include.writers.postgres_merge import Target

# From this many staged rows on statistics pay for themselves in the merge's plan (ANALYZE takes about 5 ms).
ANALYZE_ROWS = 1_000


@dataclass(slots=True)
class Merging:
    """Merges within the connection's transaction. `merged`: the targets whose slice held rows before."""

    connection: Connection[TupleRow]
    merged: list[Target] = field(default_factory=list)

    def merge(self, target: Target, source: sql.Identifier, rows: int | None = None) -> WriteCounts:
        """Writes what is new or differs, and takes out what is gone.

        Args:
            target: of which slice.
            source: the staged rows.
            rows: how many the slice shall have, where that is known; each of them one staged row.
        """
        wanted, copies, before = self._counted(target, source, rows)
        if target.partial:
            wanted -= self.connection.execute(statements.drop_older(target)).rowcount
        duplicates = copies - wanted
        if not before:
            self.connection.execute(statements.insert(target, source))
            return WriteCounts(inserted=wanted, duplicates=duplicates)
        if wanted >= ANALYZE_ROWS and statements.is_prepared(target):
            self.connection.execute(sql.SQL("ANALYZE {}").format(statements.prepared(target)))
        inserted, updated, deleted = self._write(target, source)
        self.merged.append(target)
        return WriteCounts(
            inserted=inserted,
            updated=updated,
            unchanged=wanted - inserted - updated,
            deleted=deleted,
            duplicates=duplicates,
        )

    def _write(self, target: Target, source: sql.Identifier) -> tuple[int, int, int]:
        """Writes what is new or differs and takes out what is gone, in one round trip; counts the three.

        In no order: one load at a time writes a slice, so there is nobody to meet in the other order. Who writes past
        the slice's lock may have moved a row since it was looked at.
        """
        with self.connection.pipeline():
            found = self.connection.execute(statements.find_differing(target, source))
            self.connection.execute(statements.fetch_by_place(True))
            updated = self.connection.execute(statements.update_differing(target))
            deleted = self.connection.execute(statements.delete_differing(target))
            self.connection.execute(statements.fetch_by_place(False))
            inserted = self.connection.execute(statements.insert_differing(target))
        counts = (inserted.rowcount, updated.rowcount, deleted.rowcount)
        if found.rowcount != sum(counts):
            raise TransientError(
                f"Another writer changed rows of {target.table.name} meanwhile.", "The same load can be repeated."
            )
        return counts

    def _counted(self, target: Target, source: sql.Identifier, rows: int | None) -> tuple[int, int, int]:
        """Rows that the slice shall have, the staged rows that they are made of, and the rows that it has."""
        staged = sql.SQL("SELECT {0}, {0}").format(rows)
        if rows is None:
            copies = sql.SQL("coalesce(sum(_copies), 0)") if statements.is_prepared(target) else sql.SQL("count(*)")
            staged = sql.SQL("SELECT count(*), {} FROM {} AS source").format(copies, statements.rows(target, source))
        query = sql.SQL("SELECT * FROM ({}) AS staged, ({}) AS stored").format(staged, statements.count(target))
        wanted, made_of, before = self._row(query)
        return int(wanted), int(made_of), int(before)

    def _row(self, statement: sql.Composed) -> TupleRow:
        row = self.connection.execute(statement).fetchone()
        if row is None:
            raise DefectError("A statement of the merge gave no row.")
        return row

"""Makes prepared rows the truth of a target's slice on CockroachDB, and counts what that changed."""

from __future__ import annotations

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.errors import DefectError
from include.writers.base import WriteCounts
from include.writers.cockroach import merge_sql as cockroach
from include.writers.postgres import merge_sql as postgres
from include.writers.postgres.merge_sql import Target


def merge(connection: Connection[TupleRow], target: Target) -> tuple[WriteCounts, bool]:
    """Writes what is new or differs, and takes out what is gone.

    Args:
        connection: in a serializable transaction, under which the counts hold.
        target: of which slice; its rows are prepared.

    Returns:
        The counts, and whether the slice held rows before.
    """
    rows, copies = _row(
        connection, sql.SQL("SELECT count(*), coalesce(sum(_copies), 0) FROM {}").format(postgres.prepared(target))
    )
    if target.partial:
        rows -= connection.execute(postgres.drop_older(target)).rowcount
    duplicates = int(copies) - rows
    if _row(connection, cockroach.is_empty(target))[0]:
        connection.execute(cockroach.insert(target))
        return WriteCounts(inserted=rows, duplicates=duplicates), False
    deletes = target.deletes and not target.partial
    deleted = connection.execute(cockroach.delete(target)).rowcount if deletes else 0
    inserted = int(_row(connection, cockroach.count_new(target))[0])
    written = connection.execute(cockroach.upsert(target)).rowcount
    counts = WriteCounts(
        inserted=inserted,
        updated=written - inserted,
        unchanged=rows - written,
        deleted=deleted,
        duplicates=duplicates,
    )
    return counts, True


def _row(connection: Connection[TupleRow], statement: sql.Composed) -> TupleRow:
    row = connection.execute(statement).fetchone()
    if row is None:
        raise DefectError("A statement of the merge gave no row.")
    return row

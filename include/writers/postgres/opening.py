"""The beginning of a load's transaction: all that is known before its first row, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import psycopg
from psycopg import Connection, Cursor, Transaction, sql
from psycopg.rows import TupleRow

from include.postgres.session import LoadSession, begin
from include.writers.postgres import partitions
from include.writers.postgres.merge_sql import Target


def open_transaction(
    connection: Connection[TupleRow],
    session: LoadSession,
    targets: Sequence[Target],
    statements: Sequence[sql.Composed],
) -> Transaction:
    """Begins a transaction with the session's settings, and runs the statements in it.

    The partitions that the targets' slices lie in are there then: where one is missing, which is so once a month, it is
    made outside of the transaction, so that no other load waits for it, and the beginning is done again.
    """
    transaction, lacking = _begin(connection, session, targets, statements)
    if lacking:
        transaction.__exit__(psycopg.Rollback, psycopg.Rollback(), None)
        partitions.ensure(connection, targets)
        transaction, _ = _begin(connection, session, (), statements)
    return transaction


def _begin(
    connection: Connection[TupleRow],
    session: LoadSession,
    targets: Sequence[Target],
    statements: Sequence[sql.Composed],
) -> tuple[Transaction, bool]:
    # Not connection.transaction(), which would keep the pipeline that it is begun in until its end.
    transaction = Transaction(connection)
    with ExitStack() as undo:
        undo.push(transaction.__exit__)
        with connection.pipeline():
            transaction.__enter__()
            begin(connection, session)
            found = _ask(connection, targets)
            for statement in statements:
                connection.execute(statement)
        lacking = any((found.fetchone() or ())[0::2]) if found else False
        undo.pop_all()
    return transaction, lacking


def _ask(connection: Connection[TupleRow], targets: Sequence[Target]) -> Cursor[TupleRow] | None:
    asked = [partitions.lacks(target) for target in targets if target.partition]
    return connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(asked))) if asked else None

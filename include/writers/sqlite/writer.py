"""Rows into a SQLite file: staged beside it without a lock, merged in one short transaction."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from include.errors import DefectError
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.errors import write_isolating
from include.writers.sqlite.session import connect, translated
from include.writers.sqlite.statements import Statements
from include.writers.sqlite.target import SqliteTarget


class SqliteWriter:
    """Writes rows of several tables in one transaction; see `include.writers.base.Writer`.

    Rows are staged in SQLite's temporary database, so that preparing a batch keeps nobody out. The file's one lock is
    taken in `finish` and held until the block is left; `waited_ms` says for how long it was waited for.

    Args:
        path: the file; it and its tables are made where they are missing.
        targets: the tables. A single one needs not be named when rows are written.
    """

    def __init__(self, path: Path, targets: Sequence[SqliteTarget]) -> None:
        self._path = path
        self._statements = {target.table: Statements(target, place) for place, target in enumerate(targets)}
        if len(self._statements) < len(targets):
            raise DefectError("Two targets of one load name the same table.")
        self._connection: sqlite3.Connection | None = None
        self._refused: list[RefusedRow] = []
        self._position = 0
        self._finished = False
        self.waited_ms = 0.0

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        return tuple(self._refused)

    def __enter__(self) -> Self:
        self._connection = connect(self._path)
        with translated():
            for statements in self._statements.values():
                self._connection.execute(statements.create)
                self._connection.execute(statements.stage)
        return self

    def write(self, data: ArrowStream, target: SqliteTarget | None = None) -> None:
        """Takes rows of a table; columns that the target does not name are left out."""
        connection = self._open()
        statements = next(iter(self._statements.values())) if target is None else self._statements[target.table]
        names = list(statements.target.columns)
        for batch in batches(data):
            self._refused += write_isolating(
                batch.select(names), lambda rows: _stage(connection, statements, rows), self._position
            )
            self._position += batch.num_rows

    def finish(self) -> tuple[WriteCounts, ...]:
        """Merges what was staged; visible when the block is left."""
        connection = self._open()
        self._finished = True
        with translated():
            duplicates = [_deduped(connection, statements) for statements in self._statements.values()]
            start = time.monotonic()
            connection.execute("BEGIN IMMEDIATE")
            self.waited_ms += (time.monotonic() - start) * 1000
            return tuple(
                _merged(connection, statements, double)
                for statements, double in zip(self._statements.values(), duplicates, strict=True)
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if connection.in_transaction:
                with translated():
                    connection.execute("COMMIT" if kind is None and self._finished else "ROLLBACK")
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._finished:
            raise DefectError("The SQLite writer is used outside its block or after finish.")
        return self._connection


def _stage(connection: sqlite3.Connection, statements: Statements, rows: pa.RecordBatch) -> None:
    """Stages rows wholly or not at all; only the temporary database is written, which has no lock to wait for."""
    with translated():
        connection.execute("BEGIN")
        try:
            connection.executemany(statements.take, zip(*map(_cells, rows.columns), strict=True))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _deduped(connection: sqlite3.Connection, statements: Statements) -> int:
    connection.execute(statements.index)
    return connection.execute(statements.dedupe).rowcount


def _merged(connection: sqlite3.Connection, statements: Statements, duplicates: int) -> WriteCounts:
    deletes = statements.target.deletes
    deleted = connection.execute(statements.delete, statements.scope_values).rowcount if deletes else 0
    known, differing = connection.execute(statements.known).fetchone()
    written = connection.execute(statements.merge).rowcount
    return WriteCounts(
        inserted=written - differing,
        updated=differing,
        unchanged=known - differing,
        deleted=deleted,
        duplicates=duplicates,
    )


def _cells(column: pa.Array) -> list[Any]:
    """A column's cells as SQLite takes them: moments and decimals as text, lists as JSON."""
    cells = column.to_pylist()
    convert = next((function for is_, function in _TEXTS if is_(column.type)), None)
    return cells if convert is None else [None if cell is None else convert(cell) for cell in cells]


def _moment(cell: dt.date | dt.time) -> str:
    return cell.isoformat()


def _json(cell: object) -> str:
    return json.dumps(cell, ensure_ascii=False, default=str)


_TEXTS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], str]], ...] = (
    (pa.types.is_temporal, _moment),
    (pa.types.is_decimal, str),
    (pa.types.is_nested, _json),
)

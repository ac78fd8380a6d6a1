"""A database with nothing in it but the schema `documents`, and prepared files put into it by plain COPY."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from psycopg import Connection, sql

from include.migrations import m0013_documents
from include.pipelines.documents.prepare import PreparedFile
from include.pipelines.documents.search.statistics import refresh_statistics
from include.stack.postgres import EmbeddedPostgres


@contextmanager
def database(home: Path) -> Iterator[Connection[Any]]:
    """A server of its own for the length of the block."""
    server = EmbeddedPostgres(home / "postgres", durable=False)
    with Connection.connect(server.start(), autocommit=True) as connection:
        yield connection
    server.destroy()


def make_schema(connection: Connection[Any]) -> None:
    """The schema as new."""
    connection.execute("DROP SCHEMA IF EXISTS documents CASCADE")
    for step in m0013_documents.MIGRATION.forward:
        if callable(step):
            step(connection)
        else:
            connection.execute(step.encode())


def store(connection: Connection[Any], prepared: PreparedFile) -> None:
    """Puts a file's rows into the tables, and counts terms."""
    with connection.transaction():
        for name, table in (
            ("documents", prepared.documents),
            ("chunks", prepared.chunks),
            ("vectors", prepared.vectors),
        ):
            _copy(connection, name, table)
    refresh_statistics(connection)
    connection.execute("ANALYZE documents.chunks, documents.vectors, documents.documents")


def _copy(connection: Connection[Any], name: str, table: pa.Table) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    statement = sql.SQL("COPY documents.{} ({}) FROM STDIN").format(sql.Identifier(name), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in table.to_pylist():
            if "embedding" in row:
                row["embedding"] = f"[{','.join(map(repr, row['embedding']))}]"
            copy.write_row(list(row.values()))

"""The HNSW index of a model's vectors in PostgreSQL: built when a load is through, used by the search where it is."""

from __future__ import annotations

import hashlib
from typing import Any

from psycopg import Connection, sql

# pgvector indexes vectors of at most so many numbers.
MAX_DIMENSION = 2000

# The schema's columns hold vectors of all models: an index is of one model, its expression has that model's dimension,
# and the search's statement says both in the same words.
CREATE = sql.SQL("""
    CREATE INDEX IF NOT EXISTS {name} ON documents.vectors
    USING hnsw ((embedding::vector({dimension})) vector_cosine_ops) WHERE model = {model}
""")


def index_name(model: str) -> str:
    """The index's name: unique to the model, whatever signs its name has."""
    return f"vectors_hnsw_{hashlib.sha256(model.encode()).hexdigest()[:12]}"


def build(connection: Connection[Any], model: str, dimension: int, *, memory_mb: int = 256) -> bool:
    """Builds the index where it is not there; False where vectors are too long for one, and are searched exactly.

    Readers go on, writers of vectors wait for it.

    Args:
        connection: to the database.
        model: whose vectors.
        dimension: numbers in each of them.
        memory_mb: for the build, MiB; a graph that does not fit is built many times slower.
    """
    if dimension > MAX_DIMENSION:
        return False
    with connection.transaction():
        connection.execute("SELECT set_config('maintenance_work_mem', %s, true)", [f"{memory_mb}MB"])
        connection.execute(
            CREATE.format(
                name=sql.Identifier(index_name(model)), dimension=sql.SQL(str(int(dimension))), model=sql.Literal(model)
            )
        )
    return True


def drop(connection: Connection[Any], model: str) -> None:
    """Takes the index away: a bulk load writes a multiple of rows a second without it."""
    connection.execute(sql.SQL("DROP INDEX IF EXISTS documents.{}").format(sql.Identifier(index_name(model))))


def is_built(connection: Connection[Any], model: str) -> bool:
    """Whether the index is there and valid."""
    statement = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
    row = connection.execute(statement, [f"documents.{index_name(model)}"]).fetchone()
    return bool(row and row[0])

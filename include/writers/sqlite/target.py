"""A table of a SQLite file that a load fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class SqliteTarget:
    """A table: its columns by name with SQLite's types, its key, and what a load speaks for.

    `scope`: column -> values; rows beyond it are never touched, rows within it that a load does not bring are deleted
    where `deletes` says so. An empty scope is the whole table. An example: SqliteTarget("passages", {"passage_id":
    "TEXT", "file_id": "TEXT", "start_ms": "INTEGER"}, ("passage_id",), scope={"file_id": ("a1", "b2")}).
    """

    table: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    scope: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    deletes: bool = True


# SQLite's storage classes by what Arrow holds; everything else is kept as text.
_CLASSES = (
    (pa.types.is_integer, "INTEGER"),
    (pa.types.is_boolean, "INTEGER"),
    (pa.types.is_floating, "REAL"),
    (pa.types.is_binary, "BLOB"),
)


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Columns for rows of this schema: {"title": "TEXT", "start_ms": "INTEGER"}."""
    return {column.name: next((name for is_, name in _CLASSES if is_(column.type)), "TEXT") for column in schema}

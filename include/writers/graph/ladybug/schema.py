"""A graph's targets as Ladybug's tables: names, types, the statements that make them, the check of those there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import pyarrow as pa

from include.errors import DefectError, SetupError
from include.writers.graph.targets import GraphTarget, NodeTarget, Property, RelationshipTarget

STORED_AS: dict[Callable[[pa.DataType], bool], str] = {
    pa.types.is_string: "STRING",
    pa.types.is_large_string: "STRING",
    pa.types.is_boolean: "BOOL",
    pa.types.is_int8: "INT8",
    pa.types.is_int16: "INT16",
    pa.types.is_int32: "INT32",
    pa.types.is_int64: "INT64",
    pa.types.is_float32: "FLOAT",
    pa.types.is_float64: "DOUBLE",
    pa.types.is_date32: "DATE",
}

# What can be a primary key of Ladybug's, and equal to itself: no floating point.
KEY_TYPES = ("STRING", "INT8", "INT16", "INT32", "INT64")

# COPY takes columns of these names for the ends of a relationship, wherever they stand.
RESERVED = ("from", "to")


class Ask(Protocol):
    """Runs a statement and gives its rows."""

    def __call__(self, statement: str) -> Iterable[list[object]]: ...


def name(text: str) -> str:
    """The one place where a label, a type or a property becomes part of a statement.

    >>> name("BOUGHT WITH")
    '`BOUGHT WITH`'
    """
    return "`" + text.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text as part of a statement, where no parameter can be."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def stored_as(column: Property) -> str:
    """Ladybug's type for a property.

    Raises:
        DefectError: it has none.
    """
    if pa.types.is_timestamp(column.type) and column.type.unit == "us":
        return "TIMESTAMP_TZ" if column.type.tz else "TIMESTAMP"
    if pa.types.is_decimal128(column.type):
        return f"DECIMAL({column.type.precision}, {column.type.scale})"
    stored = next((stored for matches, stored in STORED_AS.items() if matches(column.type)), None)
    if stored is None:
        raise DefectError(
            f"Property {column.name} has the Arrow type {column.type}, which Ladybug's writer does not take."
        )
    return stored


def check_description(targets: Iterable[GraphTarget]) -> None:
    """What can be said against targets before any store is asked.

    Raises:
        DefectError: a type or a name that Ladybug does not take.
    """
    for target in targets:
        for column in target.columns:
            stored_as(column)
        for node in ends(target):
            if stored_as(node.key) not in KEY_TYPES:
                raise DefectError(f"The key of {node.label} is {node.key.type}; Ladybug's keys are text or integers.")
        if isinstance(target, RelationshipTarget):
            taken = [column.name for column in target.properties if column.name.lower() in RESERVED]
            if taken:
                raise DefectError(f"{target.name} has a property {taken[0]!r}, a word that Ladybug's COPY keeps.")


def ends(target: GraphTarget) -> tuple[NodeTarget, ...]:
    """The labels that a target speaks of."""
    return (target,) if isinstance(target, NodeTarget) else (target.source, target.target)


def missing(targets: Iterable[GraphTarget], ask: Ask) -> Iterator[str]:
    """The statements that make what is not there yet, nodes first.

    Raises:
        SetupError: a table is there with other columns; the message names both.
    """
    targets = tuple(targets)
    kinds = {str(row[1]): str(row[2]) for row in ask("CALL show_tables() RETURN *")}
    for node in dict.fromkeys(node for target in targets for node in ends(target)):
        if node.label not in kinds:
            yield _node_table(node)
            kinds[node.label] = "NODE"
            continue
        _expect(node.label, "NODE", kinds, _described(node.columns, node.key), _found(node.label, ask))
    for target in targets:
        if isinstance(target, RelationshipTarget):
            yield from _relationship_table(target, kinds, ask)


def _node_table(node: NodeTarget) -> str:
    columns = ", ".join(f"{name(column.name)} {stored_as(column)}" for column in node.columns)
    return f"CREATE NODE TABLE {name(node.label)}({columns}, PRIMARY KEY({name(node.key.name)}))"


def _relationship_table(target: RelationshipTarget, kinds: dict[str, str], ask: Ask) -> Iterator[str]:
    pair = f"FROM {name(target.source.label)} TO {name(target.target.label)}"
    if target.type not in kinds:
        kinds[target.type] = "NEW"
        columns = "".join(f", {name(column.name)} {stored_as(column)}" for column in target.properties)
        yield f"CREATE REL TABLE {name(target.type)}({pair}{columns})"
        return
    if kinds[target.type] == "REL":
        _expect(target.type, "REL", kinds, _described(target.properties), _found(target.type, ask))
        pairs = [row[:2] for row in ask(f"CALL show_connection({literal(target.type)}) RETURN *")]
        if [target.source.label, target.target.label] in pairs:
            return
    elif kinds[target.type] != "NEW":
        _expect(target.type, "REL", kinds, {}, {})
    yield f"ALTER TABLE {name(target.type)} ADD {pair}"


def _described(columns: Iterable[Property], key: Property | None = None) -> dict[str, str]:
    return {column.name: stored_as(column) + (" PRIMARY KEY" if column == key else "") for column in columns}


def _found(table: str, ask: Ask) -> dict[str, str]:
    rows = ask(f"CALL table_info({literal(table)}) RETURN *")
    return {str(row[1]): str(row[2]) + (" PRIMARY KEY" if row[4] is True else "") for row in rows}


def _expect(table: str, kind: str, kinds: dict[str, str], described: dict[str, str], found: dict[str, str]) -> None:
    if kinds[table] != kind:
        raise SetupError(f"The graph's table {table} is of kind {kinds[table]}, expected {kind}.", REBUILD)
    if {column: _plain(stored) for column, stored in found.items()} != {
        column: _plain(stored) for column, stored in described.items()
    }:
        raise SetupError(
            f"The graph's table {table} has the columns {_listed(found)}; expected {_listed(described)}.", REBUILD
        )


REBUILD = "Another version made it: move the graph's file away and load again, or alter the table."


def _plain(stored: str) -> str:
    return stored.replace(" ", "")


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{column} {stored}" for column, stored in columns.items()) or "none"

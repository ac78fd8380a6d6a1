"""The constant Cypher statements of a graph target; values only ever travel as parameters.

Rows are lists in the order of the target's columns: maps would repeat each name in every row.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.errors import DefectError
from include.writers.graph import GraphTarget, NodeTarget


def quoted(name: str) -> str:
    """A label, type or property name as Cypher takes it.

    Raises:
        DefectError: the name is empty, or holds a NUL character or a backslash.
    """
    # Cypher reads an escaped backtick (u0060 after a backslash) even between backticks, before it looks for the end.
    if not name or "\x00" in name or "\\" in name:
        raise DefectError(f"{name!r} is no name of a label, a relationship type or a property.")
    return "`" + name.replace("`", "``") + "`"


def schema(target: NodeTarget) -> Iterator[str]:
    """What has to be there before rows: the key's constraint, and an index where the label has a scope."""
    label, key = quoted(target.label), quoted(target.key.name)
    name = quoted(f"longshore_{target.label}_{target.key.name}")
    yield f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
    if target.scope is not None:
        name = quoted(f"longshore_{target.label}_{target.scope}")
        yield f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON (n.{quoted(target.scope)})"


def write(target: GraphTarget) -> str:
    """Makes `$rows` be there with their properties."""
    if isinstance(target, NodeTarget):
        return f"UNWIND $rows AS row MERGE {_node('n', target, 'row[0]')}{_set('n', target, 1)}"
    ends = f"{_match('a', target.source, 'row[0]')} {_match('b', target.target, 'row[1]')}"
    return f"UNWIND $rows AS row {ends} MERGE (a)-[r:{quoted(target.type)}]->(b){_set('r', target, 2)}"


def probe(target: GraphTarget) -> str:
    """What a refused row is found with, in a transaction that is rolled back: relationships get ends of their own."""
    if isinstance(target, NodeTarget):
        return write(target)
    return f"UNWIND $rows AS row CREATE ()-[r:{quoted(target.type)}]->(){_set('r', target, 2)}"


def stored(target: GraphTarget) -> str:
    """What is there of the scope `$scope`, in the target's order of columns; relationships with their id at last."""
    if isinstance(target, NodeTarget):
        values = ", ".join(f"n.{quoted(column.name)}" for column in target.columns)
        return f"MATCH {_slice('n', target)} RETURN {values}"
    source, other = target.source, target.target
    ends = [f"a.{quoted(source.key.name)}", f"b.{quoted(other.key.name)}"]
    values = ", ".join([*ends, *(f"r.{quoted(column.name)}" for column in target.properties), "elementId(r)"])
    pattern = f"(a)-[r:{quoted(target.type)}]->(b:{quoted(other.label)})"
    return f"MATCH {_slice('a', source)} MATCH {pattern} RETURN {values}"


def delete(target: GraphTarget) -> str:
    """Takes `$names` away: a node by its key, with all its relationships; a relationship by its id (no Eager)."""
    if isinstance(target, NodeTarget):
        node, key = quoted(target.label), quoted(target.key.name)
        return f"MATCH (n:{node}) WHERE n.{key} IN $names DETACH DELETE n"
    return f"MATCH ()-[r:{quoted(target.type)}]->() WHERE elementId(r) IN $names DELETE r"


def missing(target: NodeTarget) -> str:
    """Which of the keys in `$rows` no node has."""
    return f"UNWIND $rows AS row OPTIONAL {_match('n', target, 'row[0]')} WITH row, n WHERE n IS NULL RETURN row[0]"


def _node(variable: str, target: NodeTarget, key: str) -> str:
    return f"({variable}:{quoted(target.label)} {{{quoted(target.key.name)}: {key}}})"


def _match(variable: str, target: NodeTarget, key: str) -> str:
    return f"MATCH {_node(variable, target, key)}"


def _slice(variable: str, target: NodeTarget) -> str:
    # Where a label has no scope its key is asked for, which an index holds: a scan of the label would be slower.
    condition = f"{quoted(target.scope)} = $scope" if target.scope else f"{quoted(target.key.name)} IS NOT NULL"
    return f"({variable}:{quoted(target.label)}) WHERE {variable}.{condition}"


def _set(variable: str, target: GraphTarget, first: int) -> str:
    values = [f"{variable}.{quoted(column.name)} = row[{n}]" for n, column in enumerate(target.properties, first)]
    return f" SET {', '.join(values)}" if values else ""

"""The constant Cypher statements of a graph target; values only ever travel as parameters.

Rows are lists in the order of the target's columns: maps would repeat each name in every row.
"""

from __future__ import annotations

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


def schema(target: NodeTarget) -> dict[str, str]:
    """What has to be there before rows, by name: the key's constraint, and an index where the label has a scope."""
    label, key = quoted(target.label), quoted(target.key.name)
    name = f"longshore_{target.label}_{target.key.name}"
    statements = {
        name: f"CREATE CONSTRAINT {quoted(name)} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE",
    }
    if target.scope is not None:
        name = f"longshore_{target.label}_{target.scope}"
        scope = quoted(target.scope)
        statements[name] = f"CREATE INDEX {quoted(name)} IF NOT EXISTS FOR (n:{label}) ON (n.{scope})"
    return statements


def write(target: GraphTarget) -> str:
    """Makes `$rows` be there with their properties."""
    if isinstance(target, NodeTarget):
        return f"UNWIND $rows AS row MERGE {_node('n', target, 'row[0]')}{_set('n', target, 1)}"
    ends = f"{_match('a', target.source, 'row[0]')} {_match('b', target.target, 'row[1]')}"
    return f"UNWIND $rows AS row {ends} MERGE (a)-[r:{quoted(target.type)}]->(b){_set('r', target, 2)}"


def write_counted(target: GraphTarget) -> str:
    """The same, and says how many rows found their ends: one that lacks an end is passed over without a word."""
    return f"{write(target)} RETURN count(*)"


def probe(target: GraphTarget) -> str:
    """What a refused row is found with, in a transaction that is rolled back: relationships get ends of their own."""
    if isinstance(target, NodeTarget):
        return write(target)
    return f"UNWIND $rows AS row CREATE ()-[r:{quoted(target.type)}]->(){_set('r', target, 2)}"


def ready() -> str:
    """The names of indexes, those of constraints among them, that can be used now."""
    return "SHOW INDEXES YIELD name, state WHERE state = 'ONLINE' RETURN name"


def count(target: GraphTarget) -> str:
    """How much is there of the scope `$scope`."""
    return f"{_scoped(target)} RETURN count(*)"


def stored(target: GraphTarget) -> str:
    """Part `$part` of `$parts` of what is there of the scope `$scope`, as one list of rows in the target's columns.

    Relationships have their id at last. One list: a record for each row costs the driver ten times as much.
    """
    values = [f"{_owner(target)}.{quoted(column.name)}" for column in target.properties]
    if isinstance(target, NodeTarget):
        values = [f"n.{quoted(target.key.name)}", *values]
    else:
        ends = [f"a.{quoted(target.source.key.name)}", f"b.{quoted(target.target.key.name)}"]
        values = [*ends, *values, "id(r)"]
    return f"{_scoped(target, ' AND id({}) % $parts = $part')} RETURN collect([{', '.join(values)}])"


def delete(target: GraphTarget) -> str:
    """Takes `$names` away: a node by its key, with all its relationships; a relationship by its id (no Eager)."""
    if isinstance(target, NodeTarget):
        node, key = quoted(target.label), quoted(target.key.name)
        return f"MATCH (n:{node}) WHERE n.{key} IN $names DETACH DELETE n"
    return f"MATCH ()-[r:{quoted(target.type)}]->() WHERE id(r) IN $names DELETE r"


def missing(target: NodeTarget) -> str:
    """Which of the keys in `$rows` no node has."""
    return f"UNWIND $rows AS row OPTIONAL {_match('n', target, 'row[0]')} WITH row, n WHERE n IS NULL RETURN row[0]"


def _node(variable: str, target: NodeTarget, key: str) -> str:
    return f"({variable}:{quoted(target.label)} {{{quoted(target.key.name)}: {key}}})"


def _match(variable: str, target: NodeTarget, key: str) -> str:
    return f"MATCH {_node(variable, target, key)}"


def _owner(target: GraphTarget) -> str:
    return "n" if isinstance(target, NodeTarget) else "r"


def _scoped(target: GraphTarget, further: str = "") -> str:
    """Matches the scope's nodes `n`, or its relationships `r` from `a` to `b`; `further` is said of `n` or `a`."""
    if isinstance(target, NodeTarget):
        return f"MATCH {_slice('n', target)}{further.format('n')}"
    ends = f"(a)-[r:{quoted(target.type)}]->(b:{quoted(target.target.label)})"
    return f"MATCH {_slice('a', target.source)}{further.format('a')} MATCH {ends}"


def _slice(variable: str, target: NodeTarget) -> str:
    # Where a label has no scope its key is asked for, which an index holds: a scan of the label would be slower.
    condition = f"{quoted(target.scope)} = $scope" if target.scope else f"{quoted(target.key.name)} IS NOT NULL"
    return f"({variable}:{quoted(target.label)}) WHERE {variable}.{condition}"


def _set(variable: str, target: GraphTarget, first: int) -> str:
    values = [f"{variable}.{quoted(column.name)} = row[{n}]" for n, column in enumerate(target.properties, first)]
    return f" SET {', '.join(values)}" if values else ""

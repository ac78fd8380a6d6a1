"""The constant Cypher statements of a graph target; values only ever travel as parameters.

Rows are lists in the order of the target's columns: maps would repeat each name in every row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from include.errors import DefectError
from include.writers.graph.targets import GraphTarget, NodeTarget


def quoted(name: str) -> str:
    """A label, type or property name as Cypher takes it.

    Raises:
        DefectError: the name is empty, or holds a NUL character or a backslash.
    """
    # Cypher reads an escaped backtick (u0060 after a backslash) even between backticks, before it looks for the end.
    if not name or "\x00" in name or "\\" in name:
        raise DefectError(f"{name!r} is no name of a label, a relationship type or a property.")
    return "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True, slots=True)
class Lookup:
    """An index over one property of a label; `unique` where a constraint is behind it."""

    label: str
    column: str
    unique: bool

    @property
    def name(self) -> str:
        """What it is called where the writer makes it; it may be there under another name."""
        plain = f"longshore_{self.label}_{self.column}"
        if "_" not in self.label + self.column:
            return plain
        # A_B and c would be called like A and B_c.
        digest = hashlib.sha256("\0".join((self.label, self.column)).encode()).hexdigest()
        return f"{plain}_{digest[:8]}"

    @property
    def statement(self) -> str:
        """Makes it, unless the same is there under any name."""
        name, label, column = quoted(self.name), quoted(self.label), quoted(self.column)
        if self.unique:
            return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{column} IS UNIQUE"
        return f"CREATE INDEX {name} IF NOT EXISTS FOR (n:{label}) ON (n.{column})"


def schema(target: NodeTarget) -> list[Lookup]:
    """What has to be there before rows: the key's constraint, and an index where the label has a scope."""
    key = Lookup(target.label, target.key.name, unique=True)
    return [key, Lookup(target.label, target.scope, unique=False)] if target.scope is not None else [key]


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
    """Label, property and uniqueness of each index over one property of nodes that can be used now."""
    return (
        "SHOW INDEXES YIELD labelsOrTypes, properties, type, entityType, state, owningConstraint"
        " WHERE state = 'ONLINE' AND type = 'RANGE' AND entityType = 'NODE' AND size(properties) = 1"
        " RETURN labelsOrTypes[0], properties[0], owningConstraint IS NOT NULL"
    )


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

"""The Cypher of a load. Rows arrive as the parameter $rows, an Arrow table with the columns c0, c1, ...

What was measured (docs/adr/0012): rows in bulk go by COPY; others are found by their primary key, one MATCH after the
other, which is what makes Ladybug look them up instead of joining whole tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from include.writers.graph.ladybug.schema import literal, name, stored_as
from include.writers.graph.targets import GraphTarget, NodeTarget, Property, RelationshipTarget

# Of a decimal.
MAX_DIGITS = 38


def copy(target: GraphTarget) -> str:
    """Inserts rows whose keys are not there, ends included."""
    columns = ", ".join(name(column.name) for column in _copied(target))
    pair = ""
    if isinstance(target, RelationshipTarget):
        pair = f" (from={literal(target.source.label)}, to={literal(target.target.label)})"
    return f"COPY {name(_table(target))}{f'({columns})' if columns else ''} FROM $rows{pair}"


def update(target: GraphTarget) -> str:
    """Sets all properties of the rows' nodes or relationships."""
    first = 1 if isinstance(target, NodeTarget) else 2
    values = [f"r.{name(column.name)} = c{index}" for index, column in enumerate(target.columns[first:], first)]
    return f"{_find(target, carried=len(values))} SET {', '.join(values)}"


def delete(target: GraphTarget) -> str:
    """Removes the nodes of these keys with all that hangs on them, or the relationships between these ends."""
    return f"{_find(target)} {'DETACH ' if isinstance(target, NodeTarget) else ''}DELETE r"


def look_up(target: GraphTarget) -> str:
    """What is stored for these keys, in the target's columns."""
    return f"{_find(target)} RETURN {_returned(target)}"


def present(node: NodeTarget) -> str:
    """Those of the keys of a label that are stored."""
    return f"{_find(node)} RETURN r.{name(node.key.name)} AS c0"


def stored(target: GraphTarget) -> str:
    """All that is stored of a target's slice, in its columns; takes the parameter $scope where the target has one."""
    return f"{_all(target)} RETURN {_returned(target)}"


def stored_anywhere(target: GraphTarget) -> str:
    """All that is stored of a target, of every slice, in its columns."""
    return f"{_pattern(target)} RETURN {_returned(target)}"


def drop(target: RelationshipTarget) -> str:
    """Removes the whole table of a relationship type."""
    return f"DROP TABLE {name(target.type)}"


def pairs(target: RelationshipTarget) -> str:
    """One row for each pair of labels that the relationship type connects."""
    return f"CALL show_connection({literal(target.type)}) RETURN *"


def count(target: GraphTarget) -> str:
    """How many nodes of the label or relationships between both labels are stored, whatever their slice."""
    return f"{_pattern(target)} RETURN count(*)"


def slice_of(target: GraphTarget) -> str | None:
    """The property of the nodes that tells a target's slice; None where it has one slice only."""
    return target.scope if isinstance(target, NodeTarget) else target.source.scope


def sources_in_slice(target: RelationshipTarget) -> str:
    """The keys of the nodes at which the slice's relationships begin."""
    return f"{_all(target.source)} RETURN r.{name(target.source.key.name)} AS c0"


def _find(target: GraphTarget, carried: int = 0) -> str:
    """Matches `r`, by the keys of $rows; the next `carried` columns come along."""
    if isinstance(target, NodeTarget):
        given = [_given(0, target.key), *(_given(index, column) for index, column in _properties(target, carried))]
        key = name(target.key.name)
        return f"LOAD FROM $rows WITH {', '.join(given)} MATCH (r:{name(target.label)}) WHERE r.{key} = c0"
    source, end = target.source, target.target
    along = "".join(f", c{index}" for index, _ in _properties(target, carried))
    given = [
        _given(0, source.key),
        _given(1, end.key),
        *(_given(index, column) for index, column in _properties(target, carried)),
    ]
    return (
        f"LOAD FROM $rows WITH {', '.join(given)}"
        f" MATCH (a:{name(source.label)}) WHERE a.{name(source.key.name)} = c0 WITH a, c1{along}"
        f" MATCH (b:{name(end.label)}) WHERE b.{name(end.key.name)} = c1 WITH a, b{along}"
        f" MATCH (a)-[r:{name(target.type)}]->(b)"
    )


def _properties(target: GraphTarget, carried: int) -> list[tuple[int, Property]]:
    first = 1 if isinstance(target, NodeTarget) else 2
    return list(enumerate(target.columns[first : first + carried], first))


def _given(index: int, column: Property) -> str:
    """A column of $rows in the stored type: a scan of Arrow knows no zone, and nothing is converted silently."""
    return f"CAST(c{index} AS {stored_as(column)}) AS c{index}"


def _all(target: GraphTarget) -> str:
    scope = slice_of(target)
    begins = "r" if isinstance(target, NodeTarget) else "a"
    return f"{_pattern(target)}{f' WHERE {begins}.{name(scope)} = $scope' if scope else ''}"


def _pattern(target: GraphTarget) -> str:
    if isinstance(target, NodeTarget):
        return f"MATCH (r:{name(target.label)})"
    return f"MATCH (a:{name(target.source.label)})-[r:{name(target.type)}]->(b:{name(target.target.label)})"


def _returned(target: GraphTarget) -> str:
    expressions = [_read(column) for column in target.columns]
    if isinstance(target, RelationshipTarget):
        expressions[:2] = [f"a.{name(target.source.key.name)}", f"b.{name(target.target.key.name)}"]
    return ", ".join(f"{expression} AS c{index}" for index, expression in enumerate(expressions))


def _read(column: Property) -> str:
    """A property of `r` for Arrow, where Ladybug loses the sign of decimals of fewer than 19 digits."""
    if pa.types.is_decimal(column.type):
        return f"CAST(r.{name(column.name)} AS DECIMAL({MAX_DIGITS}, {column.type.scale}))"
    return f"r.{name(column.name)}"


def _copied(target: GraphTarget) -> Sequence[Property]:
    return target.columns if isinstance(target, NodeTarget) else target.properties


def _table(target: GraphTarget) -> str:
    return target.label if isinstance(target, NodeTarget) else target.type

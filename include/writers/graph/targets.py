"""What a graph's writer fills, whatever the store: labels with their key, relationship types with their two ends.

A description is data: the stores' statements, their schema and the checks of rows are derived from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from include.errors import DefectError
from include.writers.base import ArrowStream, Writer

# Columns of a relationship's rows that hold the keys of its two ends.
SOURCE = "source"
TARGET = "target"


@dataclass(frozen=True, slots=True)
class Property:
    """One property and its Arrow type, which the stores translate; every property but a key may be null."""

    name: str
    type: pa.DataType


@dataclass(frozen=True, slots=True)
class NodeTarget:
    """The nodes of one label.

    Rows have one column for the key and one for each property, by name; other columns are left aside.

    Args:
        label: the label, or the node table's name.
        key: unique among all nodes of the label, never null.
        properties: what else a node holds.
        scope: the property (one of `properties`) whose value says to which slice of the label a node belongs, such as
            the store: what a load does not bring is deleted from its own slice only. None: the label is one slice.
    """

    label: str
    key: Property
    properties: tuple[Property, ...] = ()
    scope: str | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise DefectError(f"The label {self.label} has a property twice.")
        if self.scope is not None and self.scope not in names[1:]:
            raise DefectError(f"The scope {self.scope} of the label {self.label} is none of its properties.")

    @property
    def name(self) -> str:
        """What the target is called in messages and counts: its label."""
        return self.label

    @property
    def columns(self) -> tuple[Property, ...]:
        """The key and the properties, in this order: the columns that rows must have."""
        return (self.key, *self.properties)


@dataclass(frozen=True, slots=True)
class RelationshipTarget:
    """The relationships of one type between two labels, at most one from one node to another.

    Rows have the columns `source` and `target`, which hold the keys of both ends, and one column for each property.
    A relationship belongs to the slice of its source node.

    Args:
        type: the relationship type, or the name of the relationship table (group).
        source: the nodes at which it begins.
        target: the nodes at which it ends.
        properties: what it holds.
    """

    type: str
    source: NodeTarget
    target: NodeTarget
    properties: tuple[Property, ...] = ()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise DefectError(f"The relationship type {self.type} has a property twice, or one named source or target.")

    @property
    def name(self) -> str:
        """What the target is called in messages and counts: its pattern."""
        return f"{self.source.label}-{self.type}->{self.target.label}"

    @property
    def columns(self) -> tuple[Property, ...]:
        """Both ends' keys and the properties, in this order: the columns that rows must have."""
        ends = (Property(SOURCE, self.source.key.type), Property(TARGET, self.target.key.type))
        return (*ends, *self.properties)


GraphTarget = NodeTarget | RelationshipTarget


class GraphWriter(Writer, Protocol):
    """A writer into a graph: each write names the target that its rows are for.

    `finish` writes nodes before relationships, whatever the order of the writes, and counts every target that the
    writer was opened with, in their order. A relationship one of whose ends is not there is a refused row (code
    `orphan`), one without a key too (`null_key`). Refused rows are known once `finish` was called; their positions run
    over all that was written, in the order of the writes.
    """

    def write(self, data: ArrowStream, target: GraphTarget | None = None) -> None:
        """Takes rows for a target, in any order of targets; None where there is only one. See `Writer.write`."""

"""Refused nodes and relationships as dead letters: into the ledger's rejects, and back to rows to write again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from include.results import Reject
from include.writers.base import RefusedRow
from include.writers.graph.targets import GraphTarget


@dataclass(frozen=True, slots=True)
class RefusedElement(RefusedRow):
    """A refused row of a graph's load: the name of its target, and the row as a JSON object, which logs never show."""

    target: str = ""
    raw: str = field(default="", repr=False)


def refused_element(refused: RefusedRow, target: GraphTarget, row: dict[str, Any]) -> RefusedElement:
    """The refused row with what is needed to write it again: the values of the target's columns."""
    values = {column.name: row.get(column.name) for column in target.columns}
    raw = json.dumps(values, ensure_ascii=False, default=str)
    return RefusedElement(refused.position, refused.error, target.name, raw)


def as_reject(refused: RefusedElement) -> Reject:
    """The ledger's form. A graph's rows come from tables: `part` is the target, the places are the row's number."""
    number = refused.position + 1
    error = refused.error
    return Reject(refused.target, number, number, number, error.column, error.code, error.what, refused.raw)


def rows_again(target: GraphTarget, raws: Iterable[str]) -> pa.Table:
    """The rows of dead letters of one target, to be written by a writer that is `partial`.

    Text stays text where the column's type cannot be read from it: the writer refuses that row once more.
    """
    rows = [json.loads(raw) for raw in raws]
    columns = [_column([row.get(column.name) for row in rows], column.type) for column in target.columns]
    return pa.table(columns, names=[column.name for column in target.columns])


def _column(values: list[Any], wanted: pa.DataType) -> pa.Array:
    array = pa.array(values)
    try:
        return array.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array

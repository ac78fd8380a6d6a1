"""The rows of a graph target, from what was written to what a store has to change: typed, each key once, sorted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import DefectError, RowError
from include.writers.base import RefusedRow
from include.writers.errors import write_isolating
from include.writers.graph.rejects import RefusedElement, refused_element
from include.writers.graph.targets import GraphTarget, RelationshipTarget

# Columns beside the target's own: the row's position over all that was written, and row numbers for joins.
POSITION = "_position"
OURS, THEIRS = "_ours", "_theirs"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a store has to do so that it holds the rows: `write` and `delete` those; `unchanged` are there."""

    write: pa.Table
    delete: pa.Table
    unchanged: int


class TargetRows:
    """Collects what is written to one target.

    Args:
        target: its columns are what is kept of the rows.
    """

    def __init__(self, target: GraphTarget) -> None:
        self.target = target
        self.refused: list[RefusedElement] = []
        self._fields = [pa.field(column.name, column.type) for column in target.columns]
        self._keys = [field.name for field in self._fields[: key_columns(target)]]
        self._schema = pa.schema([*self._fields, pa.field(POSITION, pa.int64())])
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch, position: int) -> None:
        """Takes rows; those whose values are not of the column's type, or have no key, are refused.

        Args:
            batch: any columns, the target's among them.
            position: of the first row, over all that was written.

        Raises:
            DefectError: a column is not there, or its type can never be the target's.
        """
        absent = [field.name for field in self._fields if field.name not in batch.schema.names]
        if absent:
            raise DefectError(f"The rows for {self.target.name} have no column {', '.join(absent)}.")
        positions = pa.array(range(position, position + batch.num_rows), pa.int64())
        chosen = batch.select([field.name for field in self._fields]).append_column(POSITION, positions)
        self.refused += elements(self.target, chosen, write_isolating(chosen, self._take, 0))

    def prepared(self) -> tuple[pa.Table, int]:
        """All rows in key order, the last one of each key; and how many were left out for that."""
        table = pa.Table.from_batches(self._batches, self._schema)
        table = table.sort_by([(name, "ascending") for name in (*self._keys, POSITION)])
        kept = table.filter(_ends_of_runs(table.select(self._keys))) if table.num_rows else table
        return kept, table.num_rows - kept.num_rows

    def drop(self, refused: Iterable[RefusedElement]) -> None:
        """Leaves rows out that the store refused."""
        refused = list(refused)
        self.refused += refused
        gone = pa.array([row.position for row in refused], pa.int64())
        self._batches = [
            batch.filter(pc.invert(pc.is_in(batch.column(POSITION), value_set=gone))) for batch in self._batches
        ]

    def _take(self, chosen: pa.RecordBatch) -> None:
        columns = [_typed(chosen.column(field.name), field) for field in self._fields]
        nulls = [column.is_null() for column in columns[: len(self._keys)]]
        keyless = nulls[0] if len(nulls) == 1 else pc.or_(*nulls)
        first = pc.index(keyless, True).as_py()
        if first >= 0:
            name = next(name for name, null in zip(self._keys, nulls, strict=True) if null[first].as_py())
            raise RowError(f"The key {name} of {self.target.name} is null.", row=first, column=name, code="null_key")
        self._batches.append(pa.RecordBatch.from_arrays([*columns, chosen.column(POSITION)], schema=self._schema))


def key_columns(target: GraphTarget) -> int:
    """How many of the target's first columns identify an element."""
    return 2 if isinstance(target, RelationshipTarget) else 1


def difference(target: GraphTarget, rows: pa.Table, stored: pa.Table) -> Difference:
    """Compares prepared rows with what is stored of their scope; null equals null.

    Args:
        target: of both.
        rows: the target's columns and more, each key once, in key order.
        stored: the target's columns and more; of what another program stored twice, one goes.

    Returns:
        What to write, in key order, and the stored rows to delete.
    """
    keys = rows.schema.names[: key_columns(target)]
    if not stored.num_rows:
        return Difference(rows, stored, 0)
    ours = rows.select(keys).append_column(OURS, pa.array(range(rows.num_rows), pa.int64()))
    theirs = stored.select(keys).append_column(THEIRS, pa.array(range(stored.num_rows), pa.int64()))
    joined = ours.join(theirs, keys, join_type="full outer").sort_by(OURS)
    vanished = joined.filter(pc.field(OURS).is_null())[THEIRS]
    present = joined.filter(pc.field(OURS).is_valid())
    if present.num_rows > rows.num_rows:
        one_each = _ends_of_runs(present.select([OURS]))
        vanished = pa.chunked_array([*vanished.chunks, *present.filter(pc.invert(one_each))[THEIRS].chunks])
        present = present.filter(one_each)
    same = present[THEIRS].is_valid()
    beside = stored.take(present[THEIRS])
    for column in target.columns[len(keys) :]:
        same = pc.and_(same, _same(rows[column.name], beside[column.name]))
    changed = rows.filter(pc.invert(same))
    return Difference(changed, stored.take(vanished), rows.num_rows - changed.num_rows)


def elements(target: GraphTarget, rows: pa.RecordBatch, refused: Iterable[RefusedRow]) -> list[RefusedElement]:
    """Rows refused at places of the batch, each at its place over all that was written, with its values."""
    found = []
    for row in refused:
        values = rows.slice(row.position, 1).to_pylist()[0]
        found.append(refused_element(RefusedRow(values[POSITION], row.error), target, values))
    return found


def _typed(column: pa.Array, field: pa.Field[pa.DataType]) -> pa.Array:
    if column.type.equals(field.type):
        return column
    try:
        return column.cast(field.type)
    except pa.ArrowNotImplementedError as error:
        raise DefectError(f"Column {field.name} holds {column.type}, which is never {field.type}.") from error
    except pa.ArrowInvalid as error:
        raise RowError(f"A value is not of the type {field.type}.", column=field.name, code="wrong_type") from error


def _ends_of_runs(keys: pa.Table) -> pa.Array:
    """True for the last row of each run of equal keys."""
    following = keys.slice(1)
    same = pa.chunked_array([pa.array([True] * following.num_rows, pa.bool_())])
    for name in keys.column_names:
        same = pc.and_(same, pc.equal(keys[name].slice(0, following.num_rows), following[name]))
    return pa.concat_arrays([pc.invert(same).combine_chunks(), pa.array([True])])


def _same(ours: pa.ChunkedArray, theirs: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(ours.type):
        return pa.chunked_array([pa.array([a == b for a, b in zip(ours.to_pylist(), theirs.to_pylist(), strict=True)])])
    return pc.coalesce(pc.equal(ours, theirs), pc.and_(ours.is_null(), theirs.is_null()))

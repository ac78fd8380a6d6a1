"""A block of text records -> a batch of typed rows, with one reject for each record that is at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column, Contract
from include.readers.blocks import Fault, TextBlock, TypedBatch
from include.readers.cells.column import TypedColumn, arrow_type, read_column
from include.readers.cells.inspection import Mask, TextColumn, to_mask, without_blanks
from include.readers.cells.reading import Flaw, Reading
from include.readers.families import as_objects
from include.results import Reject

# Where a row came from and whether it is at fault; see TypedBatch.
PLACE = (("_sequence", pa.int64()), ("_part", pa.int32()), ("_line", pa.int64()), ("_fault", pa.int8()))


def batch_schema(contract: Contract) -> pa.Schema:
    """The schema of the rows of every batch of a contract, also where there is none."""
    return pa.schema([*((column.name, _stored(column)) for column in contract.columns), *PLACE])


def _stored(column: Column) -> pa.DataType:
    """The Arrow type of a column; a family's is the text of a JSON object."""
    return pa.string() if column.family else arrow_type(column)


@dataclass(frozen=True, slots=True)
class BlockReader:
    """Reads the blocks of one part.

    `name` and `position` are the part's, `first_sequence` the number of its first record over all parts. `positions`:
    column -> position of its cell; `constants`: contract column -> its value in every row. `families`: contract column
    -> member of its family -> the column that the member is read as, whose name `positions` has too. `headers`: what
    rejects call such a column, since no column of the contract is meant by it alone.
    """

    contract: Contract
    name: str
    position: int
    first_sequence: int
    positions: Mapping[str, int]
    constants: Mapping[str, pa.Scalar]
    families: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> Iterator[Column]:
        """What cells are read as: the contract's columns, with a family's members in its place."""
        for column in self.contract.columns:
            yield from self.families.get(column.name, {}).values() if column.family else (column,)

    def read(self, block: TextBlock, readings: Mapping[str, Reading]) -> TypedBatch:
        """Types a block's records.

        Args:
            block: the records as text.
            readings: how each column that the file has is read.

        Returns:
            Rows in the file's order without folded ones. A record that the text layer rejected keeps
            its group key alone.
        """
        total = block.cells.num_rows + block.blank
        block = without_empty(block)
        columns = {
            column.name: read_column(
                block.cells.column(str(self.positions[column.name])), column, readings[column.name]
            )
            for column in self.columns
            if column.name in readings
        }
        refused = np.flatnonzero(refused_rows(block))
        columns = _without_refused(columns, refused, self.contract.group)
        folded = self._folded(columns, refused, block.cells.num_rows)
        flaws = _by_row(columns, self.columns, folded)
        faults = self._faults(flaws, refused, block.cells.num_rows)
        rows = self._rows(block, columns, faults)
        kept = rows if folded is None else rows.filter(to_mask(~folded))
        rejects = sorted((*block.rejects, *self._rejects(block, flaws)), key=lambda reject: reject.record)
        return TypedBatch(kept, tuple(rejects), total, total - kept.num_rows, self._raw(block))

    def _raw(self, block: TextBlock) -> Callable[[int], str]:
        return lambda sequence: block.raw(sequence - self.first_sequence + 1)

    def _folded(self, columns: Mapping[str, TypedColumn], refused: Any, rows: int) -> Mask | None:
        """The records that the contract folds; None where there is none, or where the file has none of the columns."""
        wanted = self.contract.folds_when_blank
        members = (member.name for name in wanted for member in self.families.get(name, {}).values())
        named = [columns[name] for name in (*wanted, *members) if name in columns]
        if not named:
            return None
        folded = np.ones(rows, np.bool_)
        for column in named:
            folded &= _nulls(column.values)
            folded[list(column.flaws)] = False
        folded[refused] = False
        if self.contract.group is not None and self.contract.group in columns:
            folded &= ~_nulls(columns[self.contract.group].values)
        return folded if folded.any() else None

    def _faults(self, flaws: _Flaws, refused: Any, rows: int) -> pa.Int8Array:
        faults = np.zeros(rows, np.int8)
        faults[refused] = Fault.ROW
        for row, found in flaws.items():
            faults[row] = Fault.GROUP if any(column.group for column, _ in found) else Fault.ROW
        return pa.array(faults)

    def _rows(self, block: TextBlock, columns: Mapping[str, TypedColumn], faults: pa.Int8Array) -> pa.RecordBatch:
        count = block.cells.num_rows
        values = {column.name: self._values(column, columns, count) for column in self.contract.columns}
        values["_sequence"] = pc.add(block.records, self.first_sequence - 1)
        values["_part"] = pa.repeat(pa.scalar(self.position, pa.int32()), count)
        values["_line"] = block.lines
        values["_fault"] = faults
        return pa.RecordBatch.from_arrays(list(values.values()), names=list(values))

    def _values(self, column: Column, columns: Mapping[str, TypedColumn], count: int) -> pa.Array:
        if column.family:
            members = self.families.get(column.name, {})
            return as_objects({name: columns[member.name].values for name, member in members.items()}, count)
        if column.name in columns:
            return columns[column.name].values
        if column.name in self.constants:
            return pa.repeat(self.constants[column.name], count)
        return pa.nulls(count, arrow_type(column))

    def _rejects(self, block: TextBlock, flaws: _Flaws) -> Iterator[Reject]:
        lines, records = block.lines.to_numpy(), block.records.to_numpy()
        for row, found in flaws.items():
            column, flaw = found[0]
            record = int(records[row])
            yield Reject(
                part=self.name,
                line=int(lines[row]),
                record=record,
                sequence=self.first_sequence + record - 1,
                column=self.headers.get(column.name, column.name),
                code=flaw.code,
                reason=flaw.reason + _others(len(found) - 1),
                raw=block.raw(record),
            )


# Zero-based row -> its flaws, in the contract's order of columns.
_Flaws = dict[int, list[tuple[Column, Flaw]]]


def _by_row(columns: Mapping[str, TypedColumn], order: Iterable[Column], folded: Mask | None) -> _Flaws:
    flaws: _Flaws = {}
    for column in order:
        found = columns[column.name].flaws if column.name in columns else {}
        for row, flaw in found.items():
            if folded is None or not folded[row]:
                flaws.setdefault(row, []).append((column, flaw))
    return flaws


def _others(count: int) -> str:
    return f"; {count} more column{'s' if count > 1 else ''} of the row failed" if count else ""


def _nulls(values: pa.Array) -> Mask:
    mask: Mask = pc.is_null(values).to_numpy(zero_copy_only=False)
    return mask


def refused_rows(block: TextBlock) -> Mask:
    """The records that the text layer rejected."""
    return np.isin(block.records.to_numpy(), [reject.record for reject in block.rejects])


def without_empty(block: TextBlock) -> TextBlock:
    """The block without records whose cells are all blank; what the text layer rejected stays."""
    empty = _empty(block.cells)
    if not empty.any():
        return block
    # Also under the rest of the header, of which no columns were made.
    empty[empty] = _empty(block.whole(block.records.to_numpy()[empty]))
    empty &= ~refused_rows(block)
    kept = to_mask(~empty)
    return replace(
        block, cells=block.cells.filter(kept), lines=block.lines.filter(kept), records=block.records.filter(kept)
    )


def _empty(cells: pa.RecordBatch) -> Mask:
    """The rows whose cells are all blank."""
    empty = np.ones(cells.num_rows, np.bool_)
    for column in cells.columns:
        empty &= _nulls(without_blanks(TextColumn(column)).cells)
        if not empty.any():
            break
    return empty


def _without_refused(columns: dict[str, TypedColumn], refused: Any, group: str | None) -> dict[str, TypedColumn]:
    """The columns with only the group key in the rows that the text layer refused: their cells may be shifted."""
    if len(refused) == 0:
        return columns
    gone = frozenset(refused.tolist())
    mask = np.zeros(len(next(iter(columns.values())).values), np.bool_) if columns else np.zeros(0, np.bool_)
    mask[refused] = True
    blanked = to_mask(mask)
    return {name: _blanked(column, gone, None if name == group else blanked) for name, column in columns.items()}


def _blanked(column: TypedColumn, rows: frozenset[int], mask: pa.BooleanArray | None) -> TypedColumn:
    flaws = {row: flaw for row, flaw in column.flaws.items() if row not in rows}
    if mask is None:
        return TypedColumn(column.values, flaws)
    return TypedColumn(pc.if_else(mask, pa.scalar(None, column.values.type), column.values), flaws)

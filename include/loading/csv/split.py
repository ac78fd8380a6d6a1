"""Rows are numbered and split in hand, and go to the server as the rows of their tables.

What cannot be told from the rows that stream by, an order that stands in several places, is found before the commit:
its key is there twice, or the order of a rejected header is stored after all. Then nothing of it holds, and the caller
loads by way of the staging table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from include.errors import DefectError
from include.loading.csv.plan import Numbers, Plan
from include.loading.csv.stage import Intake, Share, Source, Staged, reject_at
from include.readers.blocks import Fault, TypedBatch
from include.readers.parsing import int64_array
from include.results import Reject
from include.writers.postgres.streams import PostgresSplitWriter, ScatteredError


@dataclass(slots=True)
class _Tally:
    """What the first table's rows are not: rows that continue another one, and the numbers of rejected ones."""

    continuations: int = 0
    rejected: set[int] = field(default_factory=set)
    groups: list[str] = field(default_factory=list)


def write_split(reader: Source, writer: PostgresSplitWriter, plan: Plan, intake: Intake) -> Staged:
    """Reads all parts into the tables and collects the rejects, each with its place.

    Args:
        reader: of the dataset's parts.
        writer: open, with the plan's targets.
        plan: the dataset's plan, with a numbering.
        intake: takes rejects and counts.

    Raises:
        BudgetError, FileError: see `Intake.batches`.
        RowError: the server refuses a row; nothing of the load holds.
    """
    if plan.numbering is None:
        raise DefectError(f"The plan of {plan.contract.name} has no numbering.")
    load = _SplitLoad(reader, writer, plan, plan.numbering.client(), intake)
    for batch in intake.batches(reader, plan.contract.name):
        load.take(batch)
    load.end()
    headers = Share(load.tally.continuations, frozenset(load.tally.rejected))
    shares = tuple(headers if filling.rejected else Share(0, None) for filling in plan.fillings)
    return Staged(intake.read, intake.folded, intake.spool.count, shares)


@dataclass(slots=True)
class _SplitLoad:
    """One load under way. `waiting`: the reject of the row that is held back, whose place is not known yet."""

    reader: Source
    writer: PostgresSplitWriter
    plan: Plan
    numbers: Numbers
    intake: Intake
    tally: _Tally = field(default_factory=_Tally)
    waiting: dict[int, Reject] = field(default_factory=dict)

    def take(self, batch: TypedBatch) -> None:
        """Writes a batch's rows and collects its rejects."""
        known = self.waiting | {reject.sequence: reject for reject in batch.rejects}
        with self.intake.stopwatch.phase("number"):
            numbered = list(self.numbers.number(batch.rows))
        for rows in numbered:
            self._write(rows, known, batch)
        held = self.numbers.held
        self.waiting = {held: known.pop(held)} if held is not None and held in known else {}
        self.intake.spool.add(known.values())

    def end(self) -> None:
        """Writes what was held back and makes sure that each group stood in one place."""
        for rows in self.numbers.end():
            self._write(rows, self.waiting, None)
        self.intake.spool.add(self.waiting.values())
        if len(set(self.tally.groups)) < len(self.tally.groups):
            raise ScatteredError("A group was rejected in two places.")
        self.writer.complete(absent=self.tally.groups)

    def _write(self, rows: pa.RecordBatch, known: dict[int, Reject], batch: TypedBatch | None) -> None:
        self.writer.write(rows)
        place, order_fault = (rows.column(name).to_numpy(zero_copy_only=False) for name in ("line_no", "order_fault"))
        unplaced = np.isnan(place) if place.dtype.kind == "f" else np.zeros(len(place), np.bool_)
        self.tally.continuations += int(((place > 1) & ~order_fault).sum())
        sequence = rows.column("_sequence").to_numpy()
        self.tally.rejected.update(sequence[unplaced | order_fault].tolist())
        fault = rows.column("_fault").to_numpy()
        at_fault = np.flatnonzero(~unplaced & (order_fault | (fault != Fault.NONE)))
        if len(at_fault):
            self.intake.spool.add(self._placed(rows.take(int64_array(at_fault)), known, batch))

    def _placed(self, rows: pa.RecordBatch, known: dict[int, Reject], batch: TypedBatch | None) -> Iterator[Reject]:
        """The rejects of rows at fault, each with its place; those whose order was rejected are found here."""
        group = self.plan.contract.group
        columns = ("_sequence", "_part", "_line", "line_no", "order_fault", group)
        for sequence, part, line, place, order_fault, key in zip(
            *(rows.column(name).to_pylist() for name in columns), strict=True
        ):
            if order_fault and place == 1:
                self.tally.groups.append(key)
            reject = known.pop(sequence, None)
            if reject is None and batch and self.plan.numbering:
                verdict = self.plan.numbering.with_its_group if place > 1 else self.plan.numbering.headless
                at = {"_sequence": sequence, "_part": part, "_line": line}
                reject = reject_at(at, self.reader, *verdict)._replace(raw=batch.raw(sequence))
            if reject:
                yield reject._replace(group_key=key, place=place)

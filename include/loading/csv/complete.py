"""Rows are completed in hand, and go to the server as the rows of their table.

What cannot be told from the rows that stream by is found before the commit: a key that is there twice, or rows of one
product in several places of the file. Then nothing of it holds, and the caller loads by way of the staging table.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import DefectError
from include.loading.csv.plan import Completing, Plan
from include.loading.csv.stage import Intake, Share, Source, Staged, reject_at
from include.readers.blocks import TypedBatch
from include.results import Reject
from include.writers.postgres.streams import PostgresSplitWriter, ScatteredError


def write_completed(reader: Source, writer: PostgresSplitWriter, plan: Plan, intake: Intake) -> Staged:
    """Reads all parts into the tables and collects the rejects.

    Args:
        reader: of the dataset's parts.
        writer: open, with the plan's targets.
        plan: the dataset's plan, with a completing.
        intake: takes rejects and counts.

    Raises:
        ScatteredError: what was completed does not hold.
        BudgetError, FileError: see `Intake.batches`.
        RowError: the server refuses a row; nothing of the load holds.
    """
    if plan.completing is None:
        raise DefectError(f"The plan of {plan.contract.name} has no completing.")
    completion = plan.completing.client()
    for batch in intake.batches(reader, plan.contract.name):
        with intake.stopwatch.phase("complete"):
            rows = completion.complete(batch.rows)
        intake.spool.add(batch.rejects)
        nameless = _nameless(rows, plan.completing)
        if nameless.true_count:
            intake.spool.add(_rejects(rows.filter(nameless), batch, plan.completing, reader))
            rows = rows.filter(pc.invert(nameless))
        writer.write(rows)
    if completion.scattered:
        raise ScatteredError("A group of rows stands in several places.")
    writer.complete()
    shares = tuple(Share(0, None) for _ in plan.fillings)
    return Staged(intake.read, intake.folded, intake.spool.count, shares)


def _nameless(rows: pa.RecordBatch, completing: Completing) -> pa.BooleanArray:
    """Sound rows that nothing names."""
    column, _, _ = completing.nameless
    faulty = rows.column("_fault").cast(pa.bool_())  # Fault.NONE is the only one that is 0
    return pc.and_not(pc.is_null(rows.column(column)), faulty)


def _rejects(rows: pa.RecordBatch, batch: TypedBatch, completing: Completing, reader: Source) -> Iterator[Reject]:
    for place in rows.select(["_sequence", "_part", "_line"]).to_pylist():
        yield reject_at(place, reader, *completing.nameless)._replace(raw=batch.raw(place["_sequence"]))

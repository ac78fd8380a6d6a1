"""Reads a dataset into the writer's staging table, and says what of it becomes which table's row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa
from psycopg import sql

from include.errors import BudgetError
from include.ledger.rejects import RejectSpool
from include.loading.plan import Filling, Plan
from include.readers.blocks import Fault, Part, TypedBatch
from include.results import Counts, Reject
from include.timing import Stopwatch
from include.writers.base import RefusedRow, WriteCounts
from include.writers.choice import LoadWriter
from include.writers.postgres_copy import STAGING
from include.writers.postgres_errors import translated


class Source(Protocol):
    """Where the rows to stage come from: a delivery's files, or a few records of them that are read again."""

    @property
    def parts(self) -> Sequence[Part]: ...

    @property
    def rows_read(self) -> Sequence[int]: ...

    def batches(self) -> Iterator[TypedBatch]: ...

    def raw(self, sequences: Collection[int]) -> Mapping[int, str]: ...


@dataclass(frozen=True, slots=True)
class Share:
    """What one table does not take of the staged rows: continuations of another row, and the rejects it counts.

    `rejected` holds their numbers where they are not simply all of the dataset's.
    """

    continuations: int
    rejected: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Staged:
    """A dataset in the staging table: rows read, folded by the reader and rejected, and each table's share."""

    rows_read: int
    folded: int
    rejected: int
    shares: tuple[Share, ...]

    def counts(self, index: int, written: WriteCounts) -> Counts:
        """The arithmetic of one table on the file's own grain."""
        share = self.shares[index]
        return Counts(
            rows_read=self.rows_read,
            inserted=written.inserted,
            updated=written.updated,
            unchanged=written.unchanged,
            deleted=written.deleted,
            duplicates=written.duplicates,
            rejected=self.rejected if share.rejected is None else len(share.rejected),
            folded=self.folded + share.continuations,
        )

    def rejects_of(self, index: int, spool: RejectSpool) -> Iterable[Reject]:
        """The rejects that one table's load counts."""
        wanted = self.shares[index].rejected
        return spool if wanted is None else (reject for reject in spool if reject.sequence in wanted)


def stage(
    reader: Source,
    writer: LoadWriter,
    plan: Plan,
    spool: RejectSpool,
    stopwatch: Stopwatch,
    max_rejected: int | None,
    report: Callable[[int], None],
) -> Staged:
    """Reads all parts into the staging table and collects the rejects.

    Args:
        reader: of the dataset's parts.
        writer: open, with the plan's targets.
        plan: the dataset's plan.
        spool: takes the rejects.
        stopwatch: takes the time of reading, parsing and typing as `read`.
        max_rejected: absolute budget of rejected rows; reading stops as soon as it is exceeded.
        report: is told after each batch how many rows were read so far.

    Raises:
        BudgetError: more rows than `max_rejected` were rejected.
        FileError: the file cannot be read.
    """
    read = folded = 0
    refused: list[Reject] = []
    for batch in stopwatch.each("read", reader.batches()):
        spool.add(batch.rejects)
        refused += _write(writer, batch, plan, reader)
        read += batch.read
        folded += batch.folded
        report(read)
        if max_rejected is not None and spool.count > max_rejected:
            raise BudgetError(
                f"More than {max_rejected} rows of {plan.contract.name} were rejected: {spool.examples()}.",
                "Mend the file, or raise max_rejected_rows of the store.",
            )
    writer.prepare()
    spool.add(_with_raw([*refused, *_late_rejects(writer, plan, reader)], reader))
    return Staged(read, folded, spool.count, tuple(_share(writer, filling) for filling in plan.fillings))


def _write(writer: LoadWriter, batch: TypedBatch, plan: Plan, reader: Source) -> list[Reject]:
    """Stages a batch; a row that the server refuses is a reject and keeps its place as a faulty row."""
    start, known = writer.written, len(writer.refused)
    writer.write(batch.rows)
    rejects = []
    for refused in writer.refused[known:]:
        row = batch.rows.slice(refused.position - start, 1)
        rejects.append(_refused(refused, row, reader))
        writer.write(_placeholder(row, plan.contract.group))
    return rejects


def _placeholder(row: pa.RecordBatch, group: str | None) -> pa.RecordBatch:
    """A row that the server refused, emptied but for what keeps its place in its group."""
    kept = {group, "_sequence", "_part", "_line"}
    columns = [
        column if field.name in kept else pa.nulls(1, field.type)
        for field, column in zip(row.schema, row.columns, strict=True)
    ]
    columns[row.schema.get_field_index("_fault")] = pa.array([int(Fault.ROW)], row.schema.field("_fault").type)
    return pa.RecordBatch.from_arrays(columns, schema=row.schema)


def _refused(refused: RefusedRow, row: pa.RecordBatch, reader: Source) -> Reject:
    place = {name: row.column(name)[0].as_py() for name in ("_sequence", "_part", "_line")}
    code, reason = f"database_{refused.error.code}", refused.error.what
    return _reject(place, reader, refused.error.column, code, reason)


def _late_rejects(writer: LoadWriter, plan: Plan, reader: Source) -> Iterator[Reject]:
    if not plan.late_rejects:
        return
    with translated():
        rows = writer.connection.execute(sql.SQL(plan.late_rejects).format(staging=STAGING)).fetchall()
    for sequence, part, line, column, code, reason in rows:
        place = {"_sequence": sequence, "_part": part, "_line": line}
        yield _reject(place, reader, column, code, reason)


def _reject(place: Mapping[str, int], reader: Source, column: str | None, code: str, reason: str) -> Reject:
    sequence, part = place["_sequence"], place["_part"]
    return Reject(
        part=reader.parts[part].name,
        line=place["_line"],
        record=sequence - sum(reader.rows_read[:part]),
        sequence=sequence,
        column=column,
        code=code,
        reason=reason,
    )


def _with_raw(rejects: list[Reject], reader: Source) -> Iterator[Reject]:
    """The rejects with their records' text, which is read again: they are few, and the file was read past them."""
    raw = reader.raw({reject.sequence for reject in rejects}) if rejects else {}
    return (replace(reject, raw=raw[reject.sequence]) for reject in rejects)


def _share(writer: LoadWriter, filling: Filling) -> Share:
    with translated():
        continuations = 0
        if filling.continuations:
            row = writer.connection.execute(filling.continuations.encode()).fetchone()
            continuations = int(row[0]) if row else 0
        if filling.rejected is None:
            return Share(continuations, None)
        rows = writer.connection.execute(sql.SQL(filling.rejected).format(staging=STAGING)).fetchall()
    return Share(continuations, frozenset(int(row[0]) for row in rows))

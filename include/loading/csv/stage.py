"""Reads a dataset into the writer's staging table, and says what of it becomes which table's row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
from psycopg import sql
from psycopg.rows import TupleRow

from include.errors import BudgetError
from include.ledger.rejects import RejectSpool
from include.loading.csv.plan import Filling, Plan
from include.readers.blocks import Fault, Part, TypedBatch
from include.results import Counts, Reject
from include.timing import Stopwatch
from include.writers.base import RefusedRow, WriteCounts
from include.writers.choice import StagingWriter

# What queries over the staged rows yielded, by their words; the empty one yields nothing.
Answers = Mapping[str, list[TupleRow]]


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
    """A dataset on its way: rows read, folded by the reader and rejected, and each table's share.

    `places`: what the rejects' places in their groups can be asked of, where they do not know them.
    """

    rows_read: int
    folded: int
    rejected: int
    shares: tuple[Share, ...]
    places: sql.Composed | None = None

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


@dataclass(slots=True)
class Intake:
    """Reads a dataset batch by batch: collects rejects, counts, keeps to the budget.

    `max_rejected`: absolute budget of rejected rows; reading stops as soon as it is exceeded. `report` is told after
    each batch how many rows were read so far.
    """

    spool: RejectSpool
    stopwatch: Stopwatch
    max_rejected: int | None
    report: Callable[[int], None]
    read: int = 0
    folded: int = 0

    def batches(self, reader: Source, contract: str) -> Iterator[TypedBatch]:
        """The reader's batches; whoever takes them adds their rejects to the spool.

        Raises:
            BudgetError: more rows than `max_rejected` were rejected.
            FileError: the file cannot be read.
        """
        for batch in self.stopwatch.each("read", reader.batches()):
            yield batch
            self.read += batch.read
            self.folded += batch.folded
            self.report(self.read)
            if self.max_rejected is not None and self.spool.count > self.max_rejected:
                raise BudgetError(
                    f"More than {self.max_rejected} rows of {contract} were rejected: {self.spool.examples()}.",
                    "Mend the file, or raise max_rejected_rows of the store.",
                )


def stage(reader: Source, writer: StagingWriter, plan: Plan, intake: Intake) -> Staged:
    """Reads all parts into the staging table and collects the rejects.

    Args:
        reader: of the dataset's parts.
        writer: open, with the plan's targets.
        plan: the dataset's plan.
        intake: takes rejects and counts.

    Raises:
        BudgetError, FileError: see `Intake.batches`.
        RowError: the writer streams, and the server refuses a row.
    """
    numbers = plan.numbering.client() if plan.numbering else None
    refused: list[Reject] = []
    for batch in intake.batches(reader, plan.contract.name):
        intake.spool.add(batch.rejects)
        for rows in numbers.number(batch.rows) if numbers else (batch.rows,):
            refused += _write(writer, rows, plan, reader)
    for rows in numbers.end() if numbers else ():
        refused += _write(writer, rows, plan, reader)
    writer.complete()
    _arrange(writer, plan, renumber=bool(refused))
    answers = _prepare(writer, plan)
    intake.spool.add(_with_raw([*refused, *_late_rejects(answers[plan.late_rejects], reader)], reader))
    shares = tuple(_share(filling, answers) for filling in plan.fillings)
    places = writer.resolved(plan.places) if plan.places else None
    return Staged(intake.read, intake.folded, intake.spool.count, shares, places)


def _arrange(writer: StagingWriter, plan: Plan, *, renumber: bool) -> None:
    """Runs the preparation, and numbers the rows anew where the client's numbers do not hold.

    They do not where a group stands in several places, or where a row that the server refused was its group's first.
    """
    for statement in plan.preparation:
        writer.run(statement)
    numbering = plan.numbering
    if numbering and (renumber or writer.ask(numbering.scattered)[0][0]):
        writer.run(numbering.renumber)
        writer.read_from("numbered")


def _write(writer: StagingWriter, rows: pa.RecordBatch, plan: Plan, reader: Source) -> list[Reject]:
    """Stages rows; one that the server refuses is a reject and keeps its place as a faulty row."""
    start, known = writer.written, len(writer.refused)
    writer.write(rows)
    rejects = []
    for refused in writer.refused[known:]:
        row = rows.slice(refused.position - start, 1)
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
    return reject_at(place, reader, refused.error.column, code, reason)


def _prepare(writer: StagingWriter, plan: Plan) -> Answers:
    """Has the targets' rows made, and asks at once all that the plan wants to know of the staged ones."""
    wanted = (
        plan.late_rejects,
        *(query for filling in plan.fillings for query in (filling.continuations, filling.rejected)),
    )
    queries = [query for query in dict.fromkeys(wanted) if query]
    return {"": [], **dict(zip(queries, writer.prepare(queries), strict=True))}


def _late_rejects(rows: list[TupleRow], reader: Source) -> Iterator[Reject]:
    for sequence, part, line, column, code, reason in rows:
        place = {"_sequence": sequence, "_part": part, "_line": line}
        yield reject_at(place, reader, column, code, reason)


def reject_at(place: Mapping[str, int], reader: Source, column: str | None, code: str, reason: str) -> Reject:
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
    return (reject._replace(raw=raw[reject.sequence]) for reject in rejects)


def _share(filling: Filling, answers: Answers) -> Share:
    continuations = int(answers[filling.continuations][0][0]) if filling.continuations else 0
    if filling.rejected is None:
        return Share(continuations, None)
    return Share(continuations, frozenset(int(row[0]) for row in answers[filling.rejected]))

"""The ways into PostgreSQL, and the rule by which a load takes one.

Where a plan can make the tables' rows in hand, an upload whose slice of the tables was never loaded goes `straight` in,
and one that is delivered again is `compared` with what is stored. All else goes through the staging table, whose rows
the server makes the tables' rows of (`staged`). What does not lead to the end is begun anew by the next way: keys that
are there twice and orders or products in several places of the file are the server's to sort out, and a row that it
refuses is found by the last way (`isolating`), batch by batch. CockroachDB has one way of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from include.loading.csv.complete import write_completed
from include.loading.csv.job import Connect, Job
from include.loading.csv.plan import Plan
from include.loading.csv.split import write_split
from include.loading.csv.stage import Intake, Staged, stage
from include.postgres.dialect import dialect_of
from include.postgres.session import LoadSession
from include.readers.cells.block import PLACE
from include.readers.dataset import DatasetReader
from include.timing import Stopwatch
from include.writers.cockroach.writer import CockroachCopyWriter
from include.writers.postgres.compared import PostgresCompareWriter
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.staged import PostgresCopyWriter
from include.writers.postgres.straight import PostgresDirectWriter
from include.writers.postgres.streams import PostgresSplitWriter

# Bytes of a delivery from which on a table filled aside pays: its keys are built at once instead of row by row, a
# third of the time of a large load; making and attaching it takes some 10 ms.
ASIDE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Way:
    """One way: `open` makes the writer, `fill` brings the rows of a reader into it.

    `in_hand`: it needs each key once and each group in one place.
    """

    open: Callable[[Connect, Connection[TupleRow], Job, DatasetReader, Stopwatch], Any]
    fill: Callable[[DatasetReader, Any, Plan, Intake], Staged]
    in_hand: bool = False


def ways(connection: Connection[TupleRow], job: Job, *, new: bool) -> Iterator[Way]:
    """The ways that a load may take, the one to try first first; `new`: its slice was never loaded."""
    if dialect_of(connection) == "cockroachdb":
        yield COCKROACH
        return
    if job.plan.numbering or job.plan.completing:
        if new:
            yield STRAIGHT
        yield COMPARED
    if not job.plan.numbering:
        yield STAGED
    yield ISOLATING


def _fill_in_hand(reader: DatasetReader, writer: PostgresSplitWriter, plan: Plan, intake: Intake) -> Staged:
    return (write_split if plan.numbering else write_completed)(reader, writer, plan, intake)


def _open_direct(
    _connect: Connect, connection: Connection[TupleRow], job: Job, reader: DatasetReader, stopwatch: Stopwatch
) -> PostgresDirectWriter:
    return PostgresDirectWriter(
        connection,
        _narrowed(job, reader, stopwatch),
        aside=job.size >= ASIDE_BYTES,
        session=_session(job),
        lock=job.lock,
        stopwatch=stopwatch,
    )


def _open_compared(
    _connect: Connect, connection: Connection[TupleRow], job: Job, reader: DatasetReader, stopwatch: Stopwatch
) -> PostgresCompareWriter:
    return PostgresCompareWriter(
        connection, _narrowed(job, reader, stopwatch), session=_session(job), lock=job.lock, stopwatch=stopwatch
    )


def _open_staged(
    _connect: Connect,
    connection: Connection[TupleRow],
    job: Job,
    reader: DatasetReader,
    stopwatch: Stopwatch,
    *,
    streamed: bool,
) -> PostgresCopyWriter:
    return PostgresCopyWriter(
        connection,
        _schema(job, reader),
        job.targets,
        streamed=streamed,
        session=_session(job),
        lock=job.lock,
        stopwatch=stopwatch,
    )


def _schema(job: Job, reader: DatasetReader) -> pa.Schema:
    """Of the staged rows: the reader's, with the numbers that the client gives them."""
    return pa.schema([*reader.schema, *(job.plan.numbering.schema if job.plan.numbering else [])])


def _narrowed(job: Job, reader: DatasetReader, stopwatch: Stopwatch) -> list[Target]:
    """The targets without the columns that no row of this delivery sets: most of an order's, where a file has few."""
    with stopwatch.phase("read"):  # the parts' heads
        columns = reader.columns
    known = {*columns, *(name for name, _ in PLACE), *_made(job.plan)}
    return [
        replace(target, projection=target.projection.only(known)) if target.projection else target
        for target in job.targets
    ]


def _made(plan: Plan) -> Sequence[str]:
    """The columns that rows get in hand."""
    numbers = plan.numbering.schema.names if plan.numbering else ()
    return (*numbers, *(plan.completing.columns if plan.completing else ()))


def _session(job: Job) -> LoadSession:
    name = f"longshore {job.dataset} {job.upload.store} {job.upload.day}"
    return LoadSession(name, job.options.statement_timeout_ms)


def _open_cockroach(
    connect: Connect, connection: Connection[TupleRow], job: Job, reader: DatasetReader, stopwatch: Stopwatch
) -> CockroachCopyWriter:
    return CockroachCopyWriter(
        connection,
        _schema(job, reader),
        job.targets,
        reconnect=lambda: connect().__enter__(),  # left by closing it
        session=_session(job),
        stopwatch=stopwatch,
    )


STRAIGHT = Way(_open_direct, _fill_in_hand, in_hand=True)
COMPARED = Way(_open_compared, _fill_in_hand, in_hand=True)
STAGED = Way(partial(_open_staged, streamed=True), stage)
ISOLATING = Way(partial(_open_staged, streamed=False), stage)
COCKROACH = Way(_open_cockroach, stage)

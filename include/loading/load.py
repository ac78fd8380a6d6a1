"""Loads one dataset of one upload: read, stage, merge, ledger, in one transaction.

The unit is the dataset with all its parts. Whatever happens is in the ledger: loaded, unchanged, skipped (not
delivered), held (a person decides), or failed with its rejects, written after the rollback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.errors import HeldError, LongshoreError, RowError, TransientError
from include.ledger import loads, rejects
from include.ledger.rejects import RejectSpool
from include.loading import rules
from include.loading.csv.job import Connect, Job
from include.loading.csv.plan import Finding
from include.loading.csv.stage import Intake, Staged
from include.loading.csv.strategies import Way, ways
from include.log import line, logger
from include.postgres.dialect import dialect_of
from include.postgres.errors import UNIQUE_VIOLATION, translated
from include.readers.dataset import DatasetReader
from include.results import Counts, LoadResult, Status
from include.timing import Stopwatch
from include.writers.choice import LoadWriter, settle
from include.writers.errors import repeat_transient
from include.writers.postgres.streams import ScatteredError


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was loaded before: the current load of the slice, and the store's load of the day before."""

    current: loads.CurrentLoad | None
    previous: loads.CurrentLoad | None


def load_job(connect: Connect, job: Job) -> tuple[LoadResult, ...]:
    """Does what the job says, whatever pipeline made it; its promises and errors are those of a dataset of commerce."""
    stopwatch = Stopwatch()
    with RejectSpool() as spool:
        try:
            results = repeat_transient(lambda: _attempt(connect, job, spool, stopwatch))
        except LongshoreError as error:
            _record_failure(connect, job, spool, error, stopwatch)
            raise
    for result in results:
        _say(job, result)
    return results


def _attempt(connect: Connect, job: Job, spool: RejectSpool, stopwatch: Stopwatch) -> tuple[LoadResult, ...]:
    spool.clear()
    with stopwatch.phase("connect"):
        connected = connect()
    with connected as connection:
        if not job.upload.parts[job.dataset]:
            return _note(connection, job, Status.SKIPPED, stopwatch, "not delivered")
        with stopwatch.phase("ledger"):
            current, previous = loads.current_and_previous(connection, job.upload.key, job.names[0])
        same = current and (current.digest, current.fingerprint) == (job.digest, job.fingerprint)
        if same and not job.options.force:
            return _note(connection, job, Status.UNCHANGED, stopwatch, "the same bytes are loaded already")
        if not job.options.accept:
            rules.check_parts(job, current)
        return _write(connect, connection, job, Earlier(current, previous), spool, stopwatch)


def _write(
    connect: Connect,
    connection: Connection[TupleRow],
    job: Job,
    earlier: Earlier,
    spool: RejectSpool,
    stopwatch: Stopwatch,
) -> tuple[LoadResult, ...]:
    """Loads by the first way that leads to the end."""
    *others, last = ways(connection, job, new=earlier.current is None)
    scattered = False
    for way in others:
        if scattered and way.in_hand:
            continue
        try:
            return _write_by(way, connect, connection, job, earlier, spool, stopwatch)
        except RowError as met:
            scattered = scattered or isinstance(met, ScatteredError) or met.code == UNIQUE_VIOLATION
            spool.clear()
            logger("load").info(line("load-again", dataset=job.dataset, reason=met.what))
    return _write_by(last, connect, connection, job, earlier, spool, stopwatch)


def _write_by(
    way: Way,
    connect: Connect,
    connection: Connection[TupleRow],
    job: Job,
    earlier: Earlier,
    spool: RejectSpool,
    stopwatch: Stopwatch,
) -> tuple[LoadResult, ...]:
    with stopwatch.phase("begin"):
        reader = _reader(job)
        opened = way.open(connect, connection, job, reader, stopwatch)
    with opened as writer:
        with stopwatch.phase("begin"):
            job.ready(writer.connection)
        staged = way.fill(reader, writer, job.plan, Intake(spool, stopwatch, job.max_rejected, job.report))
        _attribute(stopwatch, reader)
        facts = _facts(job, reader, earlier)
        if not job.options.accept:
            rules.check_header(job, facts["header_changes"])
        if not job.may_exceed_budget:
            rules.check_budget(job, spool, staged.rows_read)
        results = settle(writer, lambda: _finish(writer, job, reader, facts, spool, staged, stopwatch))
    results = tuple(replace(result, ms=stopwatch.ms, phases=dict(stopwatch.phases)) for result in results)
    _note_commit(connection, job, results)
    return results


def _note_commit(connection: Connection[TupleRow], job: Job, results: tuple[LoadResult, ...]) -> None:
    """The load holds whether that is noted or not. Not on CockroachDB, where the statement could not be tried."""
    if dialect_of(connection) != "postgresql":
        return
    try:
        loads.note_commit(connection, results)
    except LongshoreError as error:
        logger("load").warning(line("commit-not-noted", dataset=job.dataset, reason=error.what))


def _attribute(stopwatch: Stopwatch, reader: DatasetReader) -> None:
    """Tells the time that the load waited for its reader apart, in the proportion in which the reader spent its own."""
    waited = sum(stopwatch.phases.get(name, 0.0) for name in ("read", "validate"))  # with that of ways tried before
    spent = reader.spent
    total = sum(spent.values())
    if total:
        stopwatch.phases |= {name: waited * ms / total for name, ms in spent.items()}


def _finish(
    writer: LoadWriter,
    job: Job,
    reader: DatasetReader,
    facts: dict[str, Any],
    spool: RejectSpool,
    staged: Staged,
    stopwatch: Stopwatch,
) -> tuple[LoadResult, ...]:
    """What is staged becomes the truth, and the ledger says so; may be done again as a whole."""
    written = writer.finish()
    counts = tuple(staged.counts(index, write) for index, write in enumerate(written))
    if not job.options.accept:
        rules.check_deletions(job, written)
    facts = facts | _findings(writer.connection, job, reader, stopwatch)
    results = _results(job, reader, facts, counts, stopwatch)
    if staged.rejected:
        writer.restate_provenance()
    with stopwatch.phase("ledger"):
        results = _record(writer.connection, job, results, facts, spool, staged)
    if job.options.dry_run:
        writer.discard()
    return results


def _reader(job: Job) -> DatasetReader:
    return DatasetReader(
        job.upload.parts[job.dataset],
        job.plan.contract,
        job.profile,
        time_zone=job.profile.time_zone or job.store.time_zone,
        options=job.storage,
    )


def _results(
    job: Job,
    reader: DatasetReader,
    facts: dict[str, Any],
    counts: tuple[Counts, ...],
    stopwatch: Stopwatch,
) -> tuple[LoadResult, ...]:
    files = tuple(replace(file, rows_read=rows) for file, rows in zip(job.files, reader.rows_read, strict=True))
    return tuple(
        LoadResult(
            dataset=name,
            status=Status.LOADED,
            counts=count,
            files=files,
            digest=job.digest,
            ms=stopwatch.ms,
            phases=dict(stopwatch.phases),
            unknown_columns=tuple(facts["unknown_columns"]),
            header_changes=tuple(facts["header_changes"]),
            message="dry run: nothing was committed" if job.options.dry_run else "",
        )
        for name, count in zip(job.names, counts, strict=True)
    )


def _facts(job: Job, reader: DatasetReader, earlier: Earlier) -> dict[str, Any]:
    parts = [part.as_json() for part in reader.facts]
    unknown = sorted({name for part in reader.facts for name in part.unknown_columns})
    before = earlier.current or earlier.previous
    return {
        "parts": parts,
        "profile": job.profile.name,
        "time_zone": job.profile.time_zone or job.store.time_zone,
        "unknown_columns": unknown,
        "header_changes": rules.header_changes(before.facts if before else None, parts),
    }


def _findings(
    connection: Connection[TupleRow], job: Job, reader: DatasetReader, stopwatch: Stopwatch
) -> dict[str, Any]:
    """What the plan asks about the rows as they now are, where a part has the column that it is about."""
    delivered = {name for part in reader.facts for name in part.mapping.positions}
    with stopwatch.phase("findings"):
        return {
            name: _finding(connection, job, finding)
            for name, finding in job.plan.findings.items()
            if finding.column in delivered
        }


def _finding(connection: Connection[TupleRow], job: Job, finding: Finding) -> dict[str, Any] | None:
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(finding.query.encode(), {"upload_id": job.upload.upload_id}).fetchone()


def _record(
    connection: Connection[TupleRow],
    job: Job,
    results: tuple[LoadResult, ...],
    facts: dict[str, Any],
    spool: RejectSpool,
    staged: Staged,
) -> tuple[LoadResult, ...]:
    for result in results:
        rules.check_balance(result)
    load_ids = loads.record(
        connection,
        job.upload.key,
        results,
        fingerprint=job.fingerprint,
        facts=facts,
        accepted_by=job.options.accepted_by if job.options.accept else None,
    )
    recorded = []
    for index, (result, load_id) in enumerate(zip(results, load_ids, strict=True)):
        reasons: Mapping[str, int] = {}
        if result.counts.rejected:
            reasons = rejects.write(connection, load_id, staged.rejects_of(index, spool))
            if staged.places:
                rejects.note_places(connection, load_id, staged.places)
        recorded.append(replace(result, reasons=dict(reasons), load_id=None if job.options.dry_run else load_id))
    return tuple(recorded)


def _note(
    connection: Connection[TupleRow], job: Job, status: Status, stopwatch: Stopwatch, message: str
) -> tuple[LoadResult, ...]:
    """Records a load that read nothing."""
    results = tuple(
        LoadResult(name, status, files=job.files, digest=job.digest, ms=stopwatch.ms, message=message)
        for name in job.names
    )
    if job.options.dry_run:
        return results
    load_ids = loads.record(connection, job.upload.key, results, fingerprint=job.fingerprint, facts={})
    return tuple(replace(result, load_id=load_id) for result, load_id in zip(results, load_ids, strict=True))


def _record_failure(
    connect: Connect, job: Job, spool: RejectSpool, error: LongshoreError, stopwatch: Stopwatch
) -> None:
    """Writes what failed or is held, in a transaction of its own; a database out of reach is said in the log."""
    if job.options.dry_run:
        return
    status = Status.HELD if isinstance(error, HeldError) else Status.FAILED
    facts = rules.failure_facts(job.store, error)
    counts = Counts(rows_read=spool.count, rejected=spool.count)
    try:
        with connect() as connection, translated(), connection.transaction():
            results = [
                LoadResult(name, status, counts, job.files, job.digest, stopwatch.ms, message=str(error))
                for name in job.names
            ]
            load_ids = loads.record(connection, job.upload.key, results, fingerprint=job.fingerprint, facts=facts)
            for result, load_id in zip(results, load_ids, strict=True):
                rejects.write(connection, load_id, spool)
                _say(job, replace(result, load_id=load_id))
    except TransientError as unreachable:
        logger("load").error(line("load-not-recorded", dataset=job.dataset, reason=unreachable.what))


def _say(job: Job, result: LoadResult) -> None:
    """The one line per load that people and machines read."""
    rows = result.counts.rows_read
    logger("load").info(
        line(
            "load",
            dataset=result.dataset,
            store=job.upload.store,
            day=job.upload.day,
            upload=job.upload.upload_id,
            status=result.status.value,
            rows=rows,
            ms=round(result.ms, 1),
            ms_per_row=round(result.ms / rows, 4) if rows else "",
            rows_per_s=result.rows_per_s,
            rejects=result.counts.rejected,
            message=result.message,
        )
    )

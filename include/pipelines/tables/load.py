"""Loads one file into the table of its contract, by the engine that loads the commerce datasets."""

from __future__ import annotations

import datetime as dt
import shlex
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from include.contracts import fingerprint
from include.errors import LongshoreError, TransientError, UsageError
from include.ledger import explain, loads, runs
from include.ledger.runs import RunSource
from include.loading.csv.job import Connect, Job, LoadOptions, Report
from include.loading.csv.plan import Filling, Plan
from include.loading.load import load_job
from include.loading.upload import Upload
from include.log import line, logger
from include.migrations import migrate
from include.pipelines.tables.contract import Merge, TableContract
from include.pipelines.tables.rules import BROKEN, broken_rules
from include.pipelines.tables.schema import ensure_table, table_exists
from include.postgres.errors import translated
from include.postgres.kept import KeptConnection
from include.results import LoadResult
from include.settings import today
from include.sources.files import list_file, opened_part

PIPELINE = "tables"

# Namespace of the slices' ids: UUIDv5 of table and source, so that every load of a slice finds the one before.
NAMESPACE = uuid.UUID("0c2d7a54-8f53-5d43-a7be-7f9f6f3f1c55")


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What is to be loaded: `file` is a path or URL, `source` whose it is (by default the table's schema).

    `day` None is today; it is what the ledger calls the delivery's day, and decides nothing. `storage` are options of
    fsspec, for object stores.
    """

    file: str
    contract: TableContract
    source: str | None = None
    day: dt.date | None = None
    options: LoadOptions = field(default_factory=LoadOptions)
    storage: Mapping[str, Any] | None = field(default=None, repr=False)


def load_table(
    connect: Connect,
    request: TableRequest,
    run: RunSource,
    *,
    raises: bool = True,
    report: Report = lambda _rows: None,
) -> LoadResult:
    """Loads the file: staged, each key once, merged, counted, and recorded in the ledger, in one transaction.

    Args:
        connect: opens an autocommit connection; the schema `ledger` is brought up to date first.
        request: what is wanted.
        run: who asked for it.
        raises: else a failed or held load is a result too, as the ledger noted it.
        report: told after each batch how many rows were read so far.

    Returns:
        What became of it; `load_id` is None for a dry run.

    Raises:
        HeldError: nothing changed; the message says why and what to do.
        FileError: the file cannot be read, or (BudgetError) has too many rejects.
        SetupError: the table is not what the contract says, or another thing has to be changed first.
        TransientError: the database stayed out of reach through all attempts.
    """
    if request.contract.scope and not request.source:
        raise UsageError(
            f"The contract of {request.contract.table} keeps each source's rows apart (scope:"
            f" {request.contract.scope}), and nothing says whose file this is.",
            "Say it: --source NAME (source_name of the operator).",
        )
    with KeptConnection(connect) as kept:
        return _load(kept, request, run, report, raises=raises)


def _load(connect: Connect, request: TableRequest, run: RunSource, report: Report, *, raises: bool) -> LoadResult:
    with connect() as connection, translated():
        migrate(connection)
        if not table_exists(connection, request.contract.target):
            # Whatever the ledger says of these bytes: somebody took the table away.
            request = replace(request, options=replace(request.options, force=True))
        rules = broken_rules(connection, request.contract)
    file = list_file(request.file, request.storage)
    part = opened_part(file, request.storage)
    with _run(connect, run, dry_run=request.options.dry_run) as run_id:
        source = request.source or request.contract.table.split(".")[0]
        upload = Upload(
            run_id=run_id,
            upload_id=slice_id(request.contract, request.source, part.name),
            store=source,
            day=request.day or today(),
            url=file.url,
            parts={request.contract.table: (part,)},
        )
        try:
            [result] = load_job(connect, _job(upload, request, rules, report))
        except LongshoreError:
            noted = None if raises else _noted(connect, upload).get(request.contract.table)
            if noted is None:
                raise
            return noted
    return result


def slice_id(contract: TableContract, source: str | None, file: str) -> str:
    """The id under which the ledger knows the slice that a delivery is the truth for, the text of a UUID."""
    by_file = f"/{file}" if contract.merge is Merge.APPEND else ""
    return str(uuid.uuid5(NAMESPACE, f"{contract.table}/{source if contract.scope else ''}{by_file}"))


def lock_name(upload_id: str) -> str:
    """Name of the lock under which one transaction at a time writes a slice."""
    return f"tables/{upload_id}"


def _plan(contract: TableContract, rules: str | None) -> Plan:
    """How rows reach the table; those that break its `rules` (`broken_rules`) do not."""
    sound = f" AND _sequence NOT IN (SELECT _sequence FROM {BROKEN})" if rules else ""  # noqa: S608 # a name of ours
    filling = Filling(
        contract.table,
        contract.target,
        contract.select + sound,
        unique=not contract.key,
        deletes=contract.merge is not Merge.UPSERT,
    )
    late = f"SELECT _sequence, _part, _line, column_name, code, reason FROM {BROKEN}" if rules else ""  # noqa: S608 # as above
    return Plan(contract.contract, (filling,), late, preparation=(rules,) if rules else ())


def _job(upload: Upload, request: TableRequest, rules: str | None, report: Report) -> Job:
    contract = request.contract
    [part] = upload.parts[contract.table]
    return Job(
        upload=upload,
        dataset=contract.table,
        plan=_plan(contract, rules),
        store=contract.limits,
        profile=contract.profile,
        options=request.options,
        digest=loads.digest([part.sha256]),
        fingerprint=fingerprint(contract.model_dump(mode="json")),
        scope=contract.scope_of(request.source, part.name),
        lock=lock_name(upload.upload_id),
        remedy=_remedy(upload, request.source),
        ready=partial(ensure_table, table=contract.target),
        parts_by_name=False,
        report=report,
        storage=request.storage,
    )


def _remedy(upload: Upload, source: str | None) -> str:
    """`uploads` knows a store's deliveries only: a file is let through where it is loaded."""
    whose = f" --source {shlex.quote(source)}" if source else ""
    command = f"./longshore load table {shlex.quote(upload.url)} --contract CONTRACT{whose} --accept"
    return (
        f"See what it would change with `{command} --dry-run`; let it through with `{command}` (in a DAG: the run's"
        " parameter `accept`), or deliver it again."
    )


def _noted(connect: Connect, upload: Upload) -> dict[str, LoadResult]:
    with connect() as connection:
        return explain.of_run(connection, upload.run_id, upload.upload_id)


@contextmanager
def _run(connect: Connect, source: RunSource, *, dry_run: bool) -> Iterator[int]:
    """The run in the ledger for the length of the block; a dry run's is taken back."""
    with connect() as connection:
        run_id = runs.open_run(connection, source)
    try:
        yield run_id
    finally:
        try:
            _end(connect, run_id, dry_run=dry_run)
        except TransientError as unreachable:
            logger("load").error(line("run-not-closed", run=run_id, reason=unreachable.what))


def _end(connect: Connect, run_id: int, *, dry_run: bool) -> None:
    with connect() as connection, translated():
        if dry_run:
            connection.execute("DELETE FROM ledger.runs WHERE run_id = %s", [run_id])
        else:
            runs.close_run(connection, run_id)

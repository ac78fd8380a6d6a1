"""How `uploads show` prints an upload."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from include.cli.load import COUNTS, some
from include.cli.output import words
from include.cli.rows import cell_text, print_table

if TYPE_CHECKING:
    from include.ledger.attempts import UploadState
    from include.ledger.explain import RecordedLoad
    from include.pipelines.commerce.operate.review import Review, TableReview


def print_review(found: Review) -> None:
    """Prints what is loaded of an upload, its newest attempts, and what those that wait would change."""
    from include.results import Status

    upload = found.upload
    typer.echo(cell_text(f"Upload {upload.upload_id}: {upload.store} {upload.day}"))
    typer.echo(cell_text(f"last opened from {upload.url or 'an unknown place (by an earlier version)'}"))
    loads = [load for table in found.tables for load in (table.current,) if load]
    if loads:
        _table("Loaded now", ("dataset", "load", "rows", "recorded (UTC)", "accepted by"), map(_load_row, loads))
        files = {(load.result.load_id, file) for load in loads for file in load.result.files}
        ordered = sorted(files, key=lambda one: (one[0] or 0, one[1].file))
        rows = [(number, file.file, file.rows_read, file.size, file.sha256[:12]) for number, file in ordered]
        _table("Their files", ("load", "file", "rows", "bytes", "sha256"), rows)
    _table(
        "Newest attempts", ("dataset", "load", "status", "rejected", "recorded (UTC)"), map(_attempt_row, found.tables)
    )
    for message, datasets in _messages(found).items():
        typer.echo(cell_text(f"{', '.join(datasets)}: {message}"))
    waiting = [table for table in found.tables if table.would]
    if waiting:
        _print_changes(waiting)
    if found.remark:
        typer.echo(cell_text(f"\nWhat waits could not be read: {found.remark}"))
    if upload.names(Status.HELD):
        for line in _next_steps(upload, changed=any(table.same_bytes is False for table in waiting)):
            words().print(line, markup=False)


def _next_steps(upload: UploadState, *, changed: bool) -> Iterator[str]:
    """What lets it through; files that are no longer those that were held are a delivery of their own."""
    from include.loading.upload import shell_name

    name = shell_name(upload.store, upload.day)
    if not changed:
        yield f"Let it through: ./longshore uploads accept {name}"
        return
    whose = f"--store {shlex.quote(upload.store)} --day {upload.day}"
    yield f"Load what lies there now: ./longshore load commerce {shlex.quote(upload.url or '')} {whose}"
    yield f"Let it through whatever it is: ./longshore uploads accept {name} --force"


def _print_changes(waiting: list[TableReview]) -> None:
    counts = COUNTS[1:]
    rows = [
        [table.dataset, table.would.status.value, table.rows_now, table.rows_then]
        + [getattr(table.would.counts, name) for name in counts]
        for table in waiting
        if table.would
    ]
    columns = ("dataset", "status", "now", "then", *counts)
    _table("What waits, if it were loaded now (tried, and taken back)", columns, rows)
    for table in waiting:
        for line in _remarks(table):
            typer.echo(cell_text(f"{table.dataset}: {line}"))


def _remarks(table: TableReview) -> Iterator[str]:
    from include.ledger.text import storable

    would = table.would
    if would is None:
        return
    if not table.same_bytes:
        yield "the files are no longer those of the attempt"
    # The ledger's own text has signs in place of what PostgreSQL does not store.
    if would.status.value == "failed" and storable(would.message) != table.attempt.result.message:
        yield would.message
    if would.reasons:
        yield "rejected by code: " + ", ".join(f"{code} {count}" for code, count in would.reasons.items())
    if would.header_changes:
        yield f"the header changed since the load before: {some(would.header_changes, '--json')}"


def _messages(found: Review) -> dict[str, list[str]]:
    """What the attempts that are not loaded had to say, each message once."""
    said: dict[str, list[str]] = {}
    for table in found.tables:
        message = table.attempt.result.message
        if message:
            said.setdefault(message, []).append(table.dataset)
    return said


def _load_row(load: RecordedLoad) -> list[object]:
    from include.pipelines.commerce.operate.review import rows_left

    result = load.result
    return [result.dataset, result.load_id, rows_left(result.counts), _moment(load), load.accepted_by]


def _attempt_row(table: TableReview) -> list[object]:
    result = table.attempt.result
    return [result.dataset, result.load_id, result.status.value, result.counts.rejected, _moment(table.attempt)]


def _moment(load: RecordedLoad) -> str:
    return f"{load.recorded_at:%Y-%m-%d %H:%M:%S}"


def _table(title: str, columns: tuple[str, ...], rows: Iterable[Sequence[object]]) -> None:
    typer.echo(f"\n{title}")
    print_table(columns, rows)

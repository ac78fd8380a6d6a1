"""The rules that stand between a delivery and the tables: held deliveries, reject budgets, arithmetic, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.contracts import fingerprint
from include.errors import BudgetError, DefectError, FileError, HeldError, LongshoreError
from include.ledger.loads import CurrentLoad
from include.ledger.rejects import RejectSpool
from include.loading.csv.job import Job
from include.results import LoadResult
from include.settings import StoreSettings
from include.writers.base import WriteCounts

# From this many rows on percentages mean something: 3 of 50 rows gone is a shop that tidied up.
PERCENT_FROM_ROWS = 100

# Header names in a message; a product export has 60 of them.
NAMES_SAID = 12


def limits_of(store: StoreSettings) -> str:
    """Hex digest of what a store lets pass: the same bytes that were too faulty once may do after it was changed."""
    return fingerprint(store.max_rejected_percent, store.max_rejected_rows, store.over_budget)


def failure_facts(store: StoreSettings, error: LongshoreError) -> dict[str, Any]:
    """What the ledger notes of a failed load; `limits` only where the fault lies in the file's bytes."""
    at_fault = {"limits": limits_of(store)} if isinstance(error, FileError) else {}
    return {"error": type(error).__name__, **at_fault}


def check_parts(job: Job, current: CurrentLoad | None) -> None:
    """Holds a delivery with a file of 0 bytes, or (where parts go by their names) without one that the load before had.

    Raises:
        HeldError: names the parts.
    """
    parts = job.upload.parts[job.dataset]
    earlier = current.files if current else ()
    empty = [part.name for part in parts if part.size == 0]
    if empty:
        before = (
            f"the load before read {sum(file['rows_read'] for file in earlier)} rows"
            if current
            else "none of it was loaded before"
        )
        raise HeldError(
            f"{_delivery(job)} has {len(empty)} of {len(parts)} files with 0 bytes ({', '.join(empty)}); {before}.",
            job.remedy,
        )
    if not job.parts_by_name:
        return
    missing = {file["file"] for file in earlier} - {part.name for part in parts}
    if missing:
        raise HeldError(
            f"{_delivery(job)} has {len(parts)} files, the load before had {len(earlier)}; not here any more:"
            f" {', '.join(sorted(missing))}.",
            job.remedy,
        )


def check_deletions(job: Job, written: Sequence[WriteCounts]) -> None:
    """Holds a delivery that would take more of a table than `max_deleted_percent`, from 100 rows on.

    Raises:
        HeldError: says both counts.
    """
    upload, allowed = job.upload, job.store.max_deleted_percent
    for name, counts in zip(job.names, written, strict=True):
        before = counts.deleted + counts.updated + counts.unchanged
        if before >= PERCENT_FROM_ROWS and counts.deleted * 100 > before * allowed:
            kept = counts.inserted + counts.updated + counts.unchanged
            raise HeldError(
                f"{name} holds {before} rows of {upload.store} {upload.day} and would hold {kept}: {counts.deleted}"
                f" would be deleted, more than {allowed:g} percent.",
                job.remedy,
            )


def check_header(job: Job, changes: Sequence[str]) -> None:
    """Holds a delivery whose header is not that of the store's last one, where the store wants that.

    Args:
        job: of the delivery; its store says so by `hold_changed_header`.
        changes: as `header_changes` gives them.

    Raises:
        HeldError: says how many names came and went, and which.
    """
    if not job.store.hold_changed_header or not changes:
        return
    came = sum(change.startswith("+") for change in changes)
    more = f" and {len(changes) - NAMES_SAID} more" if len(changes) > NAMES_SAID else ""
    raise HeldError(
        f"The header of {_delivery(job)} is not that of the store's last delivery: {came} new"
        f" (+), {len(changes) - came} gone (-): {', '.join(changes[:NAMES_SAID])}{more}.",
        job.remedy,
    )


def check_budget(job: Job, spool: RejectSpool, rows_read: int) -> None:
    """Stops a load with more rejects than the store allows, in percent (from 100 rows on) or in rows.

    Raises:
        BudgetError: with the first reasons.
        HeldError: the same, where the store leaves it to a person (`over_budget: hold`).
    """
    store = job.store
    percent = rows_read >= PERCENT_FROM_ROWS and spool.count * 100 > rows_read * store.max_rejected_percent
    absolute = store.max_rejected_rows is not None and spool.count > store.max_rejected_rows
    if not percent and not absolute:
        return
    allowed = f"{store.max_rejected_rows} rows" if absolute else f"{store.max_rejected_percent:g} percent"
    what = f"{spool.count} of {rows_read} rows were rejected, {allowed} are allowed"
    if store.over_budget == "hold":
        raise HeldError(f"{_delivery(job)}: {what}. The first: {spool.examples()}.", job.remedy)
    raise BudgetError(
        f"{job.upload.url}: {job.dataset}: {what}; nothing of it is visible. The first: {spool.examples()}.",
        "See them all with `longshore rejects list`; mend the file or the profile, or raise the store's budget.",
    )


def check_balance(result: LoadResult) -> None:
    """Every row that was read is accounted for exactly once.

    Raises:
        DefectError: Longshore has lost or doubled a row; nothing is committed.
    """
    if not result.counts.balanced:
        raise DefectError(f"The counts of {result.dataset} do not add up: {result.counts}.", "Please report it.")


def header_changes(earlier: Mapping[str, Any] | None, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the header has gained (`+name`) and lost (`-name`) since the load that `earlier` are the facts of."""
    if not earlier or not earlier.get("parts"):
        return []
    before, now = (_headers(listed) for listed in (earlier["parts"], parts))
    if not before or not now:  # a file of 0 bytes says nothing about headers
        return []
    return [f"+{name}" for name in sorted(now - before)] + [f"-{name}" for name in sorted(before - now)]


def _delivery(job: Job) -> str:
    return f"{job.dataset} of {job.upload.store} {job.upload.day}"


def _headers(parts: Sequence[Mapping[str, Any]]) -> set[str]:
    return {name for part in parts for name in part["header"]}

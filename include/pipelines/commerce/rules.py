"""The rules that stand between a delivery and the tables: held deliveries, reject budgets, arithmetic, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.errors import BudgetError, DefectError, HeldError
from include.ledger.loads import CurrentLoad
from include.ledger.rejects import RejectSpool
from include.pipelines.commerce.uploads import Upload
from include.results import LoadResult
from include.settings import StoreSettings
from include.writers.base import WriteCounts

# From this many rows on percentages mean something: 3 of 50 rows gone is a shop that tidied up.
PERCENT_FROM_ROWS = 100

ACCEPT = "Look at the delivery; let it through with --accept (or the parameter `accept`), or deliver it again."


def check_parts(upload: Upload, dataset: str, current: CurrentLoad | None) -> None:
    """Holds a delivery with a file of 0 bytes, or without a part that the current load had.

    Raises:
        HeldError: names the parts.
    """
    parts = upload.parts[dataset]
    empty = [part.name for part in parts if part.size == 0]
    if empty:
        raise HeldError(f"{dataset} of {upload.store} {upload.day} has files of 0 bytes: {', '.join(empty)}.", ACCEPT)
    missing = {file["file"] for file in current.files} - {part.name for part in parts} if current else set()
    if missing:
        raise HeldError(
            f"{dataset} of {upload.store} {upload.day} has {len(parts)} parts; the load before had these too:"
            f" {', '.join(sorted(missing))}.",
            ACCEPT,
        )


def check_deletions(store: StoreSettings, names: Sequence[str], written: Sequence[WriteCounts]) -> None:
    """Holds a delivery that would take more of a table than `max_deleted_percent`, from 100 rows on.

    Raises:
        HeldError: says both counts.
    """
    for name, counts in zip(names, written, strict=True):
        before = counts.deleted + counts.updated + counts.unchanged
        if before >= PERCENT_FROM_ROWS and counts.deleted * 100 > before * store.max_deleted_percent:
            kept = counts.inserted + counts.updated + counts.unchanged
            raise HeldError(
                f"{name} holds {before} rows of this upload and would hold {kept}: {counts.deleted} would be deleted,"
                f" more than {store.max_deleted_percent:g} percent.",
                ACCEPT,
            )


def check_budget(store: StoreSettings, spool: RejectSpool, rows_read: int, subject: str) -> None:
    """Stops a load with more rejects than the store allows, in percent (from 100 rows on) or in rows.

    Raises:
        BudgetError: with the first reasons.
    """
    percent = rows_read >= PERCENT_FROM_ROWS and spool.count * 100 > rows_read * store.max_rejected_percent
    absolute = store.max_rejected_rows is not None and spool.count > store.max_rejected_rows
    if not percent and not absolute:
        return
    allowed = f"{store.max_rejected_rows} rows" if absolute else f"{store.max_rejected_percent:g} percent"
    raise BudgetError(
        f"{subject}: {spool.count} of {rows_read} rows were rejected, {allowed} are allowed; nothing of it is visible."
        f" The first: {spool.examples()}.",
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
    return [f"+{name}" for name in sorted(now - before)] + [f"-{name}" for name in sorted(before - now)]


def _headers(parts: Sequence[Mapping[str, Any]]) -> set[str]:
    return {name for part in parts for name in part["header"]}

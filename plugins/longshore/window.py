"""What a run was asked for, whoever started it: its days, its store or folder, and what it waits for.

    from, until      as given; `from` alone reaches to the run's own last day, `until` alone is that day
    scheduled run    the days of its data interval
    backfill         the same
    any other run    the day of its moment and the day before; the moment is its logical date, or else the time at
                     which it was made (`run_after`), which every run has

Days are UTC days. A run for days that nobody named also takes what the ledger lacks of earlier deliveries, except in a
backfill. Only a scheduled run waits for folders to settle: whoever starts a run by hand has looked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.errors import UsageError

if TYPE_CHECKING:
    from airflow.sdk.types import DagRunProtocol

    from include.pipelines.commerce.delivery.extract import Window
    from include.pipelines.commerce.delivery.upload_id import Delivery

SCHEDULED, BACKFILL = "scheduled", "backfill"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is for. `store` None is every store; `delivery` is the one folder that was asked for, if any."""

    window: Window
    store: str | None
    delivery: Delivery | None
    settle: bool
    lookback: bool


def resolve(params: Mapping[str, Any], run: DagRunProtocol) -> RunRequest:
    """Reads a run's parameters `store`, `from`, `until` and `folder`, and its kind.

    Raises:
        UsageError: a date that is none, a window that ends before it starts, a folder whose store or day nobody names.
    """
    first, last = day_of(params, "from"), day_of(params, "until")
    named = first is not None or last is not None
    folder, store = params.get("folder"), params.get("store")
    delivery = _delivery(folder, store, first or last) if folder else None
    if delivery:
        first = last = delivery.day
    return RunRequest(
        window=_window(first, last, run),
        store=store,
        delivery=delivery,
        settle=run.run_type == SCHEDULED,
        lookback=not named and run.run_type != BACKFILL,
    )


def day_of(params: Mapping[str, Any], name: str) -> dt.date | None:
    """The parameter as a day; None where it is not given.

    Raises:
        UsageError: it is no date.
    """
    text = params.get(name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"The parameter {name!r} is {text!r}, which is no date.", "Write it as 2025-01-31.") from error


def _window(first: dt.date | None, last: dt.date | None, run: DagRunProtocol) -> Window:
    from include.pipelines.commerce.delivery.extract import Window

    own_first, own_last = _own_days(run)
    return Window(first or last or own_first, last or own_last)


def _own_days(run: DagRunProtocol) -> tuple[dt.date, dt.date]:
    start, end = run.data_interval_start, run.data_interval_end
    if run.run_type in {SCHEDULED, BACKFILL} and start and end:
        within = max(start, end - dt.timedelta(microseconds=1))
        return _utc_day(start), _utc_day(within)
    moment = _utc_day(run.logical_date or run.run_after)
    return moment - dt.timedelta(days=1), moment


def _utc_day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(dt.UTC).date()


def _delivery(folder: str, store: str | None, day: dt.date | None) -> Delivery:
    """The folder as a delivery: parameters go before the last two components of its path."""
    from include.pipelines.commerce.delivery.upload_id import Delivery

    *_, parent, name = ["", "", *folder.rstrip("/").split("/")]
    try:
        day = day or dt.date.fromisoformat(name)
    except ValueError as error:
        raise UsageError(
            f"The folder {folder} does not end in a day.", "Name it <store>/<YYYY-MM-DD>, or give `from`."
        ) from error
    if not (store or parent):
        raise UsageError(f"Nobody says whose delivery {folder} is.", "Name it <store>/<YYYY-MM-DD>, or give `store`.")
    return Delivery(store or parent, day, folder)

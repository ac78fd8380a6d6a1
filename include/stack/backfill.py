"""Loads days of the past through the running Airflow: its own backfill for all stores, a run a day for one store.

A conf that is given to a backfill stays with the runs that it makes again, and one that is not given keeps what an
earlier backfill said (a single store's, say). So every conf is complete: each parameter of the DAG has its value.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote, urlencode

from include.errors import SetupError, TransientError, UsageError

DAG = "commerce_to_postgres"

Reprocess = Literal["none", "completed", "failed"]

# One call of Airflow's REST API: method, path, body -> the answer's object; urllib's errors.
Call = Callable[[str, str, dict[str, Any] | None], dict[str, Any]]

# States as Airflow has them; `present` is ours: a run of that day exists and stays as it is.
ENDED = frozenset({"success", "failed"})
PRESENT = "present"

# Runs in one answer; Airflow's own limit.
PAGE = 100

# Seconds between two looks at the runs: a run of a day takes about 5.
POLL_S = 2.0

# Seconds after its last run within which Airflow closes a backfill (it looks every 30 s), and some air.
CLOSING_S = 60.0

RUN_PREFIX = "store_backfill"


class ConflictError(SetupError):
    """Another backfill of the DAG is active."""


@dataclass(frozen=True, slots=True)
class Range:
    """The days to load, both included, of one store or (None) of all, and how."""

    first: dt.date
    last: dt.date
    store: str | None = None
    max_active_runs: int = 4
    reprocess: Reprocess = "none"
    force: bool = False

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise UsageError(f"The range ends on {self.last}, before it starts on {self.first}.", "Swap the dates.")

    @property
    def days(self) -> list[dt.date]:
        """Every day of the range."""
        return [self.first + dt.timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class DayRun:
    """What became of one day: `state` is Airflow's, `waiting` before there is a run, or `present`."""

    day: dt.date
    state: str = "waiting"
    run_id: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED or self.state == PRESENT


def backfill(call: Call, wanted: Range, *, poll_s: float = POLL_S) -> Iterator[list[DayRun]]:
    """Starts the runs and yields the state of all days again and again, until every run has ended.

    Args:
        call: of the running Airflow, signed in.
        wanted: what to load.
        poll_s: seconds between two looks.

    Raises:
        SetupError: the DAG is missing or paused, or another backfill of it runs.
        UsageError: Airflow refuses the range.
        TransientError: Airflow does not answer any more; what was started goes on.
    """
    with_defaults = _defaults(call)
    follow = _follow_store if wanted.store else _follow_all
    for runs in follow(call, wanted, with_defaults):
        yield runs
        if all(run.ended for run in runs):
            return
        time.sleep(poll_s)


def _defaults(call: Call) -> dict[str, Any]:
    """Every parameter of the DAG with its default."""
    details = _ask(call, "GET", f"/api/v2/dags/{DAG}/details")
    if details.get("is_paused"):
        raise SetupError(
            f"The DAG {DAG} is paused, so its runs would wait for ever.",
            f"Unpause it: ./longshore airflow dags unpause {DAG}",
        )
    return {name: parameter.get("value") for name, parameter in (details.get("params") or {}).items()}


def _follow_all(call: Call, wanted: Range, defaults: Mapping[str, Any]) -> Iterator[list[DayRun]]:
    body = {
        "dag_id": DAG,
        "from_date": f"{wanted.first}T00:00:00Z",
        "to_date": f"{wanted.last}T00:00:00Z",
        "dag_run_conf": {**defaults, "force": wanted.force},
        "reprocess_behavior": wanted.reprocess,
        "max_active_runs": wanted.max_active_runs,
    }
    planned = _ask(call, "POST", "/api/v2/backfills/dry_run", body)["backfills"]
    started = {_day(run["logical_date"]) for run in planned}
    if started:
        _start(call, body)
    window = {"logical_date_gte": str(body["from_date"]), "logical_date_lte": str(body["to_date"])}
    while True:
        # Runs that people made by hand bear the moment at which they made them.
        found = {_day(run["logical_date"]): run for run in _runs(call, window) if _is_midnight(run["logical_date"])}
        yield [_day_run(day, found.get(day), started) for day in wanted.days]


def _start(call: Call, body: dict[str, Any]) -> None:
    """Makes the backfill, once Airflow has closed one whose runs have all ended: it is a while behind."""
    deadline = time.monotonic() + CLOSING_S
    while True:
        try:
            _ask(call, "POST", "/api/v2/backfills", body)
            return
        except ConflictError:
            if time.monotonic() > deadline or _unfinished(call):
                raise
            time.sleep(POLL_S)


def _unfinished(call: Call) -> bool:
    """Whether a run of any backfill of the DAG still has something to do."""
    query = f"/api/v2/dags/{DAG}/dagRuns?run_type=backfill&state=queued&state=running&limit=1"
    return bool(_ask(call, "GET", query)["dag_runs"])


def _day_run(day: dt.date, run: Mapping[str, Any] | None, started: set[dt.date]) -> DayRun:
    if run is None:
        # Neither a run nor one to come: Airflow has no such interval (today, or tomorrow).
        return DayRun(day) if day in started else DayRun(day, PRESENT)
    return DayRun(day, run["state"] if day in started else PRESENT, run["dag_run_id"])


def _follow_store(call: Call, wanted: Range, defaults: Mapping[str, Any]) -> Iterator[list[DayRun]]:
    newest = {_day_of_run_id(run["dag_run_id"]): run for run in _store_runs(call, wanted)}
    runs = [_planned(day, newest.get(day), wanted.reprocess) for day in wanted.days]
    while True:
        free = wanted.max_active_runs - sum(bool(run.run_id) and not run.ended for run in runs)
        waiting = [run.day for run in runs if not run.run_id][: max(free, 0)]
        begun = {day: _trigger(call, wanted, day, defaults) for day in waiting}
        runs = [begun.get(run.day, run) for run in runs]
        yield runs
        states = {run["dag_run_id"]: run["state"] for run in _store_runs(call, wanted)}
        runs = [run if run.ended else replace(run, state=states.get(run.run_id, run.state)) for run in runs]


def _store_runs(call: Call, wanted: Range) -> list[dict[str, Any]]:
    """The runs that an earlier or this backfill made for the store."""
    own = f"{RUN_PREFIX}__{wanted.store}"
    # Airflow reads the pattern as LIKE does, where an underscore stands for any character.
    return [run for run in _runs(call, {"run_id_pattern": f"{own}__%"}) if _store_of(run["dag_run_id"]) == own]


def _store_of(run_id: str) -> str:
    """A run id of `_trigger` without day and moment."""
    return run_id.rsplit("__", 2)[0]


def _planned(day: dt.date, newest: Mapping[str, Any] | None, reprocess: Reprocess) -> DayRun:
    """The same rules as Airflow's: a run that is under way stays, one that has ended stays unless it is asked for."""
    again = {"none": frozenset[str](), "failed": frozenset({"failed"}), "completed": ENDED}[reprocess]
    if newest is None or newest["state"] in again:
        return DayRun(day)
    return DayRun(day, PRESENT, newest["dag_run_id"])


def _trigger(call: Call, wanted: Range, day: dt.date, defaults: Mapping[str, Any]) -> DayRun:
    text = day.isoformat()
    conf = {**defaults, "store": wanted.store, "from": text, "until": text, "force": wanted.force}
    moment = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    body = {"dag_run_id": f"{RUN_PREFIX}__{wanted.store}__{text}__{moment}", "logical_date": None, "conf": conf}
    run = _ask(call, "POST", f"/api/v2/dags/{DAG}/dagRuns", body)
    return DayRun(day, run["state"], run["dag_run_id"])


def _runs(call: Call, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """All runs that pass the filters, oldest first."""
    offset = 0
    while True:
        query = urlencode({**filters, "order_by": "run_after", "limit": PAGE, "offset": offset}, quote_via=quote)
        runs = _ask(call, "GET", f"/api/v2/dags/{DAG}/dagRuns?{query}")["dag_runs"]
        yield from runs
        if len(runs) < PAGE:
            return
        offset += PAGE


def _ask(call: Call, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        return call(method, path, body)
    except urllib.error.HTTPError as error:
        raise _refused(error) from error
    except OSError as error:
        raise TransientError(
            f"Airflow does not answer ({error}).", "Runs that were started go on; ./longshore status shows what runs."
        ) from error


def _refused(error: urllib.error.HTTPError) -> SetupError:
    detail = _detail(error)
    if error.code == 404:
        return SetupError(
            f"Airflow has no DAG {DAG}: {detail}.", "See why: ./longshore airflow dags list-import-errors"
        )
    if error.code == 409:
        return ConflictError(
            f"Airflow refuses: {detail}.", "Let it end, or cancel it in the web interface (Backfills)."
        )
    if error.code in {400, 422}:
        return UsageError(f"Airflow refuses the range: {detail}.")
    return SetupError(f"Airflow answered with {error.code}: {detail}.", "See ./longshore logs api-server.")


def _detail(error: urllib.error.HTTPError) -> str:
    """Airflow's own words."""
    try:
        detail = json.load(error)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = error.reason
    return str(detail).rstrip(".")


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(dt.UTC) if text else None


def _day(text: str | None) -> dt.date:
    moment = _moment(text)
    return moment.date() if moment else dt.date.min


def _is_midnight(text: str | None) -> bool:
    moment = _moment(text)
    return moment is not None and moment.time() == dt.time()


def _day_of_run_id(run_id: str) -> dt.date:
    return dt.date.fromisoformat(run_id.rsplit("__", 2)[1])

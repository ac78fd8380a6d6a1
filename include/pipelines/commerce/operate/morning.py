"""The morning after: which stores delivered, and what a person has to look at, as values for pages and alerts alike."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import UsageError
from include.ledger import rejects, speed
from include.ledger.attempts import Attempt, UploadState, states, stores_between
from include.loading.upload import shell_name
from include.pipelines.commerce.delivery.upload_id import DATASETS
from include.results import Status
from include.settings import StoresFile

# A store that nobody listed is expected for so many days after it was last seen.
SEEN_DAYS = 30

DELIVERED = (Status.LOADED, Status.UNCHANGED)

# What is made of the loads, and goes by the upload that ends their window: how a person makes it again.
PRODUCTS = {
    "bundles": "./longshore bundles mine --store {store}",
    "product_graph": "./longshore graph build --store {store}",
}

# Says which of the datasets the landing zone holds for a store and day.
Landed = Callable[[str, dt.date], Collection[str]]


class Kind(StrEnum):
    """What a finding is about, the gravest first."""

    FAILED = "failed"
    LATE = "late"
    HELD = "held"
    REJECTS = "rejects"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should look at: what it is, and the next command to type.

    `load_id` is the load it is about, None where nothing was loaded. `reasons` is the number of rejects by code.
    """

    kind: Kind
    store: str
    day: dt.date
    datasets: tuple[str, ...]
    what: str
    command: str
    load_id: int | None = None
    reasons: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class StoreDay:
    """What came of one store for one day.

    `due_at` is the moment, in the store's zone, by which the day's files should have been there; `missing` are the
    expected datasets that were not delivered. `state` is failed, late, held, waiting (not due yet), delivered, or
    `nothing due` where nothing is expected and nothing came.
    """

    store: str
    day: dt.date
    listed: bool
    state: str
    due_at: dt.datetime
    delivered: tuple[str, ...]
    missing: tuple[str, ...]
    held: tuple[str, ...]
    failed: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Morning:
    """All stores, and all that is to be looked at, the gravest first. `at` is the moment of asking, in UTC."""

    at: dt.datetime
    stores: tuple[StoreDay, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that `report --json` prints."""
        return {**asdict(self), "slow_rule": speed.RULE}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One store's question: its day, what is expected of it, and what the ledger has."""

    store: str
    day: dt.date
    listed: bool
    due_at: dt.datetime
    expected: tuple[str, ...]
    attempts: dict[str, Attempt]
    rows: int

    def with_status(self, *wanted: Status) -> tuple[str, ...]:
        return tuple(name for name in DATASETS if name in self.attempts and self.attempts[name].status in wanted)

    @property
    def missing(self) -> tuple[str, ...]:
        here = self.with_status(*DELIVERED, Status.HELD, Status.FAILED)
        return tuple(name for name in self.expected if name not in here)


def morning(
    connection: Connection[TupleRow],
    stores: StoresFile,
    landing: str,
    *,
    day: dt.date | None = None,
    now: dt.datetime | None = None,
    storage: Mapping[str, Any] | None = None,
) -> Morning:
    """Looks at one day of every store that is listed or was seen in the 30 days before.

    Args:
        connection: to a migrated database.
        stores: settings per store.
        landing: path or URL of the landing zone, asked only about datasets that are late.
        day: the day; by default the one before today in each store's own zone.
        now: the present moment, with a zone.
        storage: options of fsspec, for object stores.
    """
    moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    asked = list(_asked(connection, stores, day, moment))
    findings = [
        *(finding for one in asked for finding in _late(one, moment, landing, stores, storage)),
        *(finding for one in asked for finding in (*_stopped(one), *_not_made(one))),
        *_loaded(connection, asked),
    ]
    order = list(Kind)
    findings.sort(key=lambda finding: (order.index(finding.kind), finding.store))
    return Morning(moment, tuple(_store_day(one, moment) for one in asked), tuple(findings))


def _asked(
    connection: Connection[TupleRow], stores: StoresFile, day: dt.date | None, moment: dt.datetime
) -> Iterator[_Asked]:
    newest = day or moment.date()
    names = set(stores.stores) | stores_between(connection, newest - dt.timedelta(days=SEEN_DAYS), newest)
    days = {name: day or _yesterday(stores.store(name).time_zone, moment) for name in names}
    uploads = _uploads(connection, set(days.values()))
    for name in sorted(names):
        settings, upload = stores.store(name), uploads.get((name, days[name]))
        yield _Asked(
            store=name,
            day=days[name],
            listed=stores.listed(name),
            due_at=dt.datetime.combine(
                days[name] + dt.timedelta(days=1), dt.time(settings.delivery_hour), ZoneInfo(settings.time_zone)
            ),
            expected=settings.datasets,
            attempts=upload.attempts if upload else {},
            rows=upload.rows if upload else 0,
        )


def _yesterday(zone: str, moment: dt.datetime) -> dt.date:
    return moment.astimezone(ZoneInfo(zone)).date() - dt.timedelta(days=1)


def _uploads(connection: Connection[TupleRow], days: Iterable[dt.date]) -> dict[tuple[str, dt.date], UploadState]:
    found = (upload for day in days for upload in states(connection, first=day, last=day))
    return {(upload.store, upload.day): upload for upload in found}


def _store_day(asked: _Asked, moment: dt.datetime) -> StoreDay:
    held, failed = asked.with_status(Status.HELD), asked.with_status(Status.FAILED)
    unmet = "late" if asked.due_at <= moment else "waiting"
    all_is_well = "delivered" if asked.expected or asked.attempts else "nothing due"
    states = (("failed", failed), ("late", unmet == "late" and asked.missing), ("held", held), (unmet, asked.missing))
    return StoreDay(
        store=asked.store,
        day=asked.day,
        listed=asked.listed,
        state=next((name for name, given in states if given), all_is_well),
        due_at=asked.due_at,
        delivered=asked.with_status(*DELIVERED),
        missing=asked.missing,
        held=held,
        failed=failed,
        rows=asked.rows,
    )


def _late(
    asked: _Asked, moment: dt.datetime, landing: str, stores: StoresFile, storage: Mapping[str, Any] | None
) -> Iterator[Finding]:
    if not asked.missing or asked.due_at > moment:
        return
    folder = f"{landing.rstrip('/')}/{asked.store}/{asked.day}"
    there = _landed(folder, storage)
    groups = {
        "in the landing zone and not loaded: no run has taken it yet": [n for n in asked.missing if n in there],
        f"not delivered; it was due by {asked.due_at:%Y-%m-%d %H:%M} {asked.due_at.tzinfo}. Ask the store; runs of the"
        f" {stores.store(asked.store).lookback_days} days after {asked.day} take it when it is there, or load it"
        " yourself": [n for n in asked.missing if n not in there],
    }
    for what, datasets in groups.items():
        if datasets:
            command = f"./longshore load commerce {shlex.quote(folder)}"
            yield Finding(Kind.LATE, asked.store, asked.day, tuple(datasets), what, command)


def _landed(folder: str, storage: Mapping[str, Any] | None) -> set[str]:
    """The datasets of which the folder has files; none where there is no folder."""
    from include.pipelines.commerce.delivery.extract import list_files

    try:
        return {name for name, files in list_files(folder, storage).items() if files}
    except UsageError:
        return set()


def _stopped(asked: _Asked) -> Iterator[Finding]:
    for kind, status in ((Kind.FAILED, Status.FAILED), (Kind.HELD, Status.HELD)):
        for name in asked.with_status(status):
            attempt = asked.attempts[name]
            command = f"./longshore uploads show {shell_name(asked.store, asked.day)}"
            if kind is Kind.FAILED and attempt.rejected:
                command = f"./longshore rejects list --load {attempt.load_id}"
            yield Finding(kind, asked.store, asked.day, (name,), attempt.message, command, attempt.load_id)


def _not_made(asked: _Asked) -> Iterator[Finding]:
    """Products whose newest attempt failed; nothing of the day's deliveries waits for them."""
    for name, command in PRODUCTS.items():
        attempt = asked.attempts.get(name)
        if attempt and attempt.status is Status.FAILED:
            again = command.format(store=shlex.quote(asked.store))
            yield Finding(Kind.FAILED, asked.store, asked.day, (name,), attempt.message, again, attempt.load_id)


def _loaded(connection: Connection[TupleRow], asked: Iterable[_Asked]) -> Iterator[Finding]:
    """Rejects and slowness of what is in the tables."""
    loads = {
        attempt.current_load_id: (one, attempt)
        for one in asked
        for attempt in one.attempts.values()
        if attempt.status in DELIVERED and attempt.current_load_id
    }
    for load_id, reasons in rejects.by_code(connection, loads).items():
        one, attempt = loads[load_id]
        if attempt.dataset == "orders":  # its lines' load has all of these and more
            continue
        what = f"{sum(reasons.values())} rows rejected: " + ", ".join(f"{code} {n}" for code, n in reasons.items())
        command = f"./longshore rejects list --load {load_id}"
        yield Finding(Kind.REJECTS, one.store, one.day, (attempt.dataset,), what, command, load_id, reasons)
    # Orders and their lines are one load.
    timed = [load_id for load_id, (_, attempt) in loads.items() if attempt.dataset in DATASETS]
    for slow in speed.slow(connection, timed):
        one, _ = loads[slow.load_id]
        what = (
            f"{slow.ms:,.0f} ms for {slow.rows_read:,} rows: {slow.ms_per_row:.3g} ms a row, {slow.times:.1f} times the"
            f" usual {slow.usual_ms_per_row:.3g}"
        )
        command = f"./longshore explain {slow.load_id}"
        yield Finding(Kind.SLOW, one.store, one.day, (slow.dataset,), what, command, slow.load_id)

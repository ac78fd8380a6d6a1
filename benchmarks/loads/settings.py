"""What each setting of the loader and of its server gives: the same work with it and without, in turn.

The row `A against B` holds the seconds with A, and their ratio to those with B in the same round: below 1, A pays. What
is set stands before what it is held against, and B is what the driver or PostgreSQL does of itself; the last pairs of
the sessions are settings that were considered and are not set. docs/settings.md says why each is as it is.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import deliveries, order_lines
from benchmarks.inputs.deliveries import Work, expect
from benchmarks.loads import upsert
from benchmarks.loads.indexes import measure_indexes
from benchmarks.server import start_server, stop_server
from include.results import Status

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

BENCH = "settings"

# More lines would make the settings' part of a load no larger, and there are two runs of each a round.
MOST_ROWS = 200_000

# Order lines of a small load; loads of one run, whose median counts; those before them make the process warm.
SMALL_ROWS = 259
REPEATS = 15
WARM = 3

Clocked = Callable[[Work], float | None]
Opened = Callable[[], AbstractContextManager["Connection[TupleRow]"]]


@dataclass(frozen=True, slots=True)
class Loading:
    """A kind of load that settings are judged by: `prepare` makes the state that it finds, off the clock."""

    name: str
    prepare: Callable[[Work], None]
    run: Callable[[Work], None]


def first_delivery(work: Work) -> None:
    """Empty tables."""
    deliveries.forget(work)
    deliveries.deliver(work)


FIRST = Loading("first delivery", first_delivery, deliveries.longshore)
AGAIN = Loading("a tenth changed", upsert.loaded, upsert.redeliver)

# Our value and PostgreSQL's, the settings (those that are of use together only in one), and the load that feels them.
SERVERS = (
    ("wal_level=minimal against replica", ("wal_level", "max_wal_senders"), FIRST),
    ("maintenance_work_mem=256MB against 64MB", ("maintenance_work_mem",), FIRST),
    ("shared_buffers=256MB against 128MB", ("shared_buffers",), AGAIN),
    (
        "max_wal_size=4GB, checkpoint_timeout=15min against 1GB, 5min",
        ("max_wal_size", "checkpoint_timeout"),
        AGAIN,
    ),
    ("client_connection_check_interval=5s against 0", ("client_connection_check_interval",), AGAIN),
)


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures the connection, the session, the indexes, then one server's settings after the other.

    Args:
        home: an empty folder.
        rows: of a large load; no more than `MOST_ROWS` are taken.
        rounds: counted rounds, after one that is not.
    """
    server = start_server(home)
    work = Work(server.url, str(home))
    lines = min(rows, MOST_ROWS)
    measured = _of_small_loads(replace(work, home=small_home(home)), server.pid, rounds)
    upsert.write_both(work, lines)
    measured += _of_sessions(work, server.pid, lines, rounds)
    for name, settings, loading in SERVERS:
        measured += _of_server(work, server.pid, (name, settings, loading), lines, rounds)
    return measured + measure_indexes(work, server.pid, lines, rounds)


def small_home(home: Path) -> str:
    """A folder of its own for small loads, which are of many days: other cases load the newest day."""
    small = home / "small"
    small.mkdir(exist_ok=True)
    order_lines.write(Work("", str(small)).original, SMALL_ROWS)
    return str(small)


def compared(name: str, ours: Case, other: Case, work: Work, *, rows: int, rounds: int, pids: list[int]) -> Row:
    """The row `name` of a pair: the first one's figures, and their ratio to the other's."""
    cases = (other, replace(ours, name=name, reference=other.name))
    return measure(BENCH, cases, work, rows=rows, rounds=rounds, server_pid=pids)[1]


def _of_small_loads(work: Work, pid: int, rounds: int) -> list[Row]:
    """A connection for each load against one that is kept, as a pool would; and what goes over it."""
    each, kept = partial(small_loads, keep=False), partial(small_loads, keep=True)
    pairs: dict[str, tuple[Clocked, Clocked]] = {
        "259 rows: a connection kept (a pool) against one a load (none)": (kept, each),
        "259 rows, one connection: prepare_threshold=None against 5": (kept, partial(_prepared, kept)),
        "259 rows: synchronous_commit=off against on": (partial(_with, "synchronous_commit", "off", each), each),
    }
    return [
        compared(
            name,
            Case(name, ours, deliveries.forget, through.imports),
            Case("other", other, deliveries.forget, through.imports),
            work,
            rows=SMALL_ROWS,
            rounds=rounds,
            pids=[pid],
        )
        for name, (ours, other) in pairs.items()
    ]


def _of_sessions(work: Work, pid: int, rows: int, rounds: int) -> list[Row]:
    ours = Case("ours", AGAIN.run, AGAIN.prepare, through.imports)
    without = replace(ours, name="other", run=partial(_with, "work_mem", "4MB", AGAIN.run))
    no_jit = replace(ours, run=partial(_with, "jit", "off", AGAIN.run))
    pairs = {
        f"{AGAIN.name}: work_mem=128MB against 4MB": (ours, without),
        f"{AGAIN.name}: jit=off against on": (no_jit, replace(ours, name="other")),
    }
    return [
        compared(name, one, other, work, rows=rows, rounds=rounds, pids=[pid]) for name, (one, other) in pairs.items()
    ]


def _of_server(
    work: Work, pid: int, setting: tuple[str, tuple[str, ...], Loading], rows: int, rounds: int
) -> list[Row]:
    """A second server without the setting, for the length of its measurement."""
    name, settings, loading = setting
    home = Path(work.home) / settings[0]
    home.mkdir()
    other = start_server(home, settings)
    there = partial(_at, other.url)
    try:
        return [
            compared(
                f"{loading.name}: {name}",
                Case("ours", loading.run, loading.prepare, through.imports),
                Case("other", partial(there, loading.run), partial(there, loading.prepare), through.imports),
                work,
                rows=rows,
                rounds=rounds,
                pids=[pid, other.pid],
            )
        ]
    finally:
        stop_server(home)


def small_loads(work: Work, *, keep: bool, repeats: int = REPEATS) -> float:
    """Median seconds of small loads of one day each, connecting included, the deliveries opened off the clock."""
    from include.postgres.session import connect

    if not keep:
        return _median(work, lambda: connect(work.url), repeats)
    with connect(work.url) as connection:
        return _median(work, lambda: nullcontext(connection), repeats)


def _median(work: Work, opened: Opened, repeats: int) -> float:
    days = [through.DAY + dt.timedelta(days=number) for number in range(WARM + repeats)]
    return statistics.median([_small_load(work, day, opened) for day in days][WARM:])


def _small_load(work: Work, day: dt.date, opened: Opened) -> float:
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset
    from include.settings import StoresFile

    upload = through.open_delivery(work.url, deliveries.deliver(work, day))
    started = time.perf_counter()
    # A load enters and leaves what it is given to connect with; it does not ask whether that closes.
    results = load_dataset(opened, upload, "orders", StoresFile(), LoadOptions(force=True))  # type: ignore[arg-type]
    seconds = time.perf_counter() - started
    expect(results, Status.LOADED)
    return seconds


def _with(name: str, value: str, run: Clocked, work: Work) -> float | None:
    """Runs with another value of a session's setting, in this process alone."""
    from include.postgres.session import LoadSession

    settings = LoadSession.settings
    LoadSession.settings = lambda self: {**settings(self), name: value}  # type: ignore[method-assign]
    return run(work)


def _prepared(run: Clocked, work: Work) -> float | None:
    """Runs with the driver's own threshold."""
    from include.postgres import session as postgres_session

    postgres_session.PREPARE_THRESHOLD = 5  # type: ignore[assignment]
    return run(work)


def _at(url: str, act: Callable[[Work], None], work: Work) -> None:
    """Acts on another server."""
    act(replace(work, url=url))

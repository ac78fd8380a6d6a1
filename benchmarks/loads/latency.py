"""Loads over a link whose round trip takes 100 ms: what a database in another data centre is like.

The link is a real one, `delaying_proxy.py`. How long a load takes there is the number of times it waits for an answer;
so these are counted too, connecting included, and must not grow with the rows. Warm process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import through
from benchmarks.graphs import bundles
from benchmarks.harness import Row, timed_row
from benchmarks.inputs import order_lines
from benchmarks.loads.delaying_proxy import DELAY_MS, Link, Trips, delaying_proxy
from benchmarks.server import reset, start_server
from include.samples import tiny_teas
from include.settings import StoresFile

if TYPE_CHECKING:
    from include.results import LoadResult

# Rows of the loads, and the seconds that the first may take; absolute, so shown and not checked.
SIZES = (259, 10_000, 100_000)
SMALL_LOAD_BAR_S = 1.5
UPLOAD_BAR_S = 6.0

# Bundles that are saved over the link, and the seconds that this may take, connected.
BUNDLES = 40
BUNDLES_BAR_S = 1.0

# A load of any size waits no more often than the smallest.
TRIPS_BAR = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """One measured load: `prepare` runs over the direct way before each round, `run` over the link."""

    case: str
    rows: int
    prepare: Callable[[], None]
    run: Callable[[], None]
    bar: float | None = None


def measure_bench(home: Path, _rows: int, rounds: int, *, delay_ms: float = DELAY_MS) -> list[Row]:
    """All loads at the delay that the bars are about, or at another one."""
    return measure_latency(home, rounds, delay_ms, SIZES)


def measure_latency(home: Path, rounds: int, delay_ms: float, sizes: tuple[int, ...]) -> list[Row]:
    """Measures loads of so many order lines, one whole small upload and a save of bundles, over a link of that delay.

    Args:
        home: an empty folder.
        rounds: counted rounds, after one that is not.
        delay_ms: of a round trip.
        sizes: rows of the loads; the first one is what the others' round trips are held against.
    """
    direct = start_server(home).url
    through.imports(None)
    with delaying_proxy(direct, delay_ms) as link:
        loads = [
            *(_lines(home, direct, link, rows) for rows in sizes),
            _upload(home, direct, link),
            _bundles(home, direct, link),
        ]
        measured = [_measure(load, link, rounds) for load in loads]
    loads_of_lines = measured[: len(sizes)]
    fewest = loads_of_lines[0][1].round_trips
    return [
        *(row for row, _ in measured),
        *(_trips_row(load, trips, fewest) for load, (_, trips) in zip(loads, loads_of_lines, strict=False)),
    ]


def _lines(home: Path, direct: str, link: Link, rows: int) -> Load:
    folder = through.delivery(home, store=f"lines-{rows}")
    order_lines.write(folder / "orders.csv", rows)
    bar = SMALL_LOAD_BAR_S if rows == SIZES[0] else None
    run = partial(_load_lines, direct, link.url(direct), folder)
    return Load(f"{rows:,} rows", rows, partial(_prepare, direct), run, bar)


def _prepare(direct: str) -> None:
    """No rows, on any day but a month's first, which has three round trips more: the months' partitions are there."""
    from include.pipelines.commerce.records import TABLES
    from include.postgres.session import connect

    reset(direct)
    with connect(direct) as connection:
        for table in TABLES:
            if table.partitioned:
                connection.execute("SELECT commerce.add_partition(%s, %s)", [table.name, through.DAY])


def _load_lines(direct: str, far: str, folder: Path) -> None:
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset
    from include.postgres.session import connect

    upload = through.open_delivery(direct, folder)  # over the direct way: the load is what is measured
    _expect_loaded(load_dataset(lambda: connect(far), upload, "orders", StoresFile(), LoadOptions()))


def _upload(home: Path, direct: str, link: Link) -> Load:
    day = max(day for day, name, _ in tiny_teas.files() if name == "variants.csv")
    folder = through.delivery(home, day, tiny_teas.STORE)
    contents = {name: content for delivered, name, content in tiny_teas.files() if delivered == day}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    rows = sum(content.count(b"\n") - 1 for content in contents.values())
    prepare = partial(_prepare, direct)
    return Load(
        "a small upload, four datasets", rows, prepare, partial(_load_upload, link.url(direct), folder), UPLOAD_BAR_S
    )


def _load_upload(far: str, folder: Path) -> None:
    from include.pipelines.commerce.delivery.load_delivery import Request, load_delivery, locate
    from include.postgres.session import connect

    request = Request(str(folder))
    outcome = load_delivery(lambda: connect(far), locate(request, StoresFile()), request, StoresFile())
    _expect_loaded(outcome.results)


def _bundles(home: Path, direct: str, link: Link) -> Load:
    """What saving adds to a window: it goes over the connection that the lines were read by."""
    near = bundles.Work(direct, str(home / "lines.arrow"))
    far = replace(near, url=link.url(direct))
    connected: list[Callable[[], None]] = []

    def prepare() -> None:
        reset(direct)
        bundles.fill(near, bundles.LINES_PER_ORDER)
        connected.append(bundles.connected_save(far, BUNDLES))

    def run() -> None:
        connected.pop()()

    return Load(f"{BUNDLES} bundles saved", BUNDLES, prepare, run, BUNDLES_BAR_S)


def _expect_loaded(results: tuple[LoadResult, ...]) -> None:
    states = {result.dataset: result.status.value for result in results}
    if set(states.values()) != {"loaded"}:
        raise RuntimeError(f"Not everything was loaded: {states}.")


def _measure(load: Load, link: Link, rounds: int) -> tuple[Row, Trips]:
    seconds, trips = [], Trips()
    for number in range(rounds + 1):
        load.prepare()
        link.trips()
        started = time.perf_counter()
        load.run()
        if number:
            seconds.append(time.perf_counter() - started)
        trips = link.trips()
    note = f"{trips.round_trips} round trips, with those of opening {trips.connections} connections"
    return timed_row("latency", load.case, seconds, rows=load.rows, bar=load.bar, note=note), trips


def _trips_row(load: Load, trips: Trips, fewest: int) -> Row:
    ratio = round(trips.round_trips / fewest, 3)
    return Row(
        bench="latency",
        case=f"round trips: {load.case}",
        rows=load.rows,
        ratio=ratio,
        bar=TRIPS_BAR,
        met=ratio <= TRIPS_BAR,
        note=f"{trips.round_trips} round trips",
    )

"""The largest resident memory of the loading process, imports included: for a file, and for one 20 times as long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import deliveries, order_lines
from benchmarks.inputs.deliveries import Work
from benchmarks.server import start_server

# MB, for a file of any length: tasks of this size run side by side on a small worker.
LIMIT_MB = 250

LONGER = 20

# Seconds that the longer file may take: the memory is what is looked at.
TIMEOUT_S = 7_200


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures both files, and what the imports alone take.

    The memory of a load does not vary by chance as times do, so the long file is loaded once.
    """
    server = start_server(home)
    work = Work(server.url, str(home))
    files = {count: Path(home) / f"{count}.csv" for count in (rows, LONGER * rows)}
    for count, file in files.items():
        order_lines.write(file, count)
    imports = Case("imports alone", nothing, None, through.imports, rows=0)
    short, long = (_case(count, delivering(file)) for count, file in files.items())
    measured = measure("memory", (imports, short), work, rows=rows, rounds=rounds, server_pid=server.pid)
    measured += measure("memory", (long,), work, rows=rows, rounds=1, server_pid=server.pid, warm_up=False)
    return [_to_the_limit(row) if row.rows else row for row in measured]


def nothing(_work: Work) -> None:
    """A process that has imported the loader, and no more."""


def delivering(file: Path) -> Callable[[Work], None]:
    """Empty tables, and this file as the delivery."""
    return partial(_deliver, file)


def _deliver(file: Path, work: Work) -> None:
    deliveries.forget(work)
    target = through.delivery(Path(work.home)) / "orders.csv"
    target.unlink(missing_ok=True)
    target.hardlink_to(file)


def _case(rows: int, prepare: Callable[[Work], None]) -> Case:
    name = f"{rows:,} rows, ratio to {LIMIT_MB} MB"
    run = deliveries.longshore
    return Case(name, run, prepare, through.imports, measured="peak_mb", rows=rows, timeout_s=TIMEOUT_S)


def _to_the_limit(row: Row) -> Row:
    ratio = None if row.peak_mb is None else round(row.peak_mb / LIMIT_MB, 3)
    return replace(row, ratio=ratio, bar=1.0, met=None if ratio is None else ratio <= 1)

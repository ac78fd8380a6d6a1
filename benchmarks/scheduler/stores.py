"""How long one run of the DAG takes for 10 and for 100 stores that each deliver a small upload of one day.

A stack of its own with the scheduler and LocalExecutor, as `longshore up` starts it. Each store's delivery is the
samples' small shop (four datasets), each run loads all of them anew (`force`), the first one warms the stack. The run
of 100 stores is made once, since it takes minutes. The time is Airflow's own, from the run's start to its end; the
notes say where it went: the tasks' own seconds, their waits, and the CPU of each part of the stack.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import through
from benchmarks.harness import Row, timed_row
from include.samples import tiny_teas
from include.samples.shop import DAYS
from include.stack.lifecycle import Stack
from include.stack.readiness import AirflowApi

DAG = "commerce_to_postgres"
CONTENTS = {name: content for day, name, content in tiny_teas.files() if day == DAYS[0]}

FEW, MANY = 10, 100

# Seconds for the many; absolute, so shown and not checked.
BAR_S = 300.0

# The time per store at the many over that at the few.
GROWTH_BAR = 1.3

POLL_S = 1.0
TIMEOUT_S = 1_800.0

# Task instances of one page of the API.
PAGE = 100


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its seconds, what its tasks did (by name: running, waiting), CPU seconds by part of the stack."""

    seconds: float
    running_s: Mapping[str, Sequence[float]]
    waiting_s: Mapping[str, Sequence[float]]
    cpu_s: Mapping[str, float]

    def __str__(self) -> str:
        tasks = sum(len(times) for times in self.running_s.values())
        running = sum(sum(times) for times in self.running_s.values())
        means = ", ".join(f"{name} {statistics.mean(times):.2f}" for name, times in sorted(self.running_s.items()))
        waits = statistics.median(wait for times in self.waiting_s.values() for wait in times)
        cpu = ", ".join(f"{name} {seconds:.0f}" for name, seconds in self.cpu_s.items())
        return (
            f"{tasks} tasks, {running / self.seconds:.1f} at once; mean s of each: {means};"
            f" median s from queued to started: {waits:.2f}; CPU s: {cpu}"
        )


def measure_bench(home: Path, _rows: int, rounds: int) -> list[Row]:
    """The few `rounds` times, the many once."""
    return measure_stores(home, FEW, MANY, rounds)


def measure_stores(home: Path, few: int, many: int, rounds: int) -> list[Row]:
    """Starts a stack in `home`, delivers, measures both numbers of stores and stops it.

    Args:
        home: an empty folder.
        few: stores of the short runs.
        many: stores of the long one.
        rounds: how many short runs are counted.
    """
    deliver(home, 1, DAYS[0])
    deliver(home, few, DAYS[1])
    deliver(home, many, DAYS[2])
    stack = Stack(home)
    stack.up()
    try:
        api = AirflowApi(stack.airflow)
        api.sign_in()
        _run(stack, api, DAYS[0])
        short = [_run(stack, api, DAYS[1]) for _ in range(rounds)]
        long = _run(stack, api, DAYS[2])
    finally:
        stack.down()
    return rows_of(few, many, short, long)


def deliver(home: Path, stores: int, day: dt.date) -> None:
    """Writes the small upload for so many stores."""
    for number in range(stores):
        folder = through.delivery(home, day, f"shop-{number:03}")
        for name, content in CONTENTS.items():
            (folder / name).write_bytes(content)


def rows_of(few: int, many: int, short: Sequence[Run], long: Run) -> list[Row]:
    """The result of the runs: both times, and the growth of the time per store, which is held against its bar."""
    per_store = statistics.median(run.seconds for run in short) / few
    ratio = round(long.seconds / many / per_store, 3)
    bar = BAR_S if many == MANY else None
    return [
        timed_row("stores", f"{few} stores", [run.seconds for run in short], rows=few, note=str(short[-1])),
        timed_row("stores", f"{many} stores", [long.seconds], rows=many, bar=bar, note=str(long)),
        Row(
            bench="stores",
            case=f"time per store, {many} stores against {few}",
            rows=many,
            median_s=round(long.seconds / many, 3),
            ratio=ratio,
            bar=GROWTH_BAR,
            met=ratio <= GROWTH_BAR,
        ),
    ]


def _run(stack: Stack, api: AirflowApi, day: dt.date) -> Run:
    conf = {"from": day.isoformat(), "until": day.isoformat(), "force": True}
    before = _cpu(stack)
    made = api.call("POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "conf": conf})
    run = _wait(api, str(made["dag_run_id"]))
    after = _cpu(stack)
    tasks = list(_tasks(api, run["dag_run_id"]))
    return Run(
        _seconds(run, "start_date", "end_date"),
        _by_name(tasks, "start_date", "end_date"),
        _by_name(tasks, "queued_when", "start_date"),
        {name: after[name] - before[name] for name in after},
    )


def _wait(api: AirflowApi, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        run = api.call("GET", f"/api/v2/dags/{DAG}/dagRuns/{run_id}")
        if run["state"] == "success":
            return run
        if run["end_date"]:
            raise RuntimeError(f"The run {run_id} ended as {run['state']}.")
        time.sleep(POLL_S)
    raise TimeoutError(f"The run {run_id} did not end within {TIMEOUT_S:g} s.")


def _tasks(api: AirflowApi, run_id: str) -> Iterable[dict[str, Any]]:
    path = f"/api/v2/dags/{DAG}/dagRuns/{run_id}/taskInstances"
    offset = 0
    while page := api.call("GET", f"{path}?limit={PAGE}&offset={offset}")["task_instances"]:
        yield from page
        offset += len(page)


def _by_name(tasks: Iterable[Mapping[str, Any]], begin: str, end: str) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for task in tasks:
        if task[begin] and task[end]:
            seconds[task["task_id"].removeprefix("upload.")].append(_seconds(task, begin, end))
    return seconds


def _seconds(record: Mapping[str, Any], begin: str, end: str) -> float:
    return (dt.datetime.fromisoformat(record[end]) - dt.datetime.fromisoformat(record[begin])).total_seconds()


def _cpu(stack: Stack) -> dict[str, float]:
    """CPU seconds of each part of the stack up to now, with its children, ended ones too."""
    status = stack.status()
    parts = {process.name: process.pid for process in status.processes} | {"postgres": status.postgres.pid}
    return {name: _tree_cpu(psutil.Process(pid)) for name, pid in parts.items()}


def _tree_cpu(root: psutil.Process) -> float:
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def main() -> None:
    """`longshore bench stores` with other numbers of stores."""
    from benchmarks.__main__ import show
    from include.settings import settings
    from include.stack.scratch import scratch_home

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    with scratch_home(settings().home.resolve(), "bench-") as home:
        show(measure_stores(home, arguments.few, arguments.many, arguments.rounds))


if __name__ == "__main__":
    main()

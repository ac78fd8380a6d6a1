"""How long one store's small upload takes as a run of the DAG, on a stack of its own.

Each run loads the sample upload of one store and day anew (`force`), one after the other on an otherwise idle stack;
the first one warms it and is not counted. Under the scheduler the time is Airflow's own, from the run's start to its
end; under `dag.test()`, in one process without a scheduler, from the end of the run before it.
"""

from __future__ import annotations

import datetime as dt
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.harness import Row, timed_row
from include.samples.generate import lay_out
from include.samples.shop import DAYS
from include.stack.lifecycle import Stack
from include.stack.local_runs import run_dags
from include.stack.readiness import AirflowApi
from include.stack.supervisor import log_file

DAG = "commerce_to_postgres"
STORE = "tiny-teas"
CONF = {"store": STORE, "from": DAYS[0].isoformat(), "until": DAYS[0].isoformat(), "force": True}

# Seconds that such a run may take; absolute, so they are shown and not checked.
SCHEDULER_BAR_S = 10.0
IN_PROCESS_BAR_S = 3.0

POLL_S = 0.5
TIMEOUT_S = 120.0


def measure_bench(home: Path, _rows: int, rounds: int) -> list[Row]:
    """Starts a stack in `home`, measures both ways and stops it."""
    lay_out(home / "landing")
    stack = Stack(home)
    stack.up()
    try:
        under = under_the_scheduler(stack, rounds)
    finally:
        stack.down()
    return [
        timed_row("dag", "scheduler", under, bar=SCHEDULER_BAR_S),
        timed_row("dag", "dag.test()", in_process(stack, rounds, log_file(home, "benchmark")), bar=IN_PROCESS_BAR_S),
    ]


def under_the_scheduler(stack: Stack, rounds: int) -> list[float]:
    """Seconds of each run, the warm-up left out."""
    api = AirflowApi(stack.airflow)
    api.sign_in()
    return [_run(api) for _ in range(rounds + 1)][1:]


def in_process(stack: Stack, rounds: int, log: Path) -> list[float]:
    """Seconds of each run; the warm-up, with all imports, left out."""
    ends = [time.perf_counter()]
    for run in run_dags([(DAG, CONF)] * (rounds + 1), stack.airflow_environment(), log):
        _expect_success(run.run_id, run.state)
        ends.append(time.perf_counter())
    return [after - before for before, after in pairwise(ends)][1:]


def _run(api: AirflowApi) -> float:
    made = api.call("POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "conf": CONF})
    run = _wait(api, str(made["dag_run_id"]))
    _expect_success(run["dag_run_id"], run["state"])
    started, ended = (dt.datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (ended - started).total_seconds()


def _expect_success(run_id: str, state: str) -> None:
    if state != "success":
        raise SystemExit(f"The run {run_id} ended as {state}.")


def _wait(api: AirflowApi, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        run = api.call("GET", f"/api/v2/dags/{DAG}/dagRuns/{run_id}")
        if run["end_date"]:
            return run
        time.sleep(POLL_S)
    raise SystemExit(f"The run {run_id} did not end within {TIMEOUT_S:g} s.")

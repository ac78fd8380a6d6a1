"""How long one store's small upload takes as a run of the DAG, under the scheduler of the running stack.

    ./longshore up
    PYTHONPATH=. .venv/bin/python -m benchmarks.dag [--runs 5] [--in-process] [--json]

Each run loads the sample upload of one store and day anew (`force`), one after the other on an otherwise idle stack;
the first one warms the stack and is not counted. The time is Airflow's own, from the run's start to its end.
With `--in-process` the runs go through `dag.test()` in one process, without the scheduler.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from itertools import pairwise
from typing import Any

from include.samples.generate import lay_out
from include.samples.shop import DAYS
from include.settings import settings
from include.stack.lifecycle import stack
from include.stack.local_runs import run_dags
from include.stack.readiness import AirflowApi
from include.stack.supervisor import log_file

DAG = "commerce_to_postgres"
STORE = "tiny-teas"
POLL_S = 0.5
TIMEOUT_S = 120.0


CONF = {"store": STORE, "from": DAYS[0].isoformat(), "until": DAYS[0].isoformat(), "force": True}


def under_the_scheduler(runs: int) -> list[float]:
    """Seconds of each run, the warm-up left out."""
    api = AirflowApi(stack().airflow)
    api.sign_in()
    return [_run(api) for _ in range(runs + 1)][1:]


def in_process(runs: int) -> list[float]:
    """Seconds of each run, from the end of the run before it; the warm-up, with all imports, left out."""
    ends = [time.perf_counter()]
    requests = [(DAG, CONF)] * (runs + 1)
    for run in run_dags(requests, stack().airflow_environment(), log_file(settings().home, "benchmark")):
        if run.state != "success":
            raise SystemExit(f"The run {run.run_id} ended as {run.state}.")
        ends.append(time.perf_counter())
    return [after - before for before, after in pairwise(ends)][1:]


def _run(api: AirflowApi) -> float:
    made = api.call("POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "conf": CONF})
    run = _wait(api, str(made["dag_run_id"]))
    if run["state"] != "success":
        raise SystemExit(f"The run {run['dag_run_id']} ended as {run['state']}.")
    started, ended = (dt.datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (ended - started).total_seconds()


def _wait(api: AirflowApi, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        run = api.call("GET", f"/api/v2/dags/{DAG}/dagRuns/{run_id}")
        if run["end_date"]:
            return run
        time.sleep(POLL_S)
    raise SystemExit(f"The run {run_id} did not end within {TIMEOUT_S:g} s.")


def main() -> None:
    """Prints each run's seconds and their median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    lay_out(settings().home / "landing")
    seconds = (in_process if arguments.in_process else under_the_scheduler)(arguments.runs)
    result = {"dag": DAG, "runs": seconds, "median_s": statistics.median(seconds)}
    if arguments.json:
        json.dump(result, sys.stdout)
        return
    print(f"{DAG}, one small upload: {', '.join(f'{value:.1f}' for value in seconds)} s")
    print(f"median {result['median_s']:.1f} s")


if __name__ == "__main__":
    main()

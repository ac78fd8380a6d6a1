"""Runs DAGs to their end in this process, one after the other, without a scheduler.

    python -m longshore.local_runs --report-fd FD < requests

Each line of standard input is a request `{"dag_id": ..., "conf": {...}}`; once its run has ended, the request goes to
the file descriptor with `run_id` and `state` added. The tasks are the real ones, and the runs stand in Airflow's
metadata like any other. Standard output and error hold Airflow's logs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"


def run(requests: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Runs each request's DAG with its conf and yields the request with `run_id` and `state` added."""
    from airflow.dag_processing.dagbag import DagBag

    dags = DagBag(DAGS_FOLDER).dags
    for request in requests:
        # Airflow tells runs without a logical date apart by their moment.
        finished = dags[request["dag_id"]].test(
            run_after=dt.datetime.now(dt.UTC), logical_date=None, run_conf=request["conf"]
        )
        yield {**request, "run_id": finished.run_id, "state": str(finished.state)}


def main() -> None:
    """Reads the requests from standard input; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report-fd", type=int, required=True, help="file descriptor that takes a line per run")
    arguments = parser.parse_args()
    with os.fdopen(arguments.report_fd, "w", encoding="utf-8", buffering=1) as report:
        for finished in run(json.loads(line) for line in sys.stdin):
            report.write(json.dumps(finished) + "\n")
    # Everything is committed by now, and Airflow's exit handlers would take another 3 s.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""Runs the project's DAGs without a scheduler, each in turn, in one process beside this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import SetupError
from include.settings import PROJECT_ROOT


@dataclass(frozen=True, slots=True)
class LocalRun:
    """A run that ended: its conf, its id in Airflow's metadata and in the ledger, and its state."""

    dag_id: str
    conf: dict[str, Any]
    run_id: str
    state: str


def run_dags(
    requests: Sequence[tuple[str, dict[str, Any]]], environment: dict[str, str], log: Path
) -> Iterator[LocalRun]:
    """Runs each (DAG, conf) to its end and yields it then.

    Args:
        requests: in the order in which they run.
        environment: of the stack's Airflow processes (`Stack.environment`).
        log: takes what Airflow says.

    Raises:
        SetupError: the process ended before all runs did; the message names the log.
    """
    reader, writer = os.pipe()
    plugins = f"{PROJECT_ROOT / 'plugins'}{os.pathsep}{environment['PYTHONPATH']}"
    with log.open("a", encoding="utf-8") as words, os.fdopen(reader, encoding="utf-8") as report:
        process = subprocess.Popen(
            [sys.executable, "-m", "longshore.local_runs", "--report-fd", str(writer)],
            cwd=PROJECT_ROOT,
            env={**environment, "PYTHONPATH": plugins},
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=subprocess.STDOUT,
            pass_fds=[writer],
            text=True,
        )
        os.close(writer)
        finished = 0
        try:
            _ask(process, requests)
            for line in report:
                finished += 1
                yield LocalRun(**json.loads(line))
        finally:
            if finished < len(requests):
                process.kill()
            process.wait()
    if finished < len(requests):
        raise SetupError(f"Airflow ended after {finished} of {len(requests)} runs.", f"Read the end of {log}.")


def _ask(process: subprocess.Popen[str], requests: Sequence[tuple[str, dict[str, Any]]]) -> None:
    if process.stdin is None:
        raise SetupError("The process that runs DAGs takes no requests.")
    with process.stdin as stream:
        stream.writelines(json.dumps({"dag_id": dag_id, "conf": conf}) + "\n" for dag_id, conf in requests)

"""The whole stack, started once for this file: Airflow with a DAG of its own, on one xdist worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from include.errors import SetupError
from include.stack.lifecycle import Stack
from include.stack.processes import marked_processes, wait_for_end
from include.stack.readiness import AirflowApi

pytestmark = pytest.mark.timeout(600)

PROBE = """
import os
import pendulum
from airflow.sdk import dag, task
from airflow.providers.postgres.hooks.postgres import PostgresHook
from include.settings import settings

@dag(schedule=None, start_date=pendulum.datetime(2025, 1, 1, tz="UTC"))
def probe():
    @task(pool="longshore_postgres")
    def ask():
        assert str(settings().home) == os.environ["LONGSHORE_HOME"]
        return PostgresHook("longshore_postgres").get_first("SELECT current_database()")[0]

    ask()

probe()
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("a stack")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "probe.py").write_text(PROBE)
    stack = Stack(folder / "home", dags)
    yield stack
    stack.down()
    stack.purge()


def until(condition: Callable[[], Any], timeout_s: float = 60) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found


def test_when_up_returns_a_task_starts_at_once_and_finds_its_connection(stack: Stack) -> None:
    status = stack.up()
    assert status.ready
    api = AirflowApi(stack.airflow)
    api.sign_in()
    run = api.call("POST", "/api/v2/dags/probe/dagRuns", {"logical_date": None})["dag_run_id"]
    task = f"/api/v2/dags/probe/dagRuns/{quote(run)}/taskInstances/ask"
    until(lambda: api.call("GET", task)["state"] == "success", 20)
    assert api.call("GET", f"{task}/xcomEntries/return_value")["value"] == "longshore"


def test_up_again_changes_nothing_and_is_quick(stack: Stack) -> None:
    before = stack.up()
    started = time.monotonic()
    assert stack.up() == before
    assert time.monotonic() - started < 5


def test_a_file_that_cannot_be_imported_is_reported_by_up(stack: Stack) -> None:
    broken = stack.airflow.dags_folder / "broken.py"
    broken.write_text("from airflow.sdk import dag\nimport no_such_module\n")
    try:
        with pytest.raises(SetupError, match=r"broken\.py: ModuleNotFoundError"):
            stack.up()
    finally:
        broken.unlink()


def test_a_process_that_is_killed_comes_back(stack: Stack) -> None:
    def triggerer() -> Any:
        return next(process for process in stack.status().processes if process.name == "triggerer")

    before = triggerer()
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: triggerer().pid not in {0, before.pid})
    assert triggerer().restarts == before.restarts + 1


def test_down_leaves_no_process_behind_even_when_the_supervisor_was_killed(stack: Stack) -> None:
    supervisor = next(p for p in marked_processes(stack.home) if "include.stack.supervisor" in p.cmdline())
    ours = [*marked_processes(stack.home), psutil.Process(stack.status().postgres.pid)]
    supervisor.kill()
    assert wait_for_end([supervisor], 5) == []
    assert not stack.status().running
    assert stack.down()
    assert wait_for_end(ours, 0) == []
    assert marked_processes(stack.home) == []
    assert not stack.down()

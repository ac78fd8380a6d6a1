from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAG_FILES = sorted((ROOT / "dags").glob("*.py"))
# Seconds that a DAG file may take beyond Airflow itself; the scheduler's processor reads it again every 30 seconds.
MAX_IMPORT_S = 0.5
HEAVY = ("psycopg", "psycopg2", "pyarrow", "pandas", "duckdb", "neo4j", "ladybug")
ACCESS = {"Variable", "Connection", "BaseHook", "conf", "settings", "environ", "getenv", "open", "connect"}


def test_every_dag_file_imports(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}, "Run `python dags/<file>.py`: it shows the whole error."


def test_every_file_holds_the_dag_of_its_name(dagbag: DagBag) -> None:
    assert set(dagbag.dags) == {path.stem for path in DAG_FILES}, "Name the file as its DAG."


@pytest.mark.parametrize("dag_id", [path.stem for path in DAG_FILES])
def test_a_dag_says_what_it_is_and_whose(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    assert dag.doc_md and dag.description, f"Give {dag_id} a docstring, doc_md=__doc__ and a description."
    assert dag.tags, f"Give {dag_id} tags: the pipeline and its store."
    assert {task.owner for task in dag.tasks} == {"longshore"}, f"Set `owner` in the default_args of {dag_id}."
    assert dag.max_active_runs <= 4, f"Bound max_active_runs of {dag_id}: a backfill fills whatever it may."
    assert not dag.catchup, f"Set catchup=False in {dag_id}: history is a backfill's business."


@pytest.mark.parametrize("dag_id", [path.stem for path in DAG_FILES])
def test_every_task_follows_the_rule_for_errors(dagbag: DagBag, dag_id: str) -> None:
    for task in dagbag.dags[dag_id].tasks:
        assert task.retry_policy is not None, f"Give {dag_id}.{task.task_id} longshore.outcomes.RETRIES."
        assert task.retries and task.retry_exponential_backoff, f"Give {dag_id}.{task.task_id} RETRIES."


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_a_dag_file_only_wires(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    foreign = {name for name in modules if name.split(".")[0] not in {*sys.stdlib_module_names, "airflow", "longshore"}}
    assert not foreign, f"{path.name} imports {foreign}: move the work to include, and call it from an operator."
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & ACCESS, f"{path.name} uses {names & ACCESS} while it is parsed: read it within a task."


def test_dag_files_import_fast_and_leave_the_heavy_packages_to_the_tasks() -> None:
    program = (
        "import sys, time, runpy\n"
        "from airflow.sdk import DAG, BaseOperator, CronDataIntervalTimetable, Param, task_group\n"
        "started = time.perf_counter()\n"
        f"for path in {[str(path) for path in DAG_FILES]}: runpy.run_path(path)\n"
        f"print(time.perf_counter() - started, *[name for name in {HEAVY} if name in sys.modules])"
    )
    path = f"{ROOT}:{ROOT / 'plugins'}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    seconds, *heavy = done.stdout.split()
    assert heavy == [], f"Parsing the DAGs imports {heavy}: import it within execute."
    assert float(seconds) < MAX_IMPORT_S, f"Parsing the DAGs takes {seconds} s: see `python -X importtime`."


def test_the_upload_group_shows_the_four_datasets(dagbag: DagBag) -> None:
    dag = dagbag.dags["commerce_to_postgres"]
    groups = dag.task_group.get_task_group_dict()
    assert {"upload.catalog", "upload.inventory", "upload.orders", "upload.variants"} <= set(groups)
    for follower in ("orders", "variants"):
        upstream = dag.get_task(f"upload.{follower}.load").upstream_task_ids
        assert upstream == {"upload.open", "upload.catalog.load", "upload.inventory.load"}


def test_a_run_stands_for_one_whole_day(dagbag: DagBag) -> None:
    from airflow.sdk import CronDataIntervalTimetable

    timetable = dagbag.dags["commerce_to_postgres"].timetable
    assert isinstance(timetable, CronDataIntervalTimetable), "A cron string has no data interval in Airflow 3."
    assert timetable.expression == "0 0 * * *"


def test_coverage_is_woken_by_closed_uploads_and_by_the_clock(dagbag: DagBag) -> None:
    from airflow.sdk import AssetOrTimeSchedule

    timetable = dagbag.dags["commerce_coverage"].timetable
    assert isinstance(timetable, AssetOrTimeSchedule)
    [close] = [task for task in dagbag.dags["commerce_to_postgres"].tasks if task.outlets]
    assert (close.task_id, [asset.name for asset in close.outlets]) == ("upload.close", ["commerce_uploads"])

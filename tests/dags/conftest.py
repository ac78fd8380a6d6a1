from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAY = "2025-03-03"
STORES = ("harbour-books", "nordic-lamps", "tiny-teas")
SAMPLES = ROOT / "include" / "samples" / "commerce"


@dataclass(frozen=True)
class Outcome:
    """How a run ended; `tasks` (states) and `xcoms` by the task's name and its store, "" outside of the uploads."""

    run_id: str
    state: str
    tasks: dict[tuple[str, str], str]
    xcoms: dict[tuple[str, str], Any]

    def of(self, store: str) -> dict[str, str]:
        """The states of one store's tasks, by their names within the group."""
        return {name: state for (name, owner), state in self.tasks.items() if owner == store}


Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def dagbag() -> DagBag:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags")


@pytest.fixture(scope="session")
def airflow_metadata() -> None:
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A landing zone with three stores' deliveries of one day."""
    folder = tmp_path / "landing"
    for store in STORES:
        shutil.copytree(SAMPLES / store / DAY, folder / store / DAY)
    return folder


@pytest.fixture
def run(
    airflow_metadata: None,
    dagbag: DagBag,
    migrated_database: str,
    landing: Path,
    environment: Callable[..., None],
) -> Iterator[Run]:
    """Runs a DAG to its end in this process, its tasks at work on a real database; parameters by name, `from_` too."""
    environment(AIRFLOW_CONN_LONGSHORE_POSTGRES=migrated_database, LONGSHORE_LANDING=str(landing))
    on_term = signal.getsignal(signal.SIGTERM)
    yield lambda dag_id="commerce_to_postgres", **conf: _run(dagbag, dag_id, conf)
    signal.signal(signal.SIGTERM, on_term)  # a task that runs in this process keeps the signal to itself


# Every run is another one to Airflow, which tells runs without a logical date apart by their moment.
MOMENTS = (dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=n) for n in itertools.count())

SWITCHES: dict[str, dict[str, Any]] = {
    "commerce_to_postgres": {"force": False, "accept": False},
    "commerce_coverage": {},
    "commerce_bundles": {},
    "commerce_product_graph": {"again": False},
    "example_bulk_load": {"source": "include/samples/tables/artikel.csv", "force": False, "accept": False},
}


def _run(dagbag: DagBag, dag_id: str, conf: dict[str, Any]) -> Outcome:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    # All parameters, always: within one process Airflow keeps those of the run before.
    defaults = dict.fromkeys(dagbag.dags[dag_id].params) | SWITCHES[dag_id]
    named = defaults | {name.rstrip("_"): value for name, value in conf.items()}
    finished = dagbag.dags[dag_id].test(run_after=next(MOMENTS), logical_date=None, run_conf=named)
    with create_session() as session:
        query = session.query(XComModel).filter_by(dag_id=dag_id, run_id=finished.run_id, key="return_value")
        values = {(row.task_id, row.map_index): _plain(row.value) for row in query}
        instances = finished.get_task_instances(session=session)
        states = {(ti.task_id, ti.map_index): str(ti.state) for ti in instances}
    stores = [delivery["store"] for delivery in values.get(("discover", -1), [])]

    def key(task: str, index: int) -> tuple[str, str]:
        return task.removeprefix("upload.").removesuffix(".load"), stores[index] if index >= 0 else ""

    return Outcome(
        finished.run_id,
        str(finished.state),
        {key(*named): state for named, state in states.items()},
        {key(*named): value for named, value in values.items()},
    )


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import Connection

from include.writers.graph.ladybug.session import reading
from tests.dags.conftest import DAY, Run

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


@pytest.fixture
def graph(tmp_path: Path, environment: Callable[..., None]) -> Path:
    environment(LONGSHORE_GRAPH=str(tmp_path / "shops.lbdb"))
    return tmp_path / "shops.lbdb"


def test_a_run_builds_all_that_is_due_and_the_next_one_ends_at_once(
    run: Run, graph: Path, connection: Connection[Any]
) -> None:
    run(from_=DAY, until=DAY)
    run("commerce_bundles")
    first, second = run("commerce_product_graph"), run("commerce_product_graph")
    assert (first.state, first.of("")) == ("success", {"build": "success"})
    built = first.xcoms["build", ""]
    assert (built["stores"], built["graph"]) == (3, f"ladybug:{graph}")
    assert (second.state, second.of("")) == ("success", {"build": "skipped"})
    with reading(graph) as shops:
        stores = shops.rows("MATCH (s:Store)-[:SELLS]->(v:Variant) RETURN s.name AS name, count(*) ORDER BY name")
    assert [name for name, _ in stores] == ["harbour-books", "nordic-lamps", "tiny-teas"]
    loads = connection.execute("SELECT store FROM ledger.loads WHERE dataset = 'product_graph' ORDER BY 1").fetchall()
    assert [store for (store,) in loads] == ["harbour-books", "nordic-lamps", "tiny-teas"]


def test_one_store_is_built_again_and_nothing_changes(run: Run, graph: Path) -> None:
    run(from_=DAY, until=DAY)
    run("commerce_product_graph")
    again = run("commerce_product_graph", store="tiny-teas", again=True)
    assert again.xcoms["build", ""] == {"graph": f"ladybug:{graph}", "stores": 1, "changed": 0}


def test_it_is_woken_by_bundles_and_the_clock_and_shares_the_slot_of_the_embedded_graph(dagbag: DagBag) -> None:
    from airflow.sdk import AssetOrTimeSchedule

    dag = dagbag.dags["commerce_product_graph"]
    assert isinstance(dag.timetable, AssetOrTimeSchedule)
    assert dag.max_active_runs == 1
    build = dag.get_task("build")
    assert build.pool == "longshore_ladybug"
    assert [asset.name for asset in build.inlets] == ["commerce_bundles"]
    assert [asset.name for asset in build.outlets] == ["commerce_product_graph"]

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import Connection

from tests.dags.conftest import DAY, Run

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag


def test_a_run_mines_all_that_is_due_and_the_next_one_ends_at_once(run: Run, connection: Connection[Any]) -> None:
    run(from_=DAY, until=DAY)
    first, second = run("commerce_bundles"), run("commerce_bundles")
    assert (first.state, first.of("")) == ("success", {"mine": "success"})
    assert first.xcoms["mine", ""]["windows"] == 3
    assert (second.state, second.of("")) == ("success", {"mine": "skipped"})
    mined = connection.execute("SELECT store FROM ledger.loads WHERE dataset = 'bundles' ORDER BY 1").fetchall()
    assert [store for (store,) in mined] == ["harbour-books", "nordic-lamps", "tiny-teas"]


def test_a_range_is_mined_again_for_one_store(run: Run) -> None:
    run(from_=DAY, until=DAY)
    run("commerce_bundles")
    again = run("commerce_bundles", from_=DAY, until=DAY, store="harbour-books")
    assert again.xcoms["mine", ""]["windows"] == 1


def test_half_a_range_is_refused_at_once(run: Run) -> None:
    outcome = run("commerce_bundles", from_=DAY)
    assert (outcome.state, outcome.of("")) == ("failed", {"mine": "failed"})


def test_it_is_woken_by_closed_uploads_and_the_clock_and_wakes_the_graph(dagbag: DagBag) -> None:
    from airflow.sdk import AssetOrTimeSchedule

    dag = dagbag.dags["commerce_bundles"]
    assert isinstance(dag.timetable, AssetOrTimeSchedule)
    assert dag.max_active_runs == 1
    assert [asset.name for asset in dag.get_task("mine").outlets] == ["commerce_bundles"]

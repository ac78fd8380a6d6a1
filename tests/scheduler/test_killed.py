"""Tasks that are killed, and connections that are lost, while their statement waits for a lock."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator

import pytest

from tests.scheduler.conftest import Nightly
from tests.scheduler.site import COMMERCE, Run, Site, orders, until

pytestmark = pytest.mark.timeout(600)

DAY = dt.date(2025, 2, 10)
STORES = ("crashed", "disconnected", "marked", "terminated")
EVERYTHING = {f"O-{number}": "10.00" for number in (1, 2, 3)}

# Seconds within which a killed task's statement is gone: Airflow tells the task within 5, and ends it for good 5 later.
GONE_S = 20.0


@pytest.fixture(scope="module")
def run(site: Site, nightly: Nightly) -> Iterator[Run]:
    """A run whose four loads of orders waited for a lock, each until something else befell it."""
    for store in STORES:
        site.deliver(store, DAY, {"orders.csv": orders(1, 2, 3)})
    run_id = site.trigger(from_=DAY.isoformat(), until=DAY.isoformat())
    with site.connect() as connection:
        with connection.transaction():
            connection.execute("LOCK TABLE commerce.orders IN EXCLUSIVE MODE")
            until(lambda: set(waiting(site)) == set(STORES), "four loads that wait for the lock")
            befall(site, run_id)
            until(lambda: not {"marked", "terminated"} & set(waiting(site)), "the cancelled statements", GONE_S)
        yield site.ended(run_id)
    site.withdraw(*STORES)


def befall(site: Site, run_id: str) -> None:
    run = site.run(run_id)
    tasks = {store: run.tasks[f"{store} {DAY}", "orders"] for store in STORES}
    os.kill(tasks["crashed"]["pid"], signal.SIGKILL)
    os.kill(tasks["terminated"]["pid"], signal.SIGTERM)
    path = f"/dags/{COMMERCE}/dagRuns/{run_id}/taskInstances/upload.orders.load/{tasks['marked']['map_index']}"
    site.call("PATCH", path, {"new_state": "failed"})
    site.rows("SELECT pg_terminate_backend(%s)", waiting(site)["disconnected"])


def waiting(site: Site) -> dict[str, int]:
    """The server's process for each store whose load of orders waits for a lock."""
    found = site.rows(
        "SELECT split_part(application_name, ' ', 3), pid FROM pg_stat_activity"
        " WHERE application_name LIKE 'longshore orders %%' AND wait_event_type = 'Lock'"
    )
    return dict(found)


def test_a_task_that_is_marked_failed_leaves_nothing(site: Site, run: Run) -> None:
    assert run.state == "failed"
    assert run.states(f"marked {DAY}") == {
        "open": "success",
        "catalog": "skipped",
        "inventory": "skipped",
        "orders": "failed",
        "variants": "skipped",
        "close": "failed",
    }
    assert site.loads("marked", DAY, "orders") == []
    assert site.lines("marked", DAY) == {}


def test_it_loads_once_its_run_is_cleared(site: Site, run: Run) -> None:
    site.clear_failed(run.run_id)
    assert site.ended(run.run_id).state == "success"
    assert site.loads("marked", DAY, "orders") == ["loaded"]
    assert site.lines("marked", DAY) == EVERYTHING


@pytest.mark.parametrize("store", ["crashed", "terminated"])
def test_a_task_whose_process_is_ended_is_tried_again_and_loads_everything_once(
    site: Site, run: Run, store: str
) -> None:
    task = run.tasks[f"{store} {DAY}", "orders"]
    assert (task["state"], task["try_number"]) == ("success", 2)
    assert site.loads(store, DAY, "orders") == ["loaded"]
    assert site.lines(store, DAY) == EVERYTHING


def test_a_connection_that_is_lost_is_opened_again_by_the_same_task(site: Site, run: Run) -> None:
    task = run.tasks[f"disconnected {DAY}", "orders"]
    assert (task["state"], task["try_number"]) == ("success", 1)
    assert site.loads("disconnected", DAY, "orders") == ["loaded"]
    assert site.lines("disconnected", DAY) == EVERYTHING

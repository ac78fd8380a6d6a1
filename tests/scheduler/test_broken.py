"""One store's broken file among others', and the coverage that nobody waits for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.pipelines.commerce.delivery.upload_id import upload_id
from tests.scheduler.conftest import Nightly
from tests.scheduler.site import CATALOG, COVERAGE, UNCLOSED, Run, Site, orders, until

pytestmark = pytest.mark.timeout(600)

DAY = dt.date(2025, 2, 3)
SOUND = {"catalog.csv": CATALOG, "orders.csv": orders(1, 2)}


@pytest.fixture(scope="module")
def run(site: Site, nightly: Nightly) -> Run:
    """A run over two stores, one of them with a broken file, which ends while no coverage can be computed."""
    site.pause(COVERAGE, False)
    until(lambda: ended(site, "scheduled"), "the daily sweep, which is due at once")
    for store in ("alder", "birch"):
        site.deliver(store, DAY, SOUND)
    site.deliver("birch", DAY, {"orders.csv": UNCLOSED})
    with site.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE commerce.coverage IN ACCESS EXCLUSIVE MODE")
        return site.ended(site.trigger(from_=DAY.isoformat(), until=DAY.isoformat()))


def test_the_other_stores_are_loaded_and_the_run_is_red(site: Site, run: Run) -> None:
    assert run.state == "failed"
    assert {upload: run.states(upload)["orders"] for upload in run.uploads} == {
        f"alder {DAY}": "success",
        f"birch {DAY}": "failed",
    }
    assert site.lines("alder", DAY) == {"O-1": "10.00", "O-2": "10.00"}


def test_of_the_broken_upload_the_sound_dataset_is_loaded_and_close_says_what_is_not(site: Site, run: Run) -> None:
    assert run.states(f"birch {DAY}")["catalog"] == "success"
    assert run.states(f"birch {DAY}")["close"] == "failed"
    assert site.loads("birch", DAY, "catalog") == ["loaded"]
    assert site.loads("birch", DAY, "orders") == ["failed"]
    assert site.lines("birch", DAY) == {}
    assert "failed: order_lines, orders (look: `./longshore uploads show birch" in site.log(
        run.run_id, "upload.close", 1
    )


def test_a_broken_file_is_tried_once(run: Run) -> None:
    assert run.tasks[f"birch {DAY}", "orders"]["try_number"] == 1


def test_the_coverage_appears_by_itself_after_the_run_that_did_not_wait_for_it(site: Site, run: Run) -> None:
    until(lambda: coverage(site, "alder"), "the coverage")
    assert coverage(site, "alder") == [(2, 2)]
    assert coverage(site, "birch") == []
    woken = until(lambda: ended(site, "asset_triggered"), "the run that the uploads woke")
    assert max(one["end_date"] for one in woken) > run.record["end_date"]


def test_once_the_file_is_mended_clearing_its_upload_makes_the_run_green(site: Site, run: Run) -> None:
    site.deliver("birch", DAY, {"orders.csv": orders(1)})
    site.clear_upload(run.run_id, run.uploads.index(f"birch {DAY}"))
    assert site.ended(run.run_id).state == "success"
    assert site.loads("birch", DAY, "orders") == ["failed", "loaded"]
    assert site.loads("birch", DAY, "catalog") == ["loaded", "unchanged"]
    assert site.lines("birch", DAY) == {"O-1": "10.00"}
    assert set(site.loads("alder", DAY, "orders")[1:]) <= {"unchanged"}


def ended(site: Site, run_type: str) -> list[dict[str, Any]]:
    """The coverage's runs of a kind that have ended."""
    return [run for run in site.runs(COVERAGE, run_type) if run["end_date"]]


def coverage(site: Site, store: str) -> list[tuple[object, ...]]:
    """Counted and matched lines of the store's upload, compared with its catalog."""
    query = "SELECT lines, matched FROM commerce.coverage WHERE upload_id = %s AND dataset = 'catalog'"
    return site.rows(query, upload_id(store, DAY))

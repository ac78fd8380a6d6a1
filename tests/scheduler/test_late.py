"""Deliveries that come late, are corrected, still grow or lack a part, over nights of the same scheduled run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.stack.backfill import Range, backfill
from tests.scheduler.conftest import Nightly, ago
from tests.scheduler.site import CATALOG, Run, Site, orders

pytestmark = pytest.mark.timeout(600)

STORES = ("corrected", "growing", "late", "parted", "settling")
PARTS = {"catalog.csv": CATALOG, "orders-1.csv": orders(1, 2), "orders-2.csv": orders(3, 4)}


@pytest.fixture(scope="module")
def first(site: Site, nightly: Nightly) -> Iterator[Run]:
    """The first night: everything is there but `late`, whose day's run has been and gone."""
    *_, days = backfill(site.api.call, Range(ago(3), ago(3)), poll_s=0.5)
    assert [run.state for run in days] == ["success"]
    site.deliver("corrected", ago(6), {"orders.csv": orders(1, 2)})
    site.deliver("parted", ago(2), PARTS)
    site.deliver("growing", ago(2), {"orders.csv": orders(1)}, settled=False)
    site.deliver("settling", ago(2), {"orders.csv": orders(1)}, settled=False)
    yield site.again(nightly.first.run_id)
    site.withdraw(*STORES)


@pytest.fixture(scope="module")
def second(site: Site, first: Run) -> Run:
    """The second night: `late` has come, `corrected` came again, the others have grown, and a part has gone."""
    site.deliver("late", ago(3), {"orders.csv": orders(1)})
    site.deliver("corrected", ago(6), {"orders.csv": orders(2, 3, price="12.00")})
    folder = site.deliver("growing", ago(2), {"orders.csv": orders(1, 2)}, settled=False)
    (folder / "_SUCCESS").touch()
    site.deliver("settling", ago(2), {"orders.csv": orders(1, 2)}, settled=True)
    folder = site.deliver(
        "parted", ago(2), {"catalog.csv": CATALOG + "v-3,Shade,S-1,7.00\n", "orders-1.csv": orders(1)}
    )
    (folder / "orders-2.csv").unlink()
    return site.again(first.run_id)


@pytest.fixture(scope="module")
def third(site: Site, second: Run) -> Run:
    """The third night: nothing new."""
    return site.again(second.run_id)


@pytest.fixture(scope="module")
def fourth(site: Site, third: Run) -> Run:
    """The fourth night: the part that was missing has come."""
    site.deliver("parted", ago(2), {"orders-2.csv": orders(3, 4)})
    return site.again(third.run_id)


def test_a_folder_that_is_still_being_written_is_waited_for(site: Site, first: Run) -> None:
    assert first.state == "success"
    assert first.uploads == (f"corrected {ago(6)}", f"parted {ago(2)}")
    said = site.log(first.run_id, "discover")
    for delivery in (f"store=growing day={ago(2)}", f"store=settling day={ago(2)}"):
        assert f'waiting {delivery} reason="changed less than 3600 s ago, no _SUCCESS"' in said


def test_a_file_that_comes_after_its_days_run_is_taken_by_a_later_one(site: Site, second: Run) -> None:
    assert f"late {ago(3)}" in second.uploads
    assert site.lines("late", ago(3)) == {"O-1": "10.00"}


def test_a_file_that_is_corrected_five_days_later_replaces_what_it_said(site: Site, first: Run, second: Run) -> None:
    assert f"corrected {ago(6)}" in second.uploads
    assert site.loads("corrected", ago(6), "orders") == ["loaded", "loaded"]
    assert site.lines("corrected", ago(6)) == {"O-2": "12.00", "O-3": "12.00"}
    counts = "SELECT inserted, updated, deleted FROM ledger.loads WHERE store = 'corrected' AND dataset = 'orders'"
    assert site.rows(f"{counts} ORDER BY load_id") == [(2, 0, 0), (1, 0, 1)]


@pytest.mark.parametrize("store", ["growing", "settling"])
def test_a_folder_is_taken_whole_once_it_is_settled_or_says_so(site: Site, second: Run, store: str) -> None:
    assert second.states(f"{store} {ago(2)}")["close"] == "success"
    assert site.loads(store, ago(2), "orders") == ["loaded"]
    assert site.lines(store, ago(2)) == {"O-1": "10.00", "O-2": "10.00"}


def test_a_delivery_that_lacks_a_part_is_held_and_the_rest_of_its_upload_is_loaded(site: Site, second: Run) -> None:
    assert second.state == "failed"
    assert second.states(f"parted {ago(2)}") == {
        "open": "success",
        "catalog": "success",
        "inventory": "skipped",
        "orders": "skipped",
        "variants": "skipped",
        "close": "failed",
    }
    assert site.loads("parted", ago(2), "orders")[:2] == ["loaded", "held"]
    assert site.loads("parted", ago(2), "catalog")[:2] == ["loaded", "loaded"]
    said = site.log(second.run_id, "upload.orders.load", second.uploads.index(f"parted {ago(2)}"))
    assert "not here any more: orders-2.csv" in said


def test_an_upload_that_a_cleared_run_has_gained_is_closed_after_its_last_load(site: Site, second: Run) -> None:
    assert len(second.uploads) == 5
    late = site.rows(
        "SELECT store, dataset FROM commerce.uploads JOIN ledger.loads USING (upload_id, store, day)"
        " WHERE closed_at < recorded_at AND dataset <> ALL (%s)",
        ["bundles", "product_graph"],  # which follow the upload
    )
    assert late == []


def test_what_is_held_does_not_redden_the_nights_that_follow(site: Site, third: Run) -> None:
    assert (third.state, third.uploads) == ("success", ())
    assert site.lines("parted", ago(2)) == {f"O-{number}": "10.00" for number in (1, 2, 3, 4)}


def test_once_the_part_has_come_the_delivery_is_loaded(site: Site, fourth: Run) -> None:
    assert (fourth.state, fourth.uploads) == ("success", (f"parted {ago(2)}",))
    assert site.loads("parted", ago(2), "orders") == ["loaded", "held", "loaded"]
    assert site.lines("parted", ago(2)) == {f"O-{number}": "10.00" for number in (1, 3, 4)}

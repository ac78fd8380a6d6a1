"""Which deliveries a run takes, for each way in which a run comes about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from include.stack.backfill import DayRun, Range, backfill
from tests.scheduler.conftest import PUNCTUAL, Nightly, ago
from tests.scheduler.site import CATALOG, Run, Site, orders

pytestmark = pytest.mark.timeout(600)

EARLIER = dt.date(2024, 12, 31)
FIRST, NEXT, LAST = (dt.date(2025, 1, day) for day in (10, 11, 12))


def test_the_scheduler_makes_the_run_of_yesterday_which_takes_the_days_on_which_it_was_down(
    site: Site, nightly: Nightly
) -> None:
    assert len(site.runs(run_type="scheduled")) == 1
    assert nightly.day == ago(1)
    assert nightly.first.state == "success"
    assert nightly.first.uploads == (f"{PUNCTUAL} {ago(4)}", f"{PUNCTUAL} {ago(1)}")
    assert [site.lines(PUNCTUAL, ago(days)) for days in (4, 1)] == [{"O-4": "10.00"}, {"O-1": "10.00"}]


def test_what_was_delivered_before_the_look_back_waits_for_a_backfill(site: Site, nightly: Nightly) -> None:
    assert site.loads(PUNCTUAL, ago(9), "orders") == []


@pytest.fixture(scope="module")
def backfilled(site: Site, nightly: Nightly) -> Iterator[list[DayRun]]:
    """A backfill of three days, two at a time; one of them has no delivery."""
    for day in (FIRST, LAST):
        site.deliver("history", day, {"catalog.csv": CATALOG, "orders.csv": orders(day.day)}, settled=False)
    *_, days = backfill(site.api.call, Range(FIRST, LAST, max_active_runs=2), poll_s=0.5)
    yield days
    site.withdraw("history")


def test_a_backfill_takes_every_day_once_and_two_side_by_side(site: Site, backfilled: list[DayRun]) -> None:
    assert [(run.day, run.state) for run in backfilled] == [(day, "success") for day in (FIRST, NEXT, LAST)]
    runs = [site.run(run.run_id) for run in backfilled]
    assert [run.uploads for run in runs] == [(f"history {FIRST}",), (), (f"history {LAST}",)]
    assert [site.loads("history", day, "orders") for day in (FIRST, NEXT, LAST)] == [["loaded"], [], ["loaded"]]
    assert most_at_once(runs) == 2


@pytest.fixture(scope="module")
def by_hand(site: Site, nightly: Nightly) -> Iterator[dict[str, Run]]:
    """Three runs that a person started at the same time, at their ends."""
    for days in (0, 3):
        site.deliver("by-hand", ago(days), {"orders.csv": orders(days)}, settled=False)
    for day in (EARLIER, FIRST):
        site.deliver("dated", day, {"orders.csv": orders(1)})
    elsewhere = site.stack.home / "elsewhere" / "foldered" / FIRST.isoformat()
    elsewhere.mkdir(parents=True)
    (elsewhere / "orders.csv").write_text(orders(1))
    runs = {
        "undated": site.trigger(),
        "dated": site.trigger(store="dated", from_="2024-12-30", until=EARLIER.isoformat()),
        "folder": site.trigger(folder=str(elsewhere)),
    }
    yield {name: site.ended(run_id) for name, run_id in runs.items()}
    site.withdraw("by-hand", "dated")


def test_a_run_by_hand_takes_today_and_news_of_earlier_days_and_waits_for_nothing_to_settle(
    site: Site, by_hand: dict[str, Run]
) -> None:
    run = by_hand["undated"]
    assert (run.state, run.record["logical_date"]) == ("success", None)
    assert run.uploads == tuple(f"by-hand {ago(days)}" for days in (3, 0))
    assert [site.lines("by-hand", ago(days)) for days in (3, 0)] == [{f"O-{days}": "10.00"} for days in (3, 0)]


def test_a_run_by_hand_with_dates_takes_these_days_of_its_store(site: Site, by_hand: dict[str, Run]) -> None:
    assert by_hand["dated"].state == "success"
    assert by_hand["dated"].uploads == (f"dated {EARLIER}",)
    assert site.loads("dated", FIRST, "orders") == []


def test_a_run_by_hand_with_a_folder_takes_it_wherever_it_lies(site: Site, by_hand: dict[str, Run]) -> None:
    assert by_hand["folder"].state == "success"
    assert by_hand["folder"].states(f"foldered {FIRST}") == {
        "open": "success",
        "catalog": "skipped",
        "inventory": "skipped",
        "orders": "success",
        "variants": "skipped",
        "close": "success",
    }
    assert site.lines("foldered", FIRST) == {"O-1": "10.00"}


def test_a_second_backfill_runs_completed_days_again_and_changes_nothing(site: Site, backfilled: list[DayRun]) -> None:
    before = versions(site, "history")
    *_, days = backfill(site.api.call, Range(FIRST, LAST, max_active_runs=2, reprocess="completed"), poll_s=0.5)
    assert days == backfilled
    # A task that the scheduler of a busy machine lost is run again, and finds its bytes loaded once more.
    for day, dataset in ((FIRST, "orders"), (LAST, "catalog")):
        first, *again = site.loads("history", day, dataset)
        assert (first, set(again)) == ("loaded", {"unchanged"})
    assert versions(site, "history") == before


def versions(site: Site, store: str) -> list[tuple[object, ...]]:
    """Every row's key with the transaction that wrote it: equal where nothing was written."""
    return site.rows(
        "SELECT order_id, line_no::text, lines.xmin::text FROM commerce.order_lines AS lines"
        " JOIN commerce.uploads USING (upload_id) WHERE store = %s"
        " UNION ALL SELECT variant_id, '', catalog.xmin::text FROM commerce.catalog AS catalog"
        " JOIN commerce.uploads USING (upload_id) WHERE store = %s ORDER BY 1, 2, 3",
        store,
        store,
    )


def most_at_once(runs: list[Run]) -> int:
    """How many of the runs were at work at the same moment."""
    starts = [(run.record["start_date"], 1) for run in runs]
    ends = [(run.record["end_date"], -1) for run in runs]
    at_work, most = 0, 0
    for _, change in sorted(starts + ends):
        at_work += change
        most = max(most, at_work)
    return most

from __future__ import annotations

import datetime as dt

import pytest

from include.errors import FileError, HeldError
from include.ledger import runs
from include.ledger.loads import LoadKey, record
from include.ledger.speed import slow
from include.pipelines.commerce.operate.morning import Finding, Kind, Morning, StoreDay, morning
from include.results import Counts, LoadResult, Status
from include.settings import StoresFile
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

CATALOG = "handle,title,price\nlamp,Lamp,1\n"
INVENTORY = "handle,location,available\nlamp,Port,1\n"
ORDERS = "order_id,created_at,quantity,unit_price\n1,2025-03-03,1,5\n"

# The files of DAY are due at 6 in the morning after it.
DUE = dt.datetime(2025, 3, 4, 6, tzinfo=dt.UTC)
A_MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def listed(shop: Shop) -> None:
    shop.settings()


def ask(shop: Shop, now: dt.datetime = DUE, day: dt.date | None = None) -> Morning:
    return morning(shop.connection, shop.stores, str(shop.landing), now=now, day=day)


def only(found: Morning) -> StoreDay:
    (store,) = found.stores
    return store


def finding(found: Morning, kind: Kind) -> Finding:
    (one,) = [one for one in found.findings if one.kind is kind]
    return one


def deliver(shop: Shop, **files: str) -> None:
    for name, text in {"catalog": CATALOG, "inventory": INVENTORY, "orders": ORDERS, **files}.items():
        shop.deliver(f"{name}.csv", text)
        shop.load(name)


def test_a_store_that_delivered_all_that_is_expected_leaves_nothing_to_do(shop: Shop) -> None:
    deliver(shop)
    found = ask(shop)
    store = only(found)
    assert (store.store, store.day, store.state, store.rows) == (STORE, DAY, "delivered", 4)
    assert store.delivered == ("catalog", "inventory", "orders")
    assert found.findings == ()


def test_an_upload_that_was_loaded_twice_counts_as_delivered(shop: Shop) -> None:
    deliver(shop)
    shop.load("catalog")
    assert only(ask(shop)).state == "delivered"


def test_a_store_is_late_from_its_delivery_hour_on_and_waited_for_until_then(shop: Shop) -> None:
    before, after = ask(shop, DUE - A_MINUTE), ask(shop, DUE)
    assert (only(before).state, before.findings) == ("waiting", ())
    assert only(after).state == "late"
    late = finding(after, Kind.LATE)
    assert late.datasets == ("catalog", "inventory", "orders")
    assert "due by 2025-03-04 06:00 UTC" in late.what
    assert late.command == f"./longshore load commerce {shop.landing}/{STORE}/{DAY}"


def test_the_day_and_the_hour_are_those_of_the_stores_own_zone(shop: Shop) -> None:
    shop.settings(time_zone="America/New_York", delivery_hour=7)
    in_new_york = dt.datetime(2025, 3, 4, 12, tzinfo=dt.UTC)  # 7 in the morning there
    assert (only(ask(shop, in_new_york)).day, only(ask(shop, in_new_york)).state) == (DAY, "late")
    assert only(ask(shop, in_new_york - A_MINUTE)).state == "waiting"
    night = dt.datetime(2025, 3, 4, 4, tzinfo=dt.UTC)  # still the 3rd there
    assert only(ask(shop, night)).day == DAY - dt.timedelta(1)


def test_only_what_is_missing_is_late_and_what_lies_there_unloaded_is_told_apart(shop: Shop) -> None:
    deliver(shop)
    shop.settings(datasets=["catalog", "inventory", "orders", "variants"])
    assert finding(ask(shop), Kind.LATE).datasets == ("variants",)
    shop.deliver("variants.csv", "handle,title\nlamp,Lamp\n")
    assert "in the landing zone and not loaded" in finding(ask(shop), Kind.LATE).what


def test_a_dataset_that_a_run_noted_as_not_delivered_is_missing(shop: Shop) -> None:
    deliver(shop)
    shop.load("variants")  # skipped
    assert only(ask(shop)).missing == ()
    shop.settings(datasets=["variants"])
    assert only(ask(shop)).missing == ("variants",)


def test_of_a_store_that_is_expected_to_deliver_nothing_nothing_is_due(shop: Shop) -> None:
    shop.settings(datasets=[])
    assert only(ask(shop)).state == "nothing due"


def test_a_held_dataset_names_the_command_that_shows_it(shop: Shop) -> None:
    deliver(shop)
    shop.deliver("catalog.csv", "")
    with pytest.raises(HeldError):
        shop.load("catalog")
    found = ask(shop)
    assert (only(found).state, only(found).held) == ("held", ("catalog",))
    held = finding(found, Kind.HELD)
    assert held.command == f"./longshore uploads show {STORE}/{DAY}"
    assert "0 bytes" in held.what
    assert held.load_id == shop.ledger()[-1]["load_id"]


def test_a_failed_dataset_leads_to_its_rejects_or_to_the_upload(shop: Shop) -> None:
    deliver(shop)
    shop.deliver("catalog.csv", "no,such\n1,2\n")
    with pytest.raises(FileError):
        shop.load("catalog")
    found = ask(shop)
    assert (only(found).state, only(found).failed) == ("failed", ("catalog",))
    assert finding(found, Kind.FAILED).command == f"./longshore uploads show {STORE}/{DAY}"
    shop.settings(max_rejected_rows=0)
    shop.deliver("catalog.csv", CATALOG + "shade,Shade,dear\n")
    with pytest.raises(FileError):
        shop.load("catalog")
    failed = finding(ask(shop), Kind.FAILED)
    assert failed.command == f"./longshore rejects list --load {failed.load_id}"


def test_rejects_of_what_is_loaded_are_counted_by_code_and_once_for_orders_and_lines(shop: Shop) -> None:
    deliver(shop, orders=ORDERS + "2,yesterday,1,5\n3,2025-03-03,x,5\n4,2025-03-03,y,5\n")
    found = ask(shop)
    assert only(found).state == "delivered"
    rejected = finding(found, Kind.REJECTS)
    assert (rejected.datasets, rejected.reasons) == (("order_lines",), {"not_an_integer": 2, "not_a_date": 1})
    assert rejected.command == f"./longshore rejects list --load {rejected.load_id}"


def test_a_store_that_nobody_listed_is_asked_about_for_thirty_days(shop: Shop) -> None:
    deliver(shop)
    shop.stores = StoresFile()
    assert [(store.store, store.listed) for store in ask(shop).stores] == [(STORE, False)]
    assert only(ask(shop, DUE + dt.timedelta(days=29))).state == "late"
    assert ask(shop, DUE + dt.timedelta(days=31)).stores == ()


def test_any_day_can_be_asked_about(shop: Shop) -> None:
    deliver(shop)
    later = DUE + dt.timedelta(days=300)
    assert only(ask(shop, later, DAY)).state == "delivered"
    assert only(ask(shop, later)).state == "late"


def timed(shop: Shop, ms: float, rows: int = 1000, dataset: str = "catalog") -> int:
    key = LoadKey(
        runs.open_run(shop.connection, runs.RunSource.command_line("commerce")), shop.upload_id, STORE, DAY.isoformat()
    )
    result = LoadResult(dataset, Status.LOADED, Counts(rows_read=rows, inserted=rows), ms=ms)
    [load_id] = record(shop.connection, key, [result], fingerprint="", facts={})
    return load_id


def test_a_load_far_slower_than_the_median_of_those_before_is_slow(shop: Shop) -> None:
    for ms in (900, 1000, 1000, 1100, 30_000):  # one that was slow before does not move the median
        timed(shop, ms)
    load_id = timed(shop, 3_500)
    (found,) = slow(shop.connection, [load_id])
    assert (found.ms_per_row, found.usual_ms_per_row, found.times) == (3.5, 1.0, 3.5)


@pytest.mark.parametrize(
    ("history", "ms", "rows"),
    [
        ([1000] * 5, 2_900, 1000),  # less than three times
        ([1000] * 4, 9_000, 1000),  # too few loads to say what is usual
        ([100] * 5, 1_000, 1000),  # ten times, and no second is lost
        ([], 9_000, 1000),
    ],
)
def test_a_load_is_not_slow_by_a_little_or_by_a_hearsay(shop: Shop, history: list[int], ms: float, rows: int) -> None:
    for earlier in history:
        timed(shop, earlier)
    assert slow(shop.connection, [timed(shop, ms, rows)]) == []


def test_what_is_usual_is_asked_of_the_same_dataset_and_of_the_last_thirty_loads(shop: Shop) -> None:
    for _ in range(30):
        timed(shop, 9_000, dataset="orders")
    for _ in range(30):
        timed(shop, 100_000)
    for _ in range(30):
        timed(shop, 1_000)
    assert [one.usual_ms_per_row for one in slow(shop.connection, [timed(shop, 9_000)])] == [1.0]


def test_a_slow_load_is_said_with_the_command_that_explains_it(shop: Shop) -> None:
    for _ in range(5):
        timed(shop, 100)
    shop.connection.execute(
        "INSERT INTO commerce.uploads (upload_id, store, day) VALUES (%s, %s, %s)", [shop.upload_id, STORE, DAY]
    )
    load_id = timed(shop, 20_000)
    found = finding(ask(shop), Kind.SLOW)
    assert (found.command, found.datasets) == (f"./longshore explain {load_id}", ("catalog",))
    assert "200.0 times the usual 0.1" in found.what


def test_bundles_and_a_graph_that_failed_are_said_with_what_makes_them_again(shop: Shop) -> None:
    deliver(shop)
    run = runs.open_run(shop.connection, runs.RunSource.command_line("commerce"))
    key = LoadKey(run, shop.upload_id, STORE, DAY.isoformat())
    for name in ("bundles", "product_graph"):
        failed = LoadResult(name, Status.FAILED, message="The graph is held.")
        record(shop.connection, key, [failed], fingerprint="", facts={})
    found = ask(shop)
    assert only(found).state == "delivered"
    assert [(one.kind, one.datasets, one.command) for one in found.findings] == [
        (Kind.FAILED, ("bundles",), f"./longshore bundles mine --store {STORE}"),
        (Kind.FAILED, ("product_graph",), f"./longshore graph build --store {STORE}"),
    ]


def test_elements_of_the_graph_are_no_rows_of_the_store(shop: Shop) -> None:
    deliver(shop)
    run = runs.open_run(shop.connection, runs.RunSource.command_line("commerce"))
    loaded = LoadResult("product_graph", Status.LOADED, Counts(rows_read=9, inserted=9))
    record(shop.connection, LoadKey(run, shop.upload_id, STORE, DAY.isoformat()), [loaded], fingerprint="", facts={})
    assert only(ask(shop)).rows == 4

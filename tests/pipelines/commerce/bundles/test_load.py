"""Bundles against a real server: from loaded files to the table, the ledger, what is due and what is taken back."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from include.errors import LongshoreError, TransientError
from include.ledger import loads
from include.ledger.runs import RunSource
from include.pipelines.commerce.bundles import load as bundles
from include.pipelines.commerce.bundles import rows as bundles_report
from include.pipelines.commerce.delivery.upload_id import upload_id
from include.pipelines.commerce.operate import forget
from include.postgres.session import connect, lock
from include.settings import StoreSettings, StoresFile
from include.writers import errors as writer_errors
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

ORDERS = "order_id,created_at,currency,financial_status,cancelled_at,tags,quantity,unit_price,sku,line_name\n"
CATALOG = "variant_id,title,sku,price,tags\n"
TEA_AND_POT = 'v1,Tea,T,4.50,"drinks, loose"\nv2,Pot,P,20,kitchen\nv3,Cup,C,6.25,Kitchen\n'
STOCK = "variant_id,location,available\nv1,Shop,3\nv2,Shop,0\nv2,Attic,2\nv3,Shop,0\n"
NEXT_DAY = DAY + dt.timedelta(days=1)
LOOSE = {"min_count": 1, "min_confidence": 0, "min_lift": 0}


def order(number: object, *skus: str, at: str = "2025-03-03 10:00", **header: str) -> str:
    """An order's lines; `lines` overrides each line's quantity."""
    cells = [at, "EUR", header.get("status", "paid"), header.get("cancelled", ""), header.get("tags", "")]
    quantity = header.get("quantity", "1")
    return "".join(f"{number},{','.join(cells)},{quantity},1.00,{sku},\n" for sku in skus)


def deliver(shop: Shop, day: dt.date = DAY, catalog: str = "", stock: str = "", orders: str = "") -> None:
    files = {"catalog": catalog and CATALOG + catalog, "inventory": stock, "orders": orders and ORDERS + orders}
    for name, text in files.items():
        if text:
            shop.deliver(f"{name}.csv", text, day)
            shop.load(name, day)


def settings(shop: Shop, time_zone: str = "UTC", **values: object) -> None:
    shop.settings(time_zone=time_zone, currency="EUR", bundles={**LOOSE, **values})


def mine(shop: Shop, windows: Iterable[bundles.Window] | None = None) -> list[bundles.MinedWindow]:
    wanted = list(bundles.due(shop.connection, shop.stores) if windows is None else windows)
    source = RunSource.command_line(bundles.PIPELINE)
    return list(bundles.mine_windows(lambda: connect(shop.url), wanted, shop.stores, source))


def found(shop: Shop) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(row["variants"]): row for row in bundles_report.table(shop.connection, STORE)}


def facts(shop: Shop) -> dict[str, Any]:
    last = shop.ledger()[-1]
    assert last["dataset"] == "bundles"
    return last["facts"]["bundles"]  # type: ignore[index]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    settings(shop)
    return shop


def test_bundles_have_products_prices_and_the_windows_newest_upload(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P") + order(2, "T", "P") + order(3, "T"))
    (mined,) = mine(shop)
    assert mined.result.counts.inserted == mined.result.counts.rows_read == 1
    row = found(shop)["v1", "v2"]
    assert (row["products"], str(row["price"]), row["currency"]) == (["Tea", "Pot"], "24.5000", "EUR")
    assert (row["baskets"], row["support_count"], row["support"]) == (3, 2, 2 / 3)
    assert row["confidences"] == [1.0, 2 / 3]
    assert (row["window_start"], row["window_end"], row["rank"]) == (DAY - dt.timedelta(days=89), DAY, 1)
    assert str(shop.value("SELECT upload_id FROM commerce.bundles")) == shop.upload_id


def test_an_order_delivered_twice_counts_once_as_its_newest_delivery_says(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P") + order(2, "T", "C"))
    deliver(shop, NEXT_DAY, orders=order(1, "T", "P") + order(2, "T", "C", cancelled="2025-03-04 08:00"))
    mine(shop)
    assert {bundle: row["support_count"] for bundle, row in found(shop).items()} == {("v1", "v2"): 1}
    assert facts(shop)["lines"]["cancelled"] == 2


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        ({"cancelled": "2025-03-03 12:00"}, "cancelled"),
        ({"quantity": "-1"}, "returned"),
        ({"quantity": "0"}, "returned"),
        ({"status": "refunded"}, "returned"),
        ({"status": "voided"}, "returned"),
        ({"tags": '"vip, Wholesale "'}, "excluded"),
    ],
)
def test_what_was_not_bought_or_is_excluded_is_in_no_basket(shop: Shop, header: dict[str, str], outcome: str) -> None:
    settings(shop, excluded_order_tags=["wholesale"])
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P") + order(2, "T", "P", **header))
    mine(shop)
    assert found(shop)["v1", "v2"]["support_count"] == 1
    assert (facts(shop)["lines"][outcome], facts(shop)["lines"]["used"]) == (2, 2)


def test_products_tags_are_excluded_whatever_their_case(shop: Shop) -> None:
    settings(shop, excluded_tags=["kitchen"])
    deliver(shop, catalog=TEA_AND_POT + "v4,Milk,M,1,\n", orders=order(1, "T", "P", "C", "M"))
    mine(shop)
    assert found(shop).keys() == {("v1", "v4")}
    assert facts(shop)["lines"]["excluded"] == 2


def test_ambiguous_and_unmatched_lines_are_counted_apart(shop: Shop) -> None:
    catalog = TEA_AND_POT + "v5,Tea two,D,1,\nv6,Tea three,D,1,\n"
    deliver(shop, catalog=catalog, orders=order(1, "T", "P", "D", "nobody's"))
    mine(shop)
    assert found(shop).keys() == {("v1", "v2")}
    assert (facts(shop)["lines"]["ambiguous"], facts(shop)["lines"]["unmatched"]) == (1, 1)


def test_only_what_some_location_has_is_recommended(shop: Shop) -> None:
    orders = order(1, "T", "P", "C", "N", "L")
    catalog = TEA_AND_POT + "v4,Not counted,N,1,\nv7,Not listed,L,1,\n"
    deliver(shop, catalog=catalog, stock=STOCK + "v4,Shop,not stocked\n", orders=orders)
    mine(shop)
    assert found(shop).keys() == {("v1", "v2"), ("v1", "v4"), ("v2", "v4"), ("v1", "v2", "v4")}
    assert facts(shop)["not_in_stock"] == 2


def test_without_an_inventory_the_filter_is_off_and_that_is_said(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    (mined,) = mine(shop)
    assert mined.result.message == "no inventory: stock filter off"
    assert found(shop)["v1", "v2"]


def test_without_a_catalog_variants_are_what_the_lines_call_them(shop: Shop) -> None:
    deliver(shop, stock=STOCK, orders=order(1, "T", "P") + "2,2025-03-03 11:00,EUR,paid,,,1,1,,\n")
    (mined,) = mine(shop)
    assert mined.result.message.startswith("no catalog: variants are what the lines call them")
    row = found(shop)["P", "T"]
    assert (row["products"], row["price"], row["currency"]) == ([], None, None)
    assert facts(shop)["lines"]["unmatched"] == 1


def test_the_window_is_days_of_the_stores_zone_by_the_orders_moment(shop: Shop) -> None:
    settings(shop, time_zone="America/New_York", window_days=2)
    at = {
        "first": "2025-03-02 05:00 +00:00",  # midnight of the first day there
        "too early": "2025-03-02 04:59 +00:00",
        "last": "2025-03-04 04:59 +00:00",
        "too late": "2025-03-04 05:00 +00:00",
    }
    deliver(shop, catalog=TEA_AND_POT, orders="".join(order(name, "T", "P", at=moment) for name, moment in at.items()))
    mine(shop)
    assert found(shop)["v1", "v2"]["support_count"] == 2
    assert facts(shop)["lines"]["lines"] == 4


def test_due_is_the_newest_window_until_orders_masters_or_settings_change(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    deliver(shop, NEXT_DAY, orders=order(2, "T", "P"))

    def due() -> list[dt.date]:
        return [window.day for window in bundles.due(shop.connection, shop.stores)]

    assert due() == [NEXT_DAY]
    mine(shop)
    assert due() == []
    deliver(shop, orders=order(1, "T", "C"))  # the day before, delivered again
    assert due() == [NEXT_DAY]
    mine(shop)
    deliver(shop, NEXT_DAY, stock=STOCK)
    assert due() == [NEXT_DAY]
    mine(shop)
    settings(shop, top=3)
    assert due() == [NEXT_DAY]
    mine(shop)
    assert due() == []


def test_any_range_is_mined_again_and_changes_nothing(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    deliver(shop, NEXT_DAY, orders=order(2, "T", "P", at="2025-03-04 10:00"))
    windows = bundles.windows_between(shop.connection, STORE, DAY, NEXT_DAY)
    assert [window.day for window in windows] == [DAY, NEXT_DAY]
    first = mine(shop, windows)
    again = mine(shop, windows)
    assert [one.result.counts.inserted for one in first] == [1, 1]
    assert [(one.result.counts.unchanged, one.result.counts.inserted) for one in again] == [(1, 0), (1, 0)]
    assert bundles.due(shop.connection, shop.stores) == []
    assert bundles.windows_between(shop.connection, "other", DAY, NEXT_DAY) == []
    counts = [row["support_count"] for row in bundles_report.table(shop.connection, None, DAY, NEXT_DAY)]
    assert counts == [1, 2]
    assert [row["window_end"] for row in bundles_report.table(shop.connection)] == [NEXT_DAY]


def test_a_run_that_finds_fewer_bundles_leaves_no_stale_ones(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P", "C") + order(2, "T", "P"))
    mine(shop)
    assert len(found(shop)) == 4
    deliver(shop, orders=order(1, "T") + order(2, "T", "P"))
    (mined,) = mine(shop)
    assert mined.result.counts.deleted == 3
    assert found(shop).keys() == {("v1", "v2")}
    deliver(shop, orders=order(1, "T") + order(2, "T"))
    (mined,) = mine(shop)
    assert (mined.result.counts.rows_read, mined.result.counts.deleted) == (0, 1)
    assert found(shop) == {}
    assert shop.value("SELECT count(*) FROM commerce.bundles") == 0


def test_other_settings_stand_beside_and_the_view_shows_the_last_run(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P", "C"))
    mine(shop)
    settings(shop, max_items=2)
    mine(shop)
    assert shop.value("SELECT count(*) FROM commerce.bundles") == 7
    assert len(found(shop)) == 3
    settings(shop, min_count=9)
    mine(shop)
    assert found(shop) == {}


def test_the_ledgers_row_adds_up_and_has_the_times(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    (mined,) = mine(shop)
    row = shop.ledger()[-1]
    assert (row["dataset"], row["status"], row["load_id"]) == ("bundles", "loaded", mined.result.load_id)
    assert {"read", "mine", "copy", "merge"} <= row["phases"].keys()
    assert row["fingerprint"] == shop.value("SELECT settings FROM commerce.bundles")
    lines = dict(facts(shop)["lines"])
    assert lines.pop("lines") == sum(lines.values()) == 2


def test_a_window_whose_inputs_change_meanwhile_is_mined_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_errors, "FIRST_WAIT_S", 0.01)
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    mined, real = [], bundles.mine

    def interrupted(*arguments: Any) -> Any:
        mined.append(1)
        if len(mined) == 1:
            deliver(shop, orders=order(1, "T", "C"))
        return real(*arguments)

    monkeypatch.setattr(bundles, "mine", interrupted)
    mine(shop)
    assert len(mined) == 2
    assert found(shop).keys() == {("v1", "v3")}
    assert bundles.due(shop.connection, shop.stores) == []


def test_a_store_that_fails_leaves_the_others_mined(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    (window,) = bundles.due(shop.connection, shop.stores)
    broken = bundles.Window("broken", DAY, upload_id("broken", DAY))
    real = bundles.Mining.attempt

    def attempt(mining: Any) -> Any:
        if mining.window is broken:
            raise LongshoreError("It is broken.")
        return real(mining)

    monkeypatch.setattr(bundles.Mining, "attempt", attempt)
    with pytest.raises(LongshoreError, match="broken"):
        mine(shop, [broken, window])
    assert found(shop)
    assert [(row["store"], row["status"]) for row in shop.ledger()[-2:]] == [("broken", "failed"), (STORE, "loaded")]


def test_mining_holds_up_no_load_and_waits_for_whoever_writes_the_same_store(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    with connect(shop.url) as other:
        with other.transaction():
            lock(other, bundles.lock_name(STORE))
            thread = threading.Thread(target=mine, args=[shop])
            thread.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not other.execute(waiting).fetchone()[0]:  # type: ignore[index] # bounded by the test's timeout
                thread.join(0.02)
                assert thread.is_alive(), "it did not wait"
            shop.deliver("variants.csv", "variant_id,sku\nv1,T\n")
            shop.load("variants")
        thread.join(30)
    assert found(shop)


def test_what_is_forgotten_leaves_no_bundles_and_the_newest_window_is_due_again(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    deliver(shop, NEXT_DAY, orders=order(2, "T", "C", at="2025-03-04 10:00"))
    mine(shop, bundles.windows_between(shop.connection, None, DAY, NEXT_DAY))
    assert shop.value("SELECT count(*) FROM commerce.bundles") == 3
    would = forget.find_uploads(shop.connection, forget.Selection(upload_id=upload_id(STORE, DAY)))
    done = forget.forget_uploads(lambda: connect(shop.url), [one.subject for one in would], "somebody")
    assert done == would
    assert done[0].rows["bundles"] == 3, "the next day's window reaches over the forgotten day"
    assert found(shop) == {}
    (window,) = bundles.due(shop.connection, shop.stores)
    assert window.day == NEXT_DAY
    mine(shop)
    assert found(shop).keys() == {("C", "T")}, "the catalog was forgotten, too"


def test_a_forgotten_store_has_no_bundles_and_nothing_is_due(shop: Shop) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    deliver(shop, NEXT_DAY, orders=order(2, "T", "C"))
    windows = bundles.windows_between(shop.connection, None, DAY, NEXT_DAY)
    mine(shop, windows)
    would = forget.find_uploads(shop.connection, forget.Selection(store=STORE))
    assert forget.forget_uploads(lambda: connect(shop.url), [one.subject for one in would], "somebody") == would
    assert shop.value("SELECT count(*) FROM commerce.bundles") == 0
    assert shop.value("SELECT count(*) FROM ledger.current_loads") == 0
    assert bundles.due(shop.connection, shop.stores) == []
    assert mine(shop, windows) == [], "what was forgotten meanwhile is left out"


def test_stores_with_other_settings_are_mined_by_their_own(shop: Shop) -> None:
    loose, strict = StoreSettings.model_validate({"bundles": LOOSE}), StoreSettings()
    assert bundles.settings_fingerprint(loose) != bundles.settings_fingerprint(strict)
    shop.stores = StoresFile(stores={STORE: strict})
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    mine(shop)
    assert found(shop) == {}


def test_inputs_that_never_rest_end_as_transient_and_leave_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(shop, catalog=TEA_AND_POT, orders=order(1, "T", "P"))
    (window,) = bundles.due(shop.connection, shop.stores)
    monkeypatch.setattr(bundles, "repeat_transient", lambda action: action())
    real, versions = bundles.mine, iter("TPC")

    def restless(*arguments: Any) -> Any:
        deliver(shop, orders=order(1, next(versions)))
        return real(*arguments)

    monkeypatch.setattr(bundles, "mine", restless)
    with pytest.raises(TransientError, match="changed while"):
        mine(shop, [window])
    assert shop.value("SELECT count(*) FROM commerce.bundles") == 0
    assert loads.current(shop.connection, window.upload_id, "bundles") is None

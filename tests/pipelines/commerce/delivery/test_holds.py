from __future__ import annotations

import datetime as dt

import pytest

from include.errors import BudgetError, HeldError
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

ORDERS = "order_id,created_at,currency,quantity,unit_price,sku\n"
CATALOG = "handle,title,price\n"
NEXT_DAY = DAY + dt.timedelta(1)
ACCEPT = rf"\./longshore uploads accept {STORE}/{DAY}"


def orders(rows: int, faulty: int) -> str:
    lines = (f"{n},2025-03-03,EUR,{'x' if n < faulty else 1},5,a\n" for n in range(rows))
    return ORDERS + "".join(lines)


def catalog(rows: int) -> str:
    return CATALOG + "".join(f"lamp-{n},Lamp,1\n" for n in range(rows))


def test_a_load_over_its_budget_is_held_with_its_rejects_where_the_store_says_so(shop: Shop) -> None:
    shop.settings(over_budget="hold")
    shop.deliver("orders.csv", orders(100, 6))
    with pytest.raises(HeldError, match=rf"6 of 100 rows.*5 percent.*line 2, quantity.*{ACCEPT}"):
        shop.load("orders")
    assert [row["status"] for row in shop.ledger()] == ["held", "held"]
    assert shop.value("SELECT count(*) FROM commerce.orders") == 0
    assert shop.value("SELECT count(*) FROM ledger.rejects WHERE load_id = %s", shop.ledger()[-1]["load_id"]) == 6


def test_a_person_lets_the_sound_rows_through_and_the_rejects_stay_rejects(shop: Shop) -> None:
    shop.settings(over_budget="hold")
    shop.deliver("orders.csv", orders(100, 6))
    with pytest.raises(HeldError):
        shop.load("orders")
    header, lines = shop.load("orders", accept=True, accepted_by="operator")
    assert (lines.counts.inserted, lines.counts.rejected, lines.reasons) == (94, 6, {"not_an_integer": 6})
    assert header.counts.balanced
    assert {row["accepted_by"] for row in shop.ledger()[-2:]} == {"operator"}


def test_an_absolute_budget_that_holds_reads_on_and_says_both_counts(shop: Shop) -> None:
    shop.settings(over_budget="hold", max_rejected_rows=2)
    shop.deliver("orders.csv", orders(50, 4))
    with pytest.raises(HeldError, match="4 of 50 rows were rejected, 2 rows are allowed"):
        shop.load("orders")


def test_nobody_lets_a_load_over_its_budget_through_where_the_store_does_not_say_hold(shop: Shop) -> None:
    shop.deliver("orders.csv", orders(100, 6))
    with pytest.raises(BudgetError):
        shop.load("orders", accept=True, accepted_by="operator")
    assert shop.ledger()[-1]["status"] == "failed"


def test_within_the_budget_a_store_that_holds_loads_as_ever(shop: Shop) -> None:
    shop.settings(over_budget="hold")
    shop.deliver("orders.csv", orders(100, 5))
    assert shop.load("orders")[0].status is Status.LOADED


@pytest.mark.parametrize("day", [DAY, NEXT_DAY], ids=["delivered again", "the next day"])
def test_a_changed_header_is_held_where_the_store_says_so_with_the_names_that_came_and_went(
    shop: Shop, day: dt.date
) -> None:
    shop.settings(hold_changed_header=True)
    shop.deliver("catalog.csv", catalog(2))
    shop.load("catalog")
    shop.deliver("catalog.csv", catalog(2).replace("title", "name").replace("price", "price,tax"), day)
    with pytest.raises(HeldError, match=r"2 new \(\+\), 1 gone \(-\): \+name, \+tax, -title.*uploads accept"):
        shop.load("catalog", day)
    assert shop.load("catalog", day, accept=True)[0].header_changes == ("+name", "+tax", "-title")


def test_after_a_header_was_accepted_it_is_the_one_to_compare_with(shop: Shop) -> None:
    shop.settings(hold_changed_header=True)
    for day, header in ((DAY, "title"), (NEXT_DAY, "name")):
        shop.deliver("catalog.csv", catalog(2).replace("title", header), day)
        shop.load("catalog", day, accept=True)
    third = NEXT_DAY + dt.timedelta(1)
    shop.deliver("catalog.csv", catalog(2).replace("title", "name"), third)
    assert shop.load("catalog", third)[0].status is Status.LOADED


def test_a_stores_first_delivery_and_another_order_of_the_same_names_are_no_change(shop: Shop) -> None:
    shop.settings(hold_changed_header=True)
    shop.deliver("catalog.csv", catalog(2))
    shop.load("catalog")
    shop.deliver("catalog.csv", "price,title,handle\n1,Lamp,lamp-0\n")
    assert shop.load("catalog")[0].status is Status.LOADED


def test_after_an_empty_file_was_let_through_the_next_header_is_no_change(shop: Shop) -> None:
    shop.settings(hold_changed_header=True)
    for text in (catalog(2), ""):
        shop.deliver("catalog.csv", text)
        (result,) = shop.load("catalog", accept=True)
        assert result.header_changes == ()
    shop.deliver("catalog.csv", catalog(2))
    assert shop.load("catalog")[0].status is Status.LOADED


def test_many_changed_names_are_counted_and_the_first_are_named(shop: Shop) -> None:
    shop.settings(hold_changed_header=True)
    shop.deliver("catalog.csv", catalog(1))
    shop.load("catalog")
    names = ",".join(f"extra {n:02}" for n in range(30))
    shop.deliver("catalog.csv", f"handle,title,price,{names}\nlamp-0,Lamp,1\n")
    with pytest.raises(HeldError, match=r"30 new .* 0 gone .*\+extra 11 and 18 more\."):
        shop.load("catalog")


def test_an_emptied_or_shorter_delivery_says_what_there_was(shop: Shop) -> None:
    shop.deliver("catalog-1.csv", catalog(3))
    part = shop.deliver("catalog-2.csv", CATALOG + "shade,Shade,2\n")
    shop.load("catalog")
    shop.deliver("catalog-2.csv", "")
    with pytest.raises(HeldError, match=rf"1 of 2 files with 0 bytes \(catalog-2.csv\).* read 4 rows.*{ACCEPT}"):
        shop.load("catalog")
    part.unlink()
    with pytest.raises(HeldError, match=r"has 1 files, the load before had 2; not here any more: catalog-2\.csv"):
        shop.load("catalog")


def test_the_upload_remembers_where_it_was_opened_last(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(1))
    shop.load("catalog")
    assert shop.value("SELECT url FROM commerce.uploads") == str(shop.landing / STORE / DAY.isoformat())

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.pipelines.commerce.conftest import Shop

HEADER = (
    "Name,Created at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,"
    "Lineitem quantity,Lineitem price,Lineitem discount\n"
)


def order(subtotal: str, *lines: str, discount: str = "0.00", name: str = "#1") -> str:
    """An order's rows as Shopify's export has them; each line is quantity, price and discount."""
    first, *others = lines
    head = f"{name},2025-03-03 08:00:00 +0000,EUR,{subtotal},4.90,0.00,99.00,{discount},{first}\n"
    return head + "".join(f"{name},,,,,,,,{line}\n" for line in others)


def facts(shop: Shop) -> object:
    return shop.value("SELECT facts -> 'order_money' FROM ledger.current_loads WHERE dataset = 'orders'")


@pytest.mark.parametrize(
    ("text", "difference", "agrees_by"),
    [
        (order("20.00", "2,10.00,0.00"), "0.00", "lines"),
        (order("24.50", "2,10.00,0.50", "1,5.00,0.00"), "0.00", "lines"),
        (order("20.01", "2,10.00,"), "-0.01", "lines"),
        (order("20.02", "2,10.00,"), "-0.02", None),
        (order("20.02", "1,10.00,", "1,10.00,"), "-0.02", "lines"),
        (order("18.00", "2,10.00,0.00", discount="2.00"), "2.00", "order discount"),
        (order("18.00", "2,10.00,2.00", discount="2.00"), "0.00", "lines"),
        (order("18.00", "2,10.00,0.00", discount="1.00"), "2.00", None),
        (order("18.00", "2,10.00,0.00", discount=""), "2.00", None),
        (order("0.00", "-1,10.00,0.00", "1,10.00,0.00"), "0.00", "lines"),
    ],
)
def test_lines_are_compared_with_the_subtotal_to_a_cent_a_line(
    shop: Shop, text: str, difference: str, agrees_by: str | None
) -> None:
    shop.deliver("orders.csv", HEADER + text)
    shop.load("orders")
    rows = shop.rows("SELECT difference, agrees_by FROM commerce.order_money")
    assert rows == [(Decimal(difference), agrees_by)]
    assert facts(shop) == {"compared": 1, "mismatched": int(agrees_by is None)}


def test_what_does_not_agree_is_loaded_as_it_was_delivered(shop: Shop) -> None:
    shop.deliver("orders.csv", HEADER + order("7.00", "2,10.00,0.00"))
    header, lines = shop.load("orders")
    assert (header.counts.inserted, lines.counts.inserted, lines.counts.rejected) == (1, 1, 0)
    assert shop.value("SELECT subtotal FROM commerce.orders") == Decimal("7.00")


def test_orders_without_a_subtotal_are_not_compared(shop: Shop) -> None:
    shop.deliver("orders.csv", HEADER + order("", "2,10.00,0.00") + order("10.00", "1,10.00,", name="#2"))
    shop.load("orders")
    assert shop.rows("SELECT order_id FROM commerce.order_money") == [("#2",)]
    assert facts(shop) == {"compared": 1, "mismatched": 0}


def test_a_rejected_line_is_missing_from_the_sum(shop: Shop) -> None:
    shop.settings(max_rejected_percent=100)
    shop.deliver("orders.csv", HEADER + order("25.00", "2,10.00,0.00", "one,5.00,0.00"))
    shop.load("orders")
    assert shop.rows("SELECT lines, difference, agrees_by FROM commerce.order_money") == [(1, Decimal("-5.00"), None)]


def test_a_correction_is_compared_anew(shop: Shop) -> None:
    for subtotal, mismatched in (("7.00", 1), ("20.00", 0)):
        shop.deliver("orders.csv", HEADER + order(subtotal, "2,10.00,0.00"))
        shop.load("orders")
        assert facts(shop) == {"compared": 1, "mismatched": mismatched}

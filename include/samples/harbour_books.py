"""`harbour-books`: Shopify's exports in their current form, GBP with a few orders in EUR, Europe/London.

What is awkward: HTML with line ends in quotes, rows that hold a picture only, blank SKUs, one SKU of two variants, the
same SKU twice in an order, zips with an apostrophe, and exports that overlap: a refund and a cancellation of one day's
orders stand in the next day's export.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from include.samples.files import delimited
from include.samples.shop import DAYS, DEFAULT_TITLE, Counter, Draw, Line, Order, Product, Variant, lines_of
from include.samples.shopify import (
    CURRENT,
    INVENTORY_CURRENT,
    ORDERS,
    PRODUCTS_CURRENT,
    OrderStyle,
    inventory_rows,
    order_rows,
    product_rows,
)

STORE = "harbour-books"
ZONE = "Europe/London"
ORDERS_A_DAY = 12

PRODUCTS = (
    Product(
        "tide-and-tally",
        "Tide and Tally",
        "Book",
        ("Format",),
        (
            Variant(("Paperback",), "HB-001-P", "9.99", 24, "9990000000017"),
            Variant(("Hardback",), "HB-001-H", "21.50", 6, "9990000000024"),
            Variant(("E-book",), "", "5.99", None),
        ),
        '<p>A year on the quay,\ntold by its ledgers.</p>\n<ul>\n<li>With 12 charts</li>\n<li>"Salty"</li>\n</ul>',
        "sea, new",
        images=5,
    ),
    Product(
        "grey-heron",
        'The "Grey" Heron, and Other Walks',
        "Book",
        ("Title",),
        (Variant((DEFAULT_TITLE,), "HB-002", "12.00", 9),),
        "<p>Eleven walks\r\nalong the estuary.</p>",
        "walks",
    ),
    Product(
        "rope-and-knot",
        "Rope and Knot Primer",
        "Book",
        ("Edition",),
        (Variant(("First",), "RKP", "7.50", 3), Variant(("Second",), "RKP", "8.50", 14)),
        "<p>Forty knots.</p>",
        "craft",
        images=3,
    ),
    Product(
        "harbour-sketchbook",
        "Harbour Sketchbook",
        "Stationery",
        ("Size", "Paper"),
        tuple(
            Variant((size, paper), f"SK-{size}-{paper[0]}", price, stock)
            for size, paper, price, stock in (
                ("A5", "Plain", "6.00", 40),
                ("A5", "Dotted", "6.50", 31),
                ("A4", "Plain", "9.00", -2),
                ("A4", "Dotted", "9.50", 0),
            )
        ),
        "",
        "paper",
    ),
    Product(
        "chart-pencil",
        "Chart Pencil",
        "Stationery",
        ("Title",),
        (Variant((DEFAULT_TITLE,), "CP-1", "1.80", 200),),
        "<p>Soft, and it floats.</p>",
        "paper, pencil",
    ),
    Product(
        "cafe-by-the-quay",
        "Café by the Quay",
        "Book",
        ("Title",),
        (Variant((DEFAULT_TITLE,), "", "14.25", 5),),
        "<p>Recipes; none of them quick.</p>",
        "food",
    ),
    Product(
        "lamp-oil-and-ink",
        "Lamp Oil & Ink",
        "Book",
        ("Format",),
        (Variant(("Paperback",), "HB-007-P", "10.99", 11), Variant(("Hardback",), "HB-007-H", "24.00", 2)),
        "",
        "sea",
        images=4,
    ),
)
LATE_PRODUCT = Product(
    "winter-moorings",
    "Winter Moorings",
    "Book",
    ("Title",),
    (Variant((DEFAULT_TITLE,), "HB-008", "11.00", 30),),
    "<p>New this week.</p>",
    "new",
)
# What no catalog holds: a service, and a book that is no longer sold.
UNKNOWN_LINES = (Line("Gift wrapping", "", Decimal("2.00")), Line("Old Pilot Charts", "HB-900", Decimal("30.00")))


def files() -> Iterator[tuple[dt.date, str, bytes]]:
    """Day, name and bytes of every file."""
    exports = _exports(Draw(STORE))
    for number, day in enumerate(DAYS):
        products = PRODUCTS if number < 2 else (*PRODUCTS, LATE_PRODUCT)
        catalog = delimited(PRODUCTS_CURRENT, product_rows(products, CURRENT, "Harbour Press"))
        stock = inventory_rows(products, {"Shop": lambda stock: stock}, INVENTORY_CURRENT)
        orders = delimited(ORDERS, order_rows(exports[number], OrderStyle()))
        yield day, "catalog.csv", catalog.encode()
        yield day, "inventory.csv", delimited(INVENTORY_CURRENT, stock).encode()
        yield day, "orders.csv", orders.encode()


def _exports(draw: Draw) -> list[list[Order]]:
    """The orders of each day's export, the newest first; from the second day on with some of the day before."""
    counter = Counter((*lines_of(PRODUCTS), *UNKNOWN_LINES), (0, 10), "GBP", ZONE)
    first, second, third = (
        _with_special_orders(counter.sell(draw, day, 1001 + number * ORDERS_A_DAY, ORDERS_A_DAY))
        for number, day in enumerate(DAYS)
    )
    cancelled = second[4].cancel(second[4].created + dt.timedelta(hours=20))
    overlapping = [
        first,
        [first[0], first[2].refund(), *second],
        [*second[:3], cancelled, *third],
    ]
    return [orders[::-1] for orders in overlapping]


def _with_special_orders(orders: list[Order]) -> list[Order]:
    """The day's second order in EUR, its fourth with one SKU on two lines."""
    pencil = lines_of(PRODUCTS)[10]
    orders[1] = replace(orders[1], currency="EUR")
    orders[3] = replace(orders[3], lines=(pencil, *orders[3].lines, replace(pencil, quantity=5)))
    return orders

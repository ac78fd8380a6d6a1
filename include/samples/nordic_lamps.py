"""`nordic-lamps`: Shopify's exports in the form before the current one, SEK, Europe/Stockholm.

What is awkward: the first day's orders are cp1252; the second day's are UTF-8 with a byte order mark in two parts, one
of them gzipped, with an order that runs over from one part to the other, and its inventory was not delivered; the third
day's orders went through a spreadsheet: semicolons, decimal commas, thousands with no-break spaces, times without an
offset, CRLF. The catalog has columns per market: sold everywhere but in the United States, at prices in euros there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from include.samples.files import delimited, gzipped
from include.samples.shop import DAYS, DEFAULT_TITLE, Counter, Draw, Line, Order, Product, Variant, lines_of
from include.samples.shopify import (
    INVENTORY_LEGACY,
    LEGACY,
    ORDERS,
    PRODUCTS_LEGACY,
    OrderStyle,
    inventory_rows,
    order_rows,
    product_rows,
)

STORE = "nordic-lamps"
ZONE = "Europe/Stockholm"
ORDERS_A_DAY = 10

# The shop's own rate for its price list abroad.
KRONOR_PER_EURO = Decimal(10)
CENT = Decimal("0.01")

PRODUCTS = (
    Product(
        "bjork-taklampa",
        "Björk taklampa",
        "Taklampa",
        ("Färg", "Storlek"),
        tuple(
            Variant((colour, size), f"00117-{colour[0]}{size[0]}", price, stock, f"73000000001{number}")
            for number, (colour, size, price, stock) in enumerate(
                (
                    ("Vit", "Liten", "899.00", 12),
                    ("Vit", "Stor", "1249.00", 4),
                    ("Svart", "Liten", "899.00", 0),
                    ("Svart", "Stor", "1249.00", 7),
                )
            )
        ),
        "<p>Björkfaner i två lager.</p>\n<p>E27, högst 40 W.</p>",
        "tak, trä",
        images=6,
    ),
    Product(
        "sno-bordslampa",
        "Snö bordslampa",
        "Bordslampa",
        ("Title",),
        (Variant((DEFAULT_TITLE,), "'00118", "549.00", 20),),
        "<p>Frostat glas.</p>",
        "bord",
    ),
    Product(
        "ljuskalla-e27",
        "Ljuskälla E27",
        "Ljuskälla",
        ("Effekt",),
        (Variant(("4 W",), "00201-4", "39.00", 300), Variant(("7 W",), "00201-7", "49.00", 260)),
        "",
        "tillbehör",
    ),
    Product(
        "skargard-golvlampa",
        "Skärgård golvlampa",
        "Golvlampa",
        ("Title",),
        (Variant((DEFAULT_TITLE,), "00140", "2490.00", 3),),
        "<p>Svart stål, 152 cm.</p>",
        "golv",
        images=2,
    ),
    Product(
        "tygkabel",
        "Tygkabel",
        "Kabel",
        ("Längd",),
        (Variant(("2 m",), "", "89.00", 55), Variant(("5 m",), "", "149.00")),
    ),
)
# A spare part that is sold and stands in no catalog.
UNKNOWN_LINES = (Line("Skärm, reservdel", "90001", Decimal("120.00")),)


def files() -> Iterator[tuple[dt.date, str, bytes]]:
    """Day, name and bytes of every file."""
    catalog = delimited(PRODUCTS_LEGACY, map(_with_markets, product_rows(PRODUCTS, LEGACY, "Nordljus")))
    locations = {"Lagret": lambda stock: stock - stock // 4, "Butiken": lambda stock: stock // 4}
    inventory = delimited(INVENTORY_LEGACY, inventory_rows(PRODUCTS, locations, INVENTORY_LEGACY))
    for day in DAYS:
        yield day, "catalog.csv", catalog.encode()
        if day != DAYS[1]:
            yield day, "inventory.csv", inventory.encode()
    first, second, third = _exports(Draw(STORE))
    yield DAYS[0], "orders.csv", _offsets(first).encode("cp1252")
    for name, content in _two_parts(_offsets(second)):
        yield DAYS[1], name, content
    yield DAYS[2], "orders.csv", _spreadsheet(third).encode()


def _with_markets(row: dict[str, str]) -> dict[str, str]:
    """What is said of markets: of a product on its first row, of a price on each variant's."""
    product = {"Included / United States": "false", "Included / International": "true"} if row.get("Title") else {}
    price = row.get(LEGACY.price)
    euros = {"Price / International": f"{(Decimal(price) / KRONOR_PER_EURO).quantize(CENT)}"} if price else {}
    return {**row, **product, **euros}


def _exports(draw: Draw) -> list[list[Order]]:
    counter = Counter((*lines_of(PRODUCTS), *UNKNOWN_LINES), (1, 5), "SEK", ZONE, Decimal("59.00"))
    days = [
        counter.sell(draw, day, 1001 + number * ORDERS_A_DAY, ORDERS_A_DAY, pair_percent=50)
        for number, day in enumerate(DAYS)
    ]
    # The middle order of the second day has four lines: the file is cut in the middle of it.
    lines = counter.lines
    days[1][5] = replace(days[1][5], lines=(lines[7], lines[4], lines[5], lines[8]))
    days[2].insert(0, days[1][2].refund())
    return days


def _offsets(orders: list[Order]) -> str:
    return delimited(ORDERS, order_rows(orders, OrderStyle(country="SE")))


def _two_parts(text: str) -> Iterator[tuple[str, bytes]]:
    """The file cut after the second line of the sixth order, each part with its header and byte order mark."""
    header, *lines = text.splitlines(keepends=True)
    cut = next(number for number, line in enumerate(lines) if line.startswith(f"#{1001 + ORDERS_A_DAY + 5},")) + 2
    yield "orders-1.csv", "".join([header, *lines[:cut]]).encode("utf-8-sig")
    yield "orders-2.csv.gz", gzipped("".join([header, *lines[cut:]]).encode("utf-8-sig"))


def _spreadsheet(orders: list[Order]) -> str:
    style = OrderStyle(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"), _comma, "SE")
    return delimited(ORDERS, order_rows(orders, style), delimiter=";", line_end="\r\n")


def _comma(amount: Decimal) -> str:
    """1249.00 as 1 249,00 with a no-break space."""
    return f"{amount:,}".replace(",", "\u00a0").replace(".", ",")

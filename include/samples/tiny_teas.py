"""`tiny-teas`: files with the contract's own column names, USD, America/New_York, and an ERP's list of variants.

What is awkward: the second day's orders are full of defects (see DEFECTS), its catalog holds a row twice and its
inventory has a blank line in the middle; the third day writes mm/dd/yyyy, and holds a return and a cancelled order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from include.samples.files import delimited, header
from include.samples.shop import DAYS, DEFAULT_TITLE, Counter, Draw, Line, Order, Product, Variant

STORE = "tiny-teas"
ZONE = "America/New_York"
# Defects are to stay under 5% of the rows of their day.
ORDERS_A_DAY = (14, 90, 14)

CATALOG = header(
    "variant_id,handle,title,vendor,product_type,tags,published,status,option1_name,option1_value,sku,barcode,price,"
    "compare_at_price,cost,inventory_quantity"
)
INVENTORY = header("variant_id,title,option1_value,sku,location,incoming,committed,available,on_hand")
VARIANTS = header("variant_id,sku,barcode,product,title")
ORDERS = header(
    "order_id,created_at,currency,financial_status,cancelled_at,total,email,quantity,unit_price,discount,variant_id,"
    "sku,line_name"
)
# A column that no contract knows.
UNKNOWN_COLUMN = "gift_note"

TEAS = (
    ("morning-fog", "Morning Fog", "Black", "8.50"),
    ("paper-lantern", "Paper Lantern", "Green", "9.25"),
    ("attic-smoke", "Attic Smoke", "Black", "11.00"),
    ("meadow-path", "Meadow Path", "Herbal", "6.75"),
    ("first-frost", "First Frost", "White", "14.00"),
    ("plum-stone", "Plum Stone", "Oolong", "12.50"),
    ("salt-caramel", "Salt Caramel, Rolled", "Rooibos", "7.95"),
)
WEIGHTS = (("50 g", 1), ("250 g", 4))
PRODUCTS = (
    *(
        Product(
            handle,
            title,
            kind,
            ("Weight",),
            tuple(
                Variant(
                    (weight,),
                    f"TT{number:02}{factor}",
                    str(Decimal(price) * factor),
                    12 * number,
                    f"00{number}42{factor}",
                )
                for weight, factor in WEIGHTS
            ),
            tags=f"tea,{kind.lower()}",
        )
        for number, (handle, title, kind, price) in enumerate(TEAS, 1)
    ),
    Product("tea-strainer", "Tea Strainer", "Ware", ("Title",), (Variant((DEFAULT_TITLE,), "TW01", "5.00", 40),)),
)


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect of an order: what becomes of the text of one of its rows (counted from 1)."""

    name: str
    order: int
    row: int
    edit: Callable[[list[str]], list[str]]


def _set(column: str, value: str) -> Callable[[list[str]], list[str]]:
    place = ORDERS.index(column)
    return lambda cells: [*cells[:place], value, *cells[place + 1 :]]


# Each in an order of its own, with three lines. The last one takes its whole order with it: without its first row an
# order cannot be stored.
DEFECTS = (
    Defect("a cell too many: a comma in a title that nobody quoted", 10, 2, lambda cells: [*cells, "loose"]),
    Defect("cells missing: the row was cut", 20, 3, lambda cells: cells[:9]),
    Defect("a quantity in words, on the order's first row", 30, 1, _set("quantity", "two")),
    Defect("more decimals than money has", 40, 2, _set("unit_price", "4.123456")),
    Defect("a NUL byte", 50, 3, _set("line_name", "Attic\0Smoke")),
    Defect("a day that does not exist, on the order's first row", 60, 1, _set("created_at", "2025-02-30 10:15:00")),
)


def files() -> Iterator[tuple[dt.date, str, bytes]]:
    """Day, name and bytes of every file."""
    for number, day in enumerate(DAYS):
        catalog = list(_catalog_rows())
        # The second day's catalog holds its third row once more.
        yield day, "catalog.csv", delimited(CATALOG, [*catalog, *([catalog[2]] if number == 1 else [])]).encode()
        inventory = delimited(INVENTORY, _inventory_rows(number))
        yield day, "inventory.csv", (_with_blank_line(inventory) if number == 1 else inventory).encode()
        yield day, "variants.csv", delimited(VARIANTS, _variant_rows()).encode()
    first, second, third = _exports(Draw(STORE))
    yield DAYS[0], "orders.csv", _orders(first, _iso).encode()
    yield DAYS[1], "orders.csv", _with_defects(_orders(second, _iso, (UNKNOWN_COLUMN,))).encode()
    yield DAYS[2], "orders.csv", _orders(third, _american).encode()


def _variants() -> Iterator[tuple[str, Product, Variant]]:
    number = 4200
    for product in PRODUCTS:
        for variant in product.variants:
            number += 1
            yield f"tt-{number}", product, variant


def _catalog_rows() -> Iterator[dict[str, str]]:
    for variant_id, product, variant in _variants():
        yield {
            "variant_id": variant_id,
            "handle": product.handle,
            "title": product.title,
            "vendor": "Tiny Teas",
            "product_type": product.kind,
            "tags": product.tags,
            "published": "yes",
            "status": "active",
            "option1_name": product.option_names[0],
            "option1_value": variant.options[0],
            "sku": variant.sku,
            "barcode": variant.barcode,
            "price": variant.price,
            "cost": str((Decimal(variant.price) * Decimal("0.4")).quantize(Decimal("0.0001"))),
            "inventory_quantity": str(variant.stock),
        }


def _inventory_rows(day_number: int) -> Iterator[dict[str, str]]:
    for variant_id, product, variant in _variants():
        stock = (variant.stock or 0) - 3 * day_number
        yield {
            "variant_id": variant_id,
            "title": product.title,
            "option1_value": variant.options[0],
            "sku": variant.sku,
            "location": "Cellar",
            "incoming": "0",
            "committed": "2",
            "available": str(stock - 2),
            "on_hand": str(stock),
        }


def _variant_rows() -> Iterator[dict[str, str]]:
    """The ERP numbers its articles itself, shields barcodes from spreadsheets, and has no strainers."""
    for number, (_, product, variant) in enumerate(_variants(), 1):
        if product.handle != "tea-strainer":
            yield {
                "variant_id": f"A{number:06}",
                "sku": variant.sku,
                "barcode": f'="{variant.barcode}"',
                "product": product.title,
                "title": variant.options[0],
            }


def _lines() -> tuple[Line, ...]:
    known = tuple(
        Line(product.line_name(variant), variant.sku, Decimal(variant.price), variant_id=variant_id)
        for variant_id, product, variant in _variants()
    )
    # A blend that is no longer in the catalog.
    return (*known, Line("Old Orchard - 50 g", "TT991", Decimal("9.00"), variant_id="tt-3107"))


def _exports(draw: Draw) -> list[list[Order]]:
    counter = Counter(_lines(), (2, 14), "USD", ZONE)
    first, second, third = (
        counter.sell(draw, day, 501 + sum(ORDERS_A_DAY[:number]), ORDERS_A_DAY[number])
        for number, day in enumerate(DAYS)
    )
    for defect in DEFECTS:
        second[defect.order] = replace(second[defect.order], lines=counter.lines[:3])
    # An order of the week before, cancelled since, and a return.
    early = counter.sell(draw, dt.date(2025, 2, 27), 498, 1)[0]
    third[0] = replace(third[0], lines=(*third[0].lines, replace(counter.lines[0], quantity=-1)))
    return [first, second, [early.cancel(early.created + dt.timedelta(hours=18)), *third]]


def _orders(orders: list[Order], moment: Callable[[dt.datetime], str], more: tuple[str, ...] = ()) -> str:
    return delimited([*ORDERS, *more], (row for order in orders for row in _order_rows(order, moment)))


def _order_rows(order: Order, moment: Callable[[dt.datetime], str]) -> Iterator[dict[str, str]]:
    for line in order.lines:
        yield {
            "order_id": f"T-{order.number}",
            "created_at": moment(order.created),
            "currency": order.currency,
            "financial_status": order.status,
            "cancelled_at": moment(order.cancelled) if order.cancelled else "",
            "total": str(order.total),
            "email": f"buyer-{order.buyer}@example.com",
            "quantity": str(line.quantity),
            "unit_price": str(line.price),
            "discount": str(line.discount),
            "variant_id": line.variant_id,
            "sku": line.sku,
            "line_name": line.name,
        }


def _with_blank_line(text: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:6], "", *lines[6:]])


def _with_defects(text: str) -> str:
    """The defects of the second day, put into rows that need no quotes."""
    lines = text.split("\n")
    for defect in DEFECTS:
        number = 501 + ORDERS_A_DAY[0] + defect.order
        start = next(place for place, line in enumerate(lines) if line.startswith(f"T-{number},"))
        place = start + defect.row - 1
        lines[place] = ",".join(defect.edit(lines[place].split(",")))
    return "\n".join(lines)


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _american(moment: dt.datetime) -> str:
    return moment.strftime("%m/%d/%Y %H:%M:%S")

"""Files as Shopify exports them, with all of their columns, made from a seed: orders of 79, products of 57."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.inputs.order_lines import Line, lines
from include.samples.shopify import ORDERS, PRODUCTS_CURRENT

# One order in so many has a note in quotes, with a comma and a line end in it.
NOTE_EVERY = 50

# Variants of a product, and characters of its description: what a shop with long texts sends.
VARIANTS_PER_PRODUCT = 3
WORDS = "solid brass lamp, turned by hand; shade of linen in twelve colours, cable of two metres with a switch. "
PARAGRAPHS = 16

COLOURS = ("Blue", "Sand", "Copper")


def write_orders(path: Path, rows: int) -> None:
    """Writes `rows` order lines as Shopify's export: what belongs to the order stands on its first line only."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(ORDERS) + "\n")
        file.writelines(_order_records(rows))


def write_products(path: Path, rows: int) -> None:
    """Writes a catalog of `rows` variants, whose products have long descriptions in HTML with quotes and line ends."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(PRODUCTS_CURRENT) + "\n")
        file.writelines(_product_records(rows))


def _order_records(rows: int) -> Iterator[str]:
    first = _template(ORDERS, _FIRST | _EVERY)
    other = _template(ORDERS, _EVERY)
    order = 0
    for line in lines(rows):
        cells = _cells(line)
        if line.order == order:
            yield other % cells
        else:
            order = line.order
            yield first % {**cells, **_order_cells(line)}


def _cells(line: Line) -> dict[str, object]:
    price = f"{line.cents // 100}.{line.cents % 100:02}"
    return {"order": line.order, "quantity": line.quantity, "variant": line.variant, "price": price}


def _order_cells(line: Line) -> dict[str, object]:
    second = line.order * 7 % 86_400
    moment = f"2025-03-03 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} +0200"
    note = '"Please ring twice,\nthen leave it ""at the door"""' if line.order % NOTE_EVERY == 0 else ""
    return {"moment": moment, "buyer": line.order % 9_973, "zip": line.order % 9_000, "note": note}


# Cells that each line has, and those of an order's first line, as templates.
_EVERY = {
    "Name": "#%(order)d",
    "Lineitem quantity": "%(quantity)d",
    "Lineitem name": "Lamp %(variant)d - Large / Blue",
    "Lineitem price": "%(price)s",
    "Lineitem sku": "SKU-%(variant)d",
    "Lineitem requires shipping": "true",
    "Lineitem taxable": "true",
    "Lineitem fulfillment status": "fulfilled",
    "Lineitem discount": "0.00",
}
_ADDRESS = {
    "Name": "Buyer %(buyer)d",
    "Street": "%(zip)d Example Street",
    "Address1": "%(zip)d Example Street",
    "City": "Exampleton",
    "Zip": "'%(zip)05d",
    "Country": "GB",
}
_FIRST = {
    "Email": "buyer-%(buyer)d@example.com",
    "Financial Status": "paid",
    "Paid at": "%(moment)s",
    "Fulfillment Status": "fulfilled",
    "Fulfilled at": "%(moment)s",
    "Accepts Marketing": "no",
    "Currency": "EUR",
    "Subtotal": "%(price)s",
    "Shipping": "4.90",
    "Taxes": "1.00",
    "Total": "%(price)s",
    "Discount Amount": "0.00",
    "Shipping Method": "Standard",
    "Created at": "%(moment)s",
    "Notes": "%(note)s",
    "Refunded Amount": "0.00",
    "Outstanding Balance": "0.00",
    "Id": "61%(order)010d",
    "Tags": "spring; web",
    "Risk Level": "Low",
    "Source": "web",
    **{f"Billing {name}": cell for name, cell in _ADDRESS.items()},
    **{f"Shipping {name}": cell for name, cell in _ADDRESS.items()},
}


def _template(columns: tuple[str, ...], cells: Mapping[str, str]) -> str:
    return ",".join(cells.get(column, "") for column in columns) + "\n"


def _product_records(rows: int) -> Iterator[str]:
    paragraph = f'<p class=""text"">{WORDS * 2}</p>\n'
    body = f'"{paragraph * PARAGRAPHS}"'
    first = _template(PRODUCTS_CURRENT, _VARIANT | _PRODUCT)
    other = _template(PRODUCTS_CURRENT, _VARIANT)
    for number in range(rows):
        product, position = divmod(number, VARIANTS_PER_PRODUCT)
        cells = {"product": product, "colour": COLOURS[position], "variant": number, "body": body}
        yield (other if position else first) % cells


_PRODUCT = {
    "Title": "Lamp %(product)d",
    "Description": "%(body)s",
    "Vendor": "Lamps of the North",
    "Type": "Lighting",
    "Tags": '"brass, linen, hand-made, series %(product)d"',
    "Published on online store": "true",
    "Status": "active",
    "Option1 name": "Colour",
    "SEO description": f"Lamp %(product)d. {WORDS.replace(',', '')}",
}
_VARIANT = {
    "URL handle": "lamp-%(product)d",
    "SKU": "SKU-%(variant)d",
    "Barcode": "40%(variant)010d",
    "Option1 value": "%(colour)s",
    "Price": "129.90",
    "Compare-at price": "149.90",
    "Cost per item": "61.20",
    "Charge tax": "true",
    "Inventory quantity": "12",
    "Weight value (grams)": "1800",
    "Requires shipping": "true",
    "Product image URL": "https://example.com/images/lamp-%(product)d.jpg",
}

"""Shopify's export files, the current form and the one before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

from include.samples.files import header
from include.samples.shop import Line, Order, Product, Variant

PRODUCTS_LEGACY = header(
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,"
    "Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,"
    "Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,"
    "Image Alt Text,Gift Card,SEO Title,SEO Description,Google Shopping / Google Product Category,"
    "Google Shopping / Gender,Google Shopping / Age Group,Google Shopping / MPN,Google Shopping / Condition,"
    "Google Shopping / Custom Product,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,"
    "Included / United States,Price / United States,Compare At Price / United States,Included / International,"
    "Price / International,Compare At Price / International,Status"
)

PRODUCTS_CURRENT = header(
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,"
    "Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,Option3 name,"
    "Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,Tax code,"
    "Unit price total measure,Unit price total measure unit,Unit price base measure,Unit price base measure unit,"
    "Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),"
    "Weight unit for display,Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,"
    "Variant image URL,Gift card,SEO title,SEO description,Color (product.metafields.shopify.color-pattern),"
    "Google Shopping / Google product category,Google Shopping / Gender,Google Shopping / Age group,"
    "Google Shopping / Manufacturer part number (MPN),Google Shopping / Ad group name,Google Shopping / Ads labels,"
    "Google Shopping / Condition,Google Shopping / Custom product,Google Shopping / Custom label 0,"
    "Google Shopping / Custom label 1,Google Shopping / Custom label 2,Google Shopping / Custom label 3,"
    "Google Shopping / Custom label 4"
)

INVENTORY_LEGACY = header(
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,COO,"
    "Location,Incoming,Unavailable,Committed,Available,On hand"
)

INVENTORY_CURRENT = header(
    "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,COO,"
    "Location,Bin name,Incoming (not editable),Unavailable (not editable),Committed (not editable),"
    "Available (not editable),On hand (current),On hand (new)"
)

ORDERS = header(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,"
    "Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
    "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,"
    "Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,"
    "Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,"
    "Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
)


@dataclass(frozen=True, slots=True)
class Form:
    """The header cells that differ between the two forms of an export, by what stands under them."""

    handle: str
    body: str
    published: str
    sku: str
    barcode: str
    price: str
    quantity: str
    image: str
    position: str
    option_name: str
    option_value: str


LEGACY = Form(
    handle="Handle",
    body="Body (HTML)",
    published="Published",
    sku="Variant SKU",
    barcode="Variant Barcode",
    price="Variant Price",
    quantity="Variant Inventory Qty",
    image="Image Src",
    position="Image Position",
    option_name="Option{} Name",
    option_value="Option{} Value",
)
CURRENT = Form(
    handle="URL handle",
    body="Description",
    published="Published on online store",
    sku="SKU",
    barcode="Barcode",
    price="Price",
    quantity="Inventory quantity",
    image="Product image URL",
    position="Image position",
    option_name="Option{} name",
    option_value="Option{} value",
)


def product_rows(products: Iterable[Product], form: Form, vendor: str) -> Iterator[dict[str, str]]:
    """One row per variant; the first has the product's own cells. More pictures than variants make rows without one."""
    for product in products:
        rows = zip_longest(product.variants, range(1, product.images + 1))
        for number, (variant, image) in enumerate(rows):
            yield {
                form.handle: product.handle,
                **(_product(product, form, vendor) if number == 0 else {}),
                **(_variant(variant, form) if variant else {}),
                **(_image(product, image, form) if image else {}),
            }


def _product(product: Product, form: Form, vendor: str) -> dict[str, str]:
    names = {form.option_name.format(place): name for place, name in enumerate(product.option_names, 1)}
    return {
        "Title": product.title,
        form.body: product.body,
        "Vendor": vendor,
        "Type": product.kind,
        "Tags": product.tags,
        form.published: "true",
        "Status": "active",
        **names,
    }


def _variant(variant: Variant, form: Form) -> dict[str, str]:
    values = {form.option_value.format(place): value for place, value in enumerate(variant.options, 1)}
    quantity = "" if variant.stock is None else str(variant.stock)
    return {
        **values,
        form.sku: variant.sku,
        form.barcode: variant.barcode,
        form.price: variant.price,
        form.quantity: quantity,
    }


def _image(product: Product, number: int, form: Form) -> dict[str, str]:
    return {form.image: f"https://example.com/images/{product.handle}-{number}.jpg", form.position: str(number)}


def inventory_rows(
    products: Iterable[Product], locations: Mapping[str, Callable[[int], int]], columns: tuple[str, ...]
) -> Iterator[dict[str, str]]:
    """One row per variant and location.

    Args:
        products: what the store sells.
        locations: for each location the share of a variant's stock that lies there.
        columns: the header of the form that is wanted; its last columns hold the figures.
    """
    figures = columns[columns.index("COO") + 1 :]
    for product in products:
        for variant in product.variants:
            for location, share in locations.items():
                stock = None if variant.stock is None else share(variant.stock)
                yield {**_stocked(product, variant), "Location": location, **_figures(stock, figures)}


def _stocked(product: Product, variant: Variant) -> dict[str, str]:
    names = {f"Option{place} Name": name for place, name in enumerate(product.option_names, 1)}
    values = {f"Option{place} Value": value for place, value in enumerate(variant.options, 1)}
    return {"Handle": product.handle, "Title": product.title, "SKU": variant.sku, **names, **values}


def _figures(stock: int | None, columns: tuple[str, ...]) -> dict[str, str]:
    known = {"Incoming": "0", "Unavailable": "0", "Committed": "1", "Available": str((stock or 0) - 1)}
    figures = {**known, "On hand": str(stock)}
    wanted = [name for name in columns if not name.endswith("(new)")]
    cells = {name: figures[name.partition(" (")[0]] for name in wanted if name.partition(" (")[0] in figures}
    return cells if stock is not None else dict.fromkeys(cells, "not stocked")


@dataclass(frozen=True, slots=True)
class OrderStyle:
    """How an order export writes moments and amounts."""

    moment: Callable[[dt.datetime], str] = lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S %z")
    amount: Callable[[Decimal], str] = str
    country: str = "GB"


def order_rows(orders: Iterable[Order], style: OrderStyle) -> Iterator[dict[str, str]]:
    """One row per line; what belongs to the order stands on its first row only."""
    for order in orders:
        for number, line in enumerate(order.lines):
            yield {
                "Name": f"#{order.number}",
                **(_order(order, style) if number == 0 else {}),
                **_line(line, style),
                "Lineitem fulfillment status": "pending" if order.cancelled else "fulfilled",
            }


def _order(order: Order, style: OrderStyle) -> dict[str, str]:
    shipped = order.created + dt.timedelta(hours=4)
    return {
        "Email": f"buyer-{order.buyer}@example.com",
        "Financial Status": order.status,
        "Paid at": style.moment(order.created),
        "Fulfillment Status": "unfulfilled" if order.cancelled else "fulfilled",
        "Fulfilled at": "" if order.cancelled else style.moment(shipped),
        "Accepts Marketing": "no",
        "Currency": order.currency,
        "Subtotal": style.amount(order.subtotal),
        "Shipping": style.amount(order.shipping),
        "Taxes": style.amount(order.taxes),
        "Total": style.amount(order.total),
        "Discount Amount": style.amount(Decimal("0.00")),
        "Shipping Method": "Standard",
        "Created at": style.moment(order.created),
        "Cancelled at": style.moment(order.cancelled) if order.cancelled else "",
        "Refunded Amount": style.amount(order.refunded),
        "Outstanding Balance": style.amount(Decimal("0.00")),
        "Id": str(6_100_000_000_000 + order.number * 4_001),
        "Risk Level": "Low",
        "Source": "web",
        **_address("Billing", order, style),
        **_address("Shipping", order, style),
    }


def _address(kind: str, order: Order, style: OrderStyle) -> dict[str, str]:
    street = f"{order.number % 90 + 1} Example Street"
    return {
        f"{kind} Name": f"Buyer {order.buyer}",
        f"{kind} Street": street,
        f"{kind} Address1": street,
        f"{kind} City": "Exampleton",
        f"{kind} Zip": f"'{order.number % 9000:05}",
        f"{kind} Country": style.country,
    }


def _line(line: Line, style: OrderStyle) -> dict[str, str]:
    return {
        "Lineitem quantity": str(line.quantity),
        "Lineitem name": line.name,
        "Lineitem price": style.amount(line.price),
        "Lineitem sku": line.sku,
        "Lineitem requires shipping": "true",
        "Lineitem taxable": "true",
        "Lineitem discount": style.amount(line.discount),
    }

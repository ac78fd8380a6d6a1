"""What a store's files hold (contracts) and what the tables of schema `commerce` hold (tables).

The aliases are the headers of Shopify's exports, old and new form; a column's own name is the canonical header. Headers
compare without regard to case, spacing and punctuation.
"""

from __future__ import annotations

from decimal import Decimal

from include.contracts import Column, ColumnType, Contract, Table, TableColumn

IDENTIFIER = ColumnType.IDENTIFIER
TEXT = ColumnType.TEXT
INTEGER = ColumnType.INTEGER
DECIMAL = ColumnType.DECIMAL
BOOLEAN = ColumnType.BOOLEAN
TIMESTAMP = ColumnType.TIMESTAMP

NOT_STOCKED = ("not stocked",)
NOT_NEGATIVE = Decimal(0)

# What names a variant in a file: its own id, or the product's handle with the option values. Never the SKU.
VARIANT_IDENTITY = (
    Column("variant_id", IDENTIFIER, ("Variant ID",)),
    Column("handle", IDENTIFIER, ("Handle", "URL handle", "Product handle")),
    Column("option1_value", TEXT, ("Option1 Value",)),
    Column("option2_value", TEXT, ("Option2 Value",)),
    Column("option3_value", TEXT, ("Option3 Value",)),
)

CATALOG = Contract(
    name="catalog",
    description="What the store sells: a product export's rows, one per variant.",
    group="handle",
    folds_when_blank=(
        "variant_id",
        "option1_value",
        "option2_value",
        "option3_value",
        "sku",
        "barcode",
        "price",
        "price_by_market",
    ),
    any_of=(("variant_id", "handle"),),
    columns=(
        *VARIANT_IDENTITY,
        Column("title", TEXT, ("Title", "Product title"), group=True),
        Column("vendor", TEXT, ("Vendor",), group=True),
        Column("product_type", TEXT, ("Type", "Product type"), group=True),
        Column("tags", TEXT, ("Tags",), group=True),
        Column("published", BOOLEAN, ("Published", "Published on online store"), group=True),
        Column("status", TEXT, ("Status",), group=True),
        Column("option1_name", TEXT, ("Option1 Name",), group=True),
        Column("option2_name", TEXT, ("Option2 Name",), group=True),
        Column("option3_name", TEXT, ("Option3 Name",), group=True),
        Column("sku", IDENTIFIER, ("Variant SKU", "SKU")),
        Column("barcode", IDENTIFIER, ("Variant Barcode", "Barcode")),
        Column("price", DECIMAL, ("Variant Price", "Price"), minimum=NOT_NEGATIVE),
        Column("compare_at_price", DECIMAL, ("Variant Compare At Price", "Compare-at price"), minimum=NOT_NEGATIVE),
        Column("cost", DECIMAL, ("Cost per item",), minimum=NOT_NEGATIVE),
        Column("inventory_quantity", INTEGER, ("Variant Inventory Qty", "Inventory quantity")),
        # A product is sold in a market as a whole; prices there are each variant's own.
        Column("included_by_market", BOOLEAN, family="Included / *", group=True),
        Column("price_by_market", DECIMAL, family="Price / *", minimum=NOT_NEGATIVE),
        Column("compare_at_price_by_market", DECIMAL, family="Compare At Price / *", minimum=NOT_NEGATIVE),
    ),
)

INVENTORY = Contract(
    name="inventory",
    description="Stock: one row per variant and location. `not stocked` is read as no figure at all.",
    any_of=(
        ("variant_id", "handle"),
        ("available", "on_hand"),
    ),
    columns=(
        *VARIANT_IDENTITY,
        Column("title", TEXT, ("Title",)),
        Column("sku", IDENTIFIER, ("SKU",)),
        Column("location", IDENTIFIER, ("Location",)),
        Column("incoming", INTEGER, ("Incoming (not editable)", "Incoming"), null_words=NOT_STOCKED),
        Column("unavailable", INTEGER, ("Unavailable (not editable)", "Unavailable"), null_words=NOT_STOCKED),
        Column("committed", INTEGER, ("Committed (not editable)", "Committed"), null_words=NOT_STOCKED),
        Column("available", INTEGER, ("Available (not editable)", "Available"), null_words=NOT_STOCKED),
        Column("on_hand", INTEGER, ("On hand (current)", "On hand"), null_words=NOT_STOCKED),
    ),
)

VARIANTS = Contract(
    name="variants",
    description="A second, optional master, such as an ERP's list of articles.",
    any_of=(("variant_id", "handle"),),
    columns=(
        *VARIANT_IDENTITY,
        Column("sku", IDENTIFIER, ("SKU", "Variant SKU")),
        Column("barcode", IDENTIFIER, ("Barcode", "Variant Barcode", "EAN", "GTIN")),
        Column("product", TEXT, ("Product", "Product title")),
        Column("title", TEXT, ("Title", "Variant title")),
    ),
)

ORDERS = Contract(
    name="orders",
    description="Order lines, one row each; what belongs to the order may stand on its first row only.",
    group="order_id",
    columns=(
        Column("order_id", IDENTIFIER, ("Name", "Order ID", "Order"), required=True, nullable=False),
        Column("created_at", TIMESTAMP, ("Created at",), required=True, group=True),
        Column("currency", IDENTIFIER, ("Currency",), group=True),
        Column("financial_status", IDENTIFIER, ("Financial Status",), group=True),
        Column("fulfillment_status", IDENTIFIER, ("Fulfillment Status",), group=True),
        Column("paid_at", TIMESTAMP, ("Paid at",), group=True),
        Column("fulfilled_at", TIMESTAMP, ("Fulfilled at",), group=True),
        Column("cancelled_at", TIMESTAMP, ("Cancelled at",), group=True),
        Column("subtotal", DECIMAL, ("Subtotal",), group=True),
        Column("shipping", DECIMAL, ("Shipping",), group=True),
        Column("taxes", DECIMAL, ("Taxes",), group=True),
        Column("total", DECIMAL, ("Total",), group=True),
        Column("discount_code", TEXT, ("Discount Code",), group=True),
        Column("discount_amount", DECIMAL, ("Discount Amount",), group=True),
        Column("refunded_amount", DECIMAL, ("Refunded Amount",), group=True),
        Column("source", TEXT, ("Source",), group=True),
        Column("tags", TEXT, ("Tags",), group=True),
        Column("quantity", INTEGER, ("Lineitem quantity",), required=True, nullable=False),
        Column("unit_price", DECIMAL, ("Lineitem price", "Price"), required=True, nullable=False),
        Column("discount", DECIMAL, ("Lineitem discount",)),
        Column("variant_id", IDENTIFIER, ("Lineitem variant ID", "Variant ID")),
        Column("sku", IDENTIFIER, ("Lineitem sku", "SKU")),
        Column("line_name", TEXT, ("Lineitem name", "Title", "Product")),
        Column("email", TEXT, ("Email",), group=True, personal=True),
    ),
)

CONTRACTS = {contract.name: contract for contract in (CATALOG, INVENTORY, ORDERS, VARIANTS)}


def _key(name: str) -> TableColumn:
    return TableColumn(name, "text", nullable=False, collate_c=True)


UPLOAD_ID = TableColumn("upload_id", "uuid", nullable=False)
SOURCE = (
    TableColumn("source_part", "integer", nullable=False, provenance=True),
    TableColumn("source_line", "bigint", nullable=False, provenance=True),
)

CATALOG_TABLE = Table(
    schema="commerce",
    name="catalog",
    key=("upload_id", "variant_id"),
    partitioned=True,
    columns=(
        UPLOAD_ID,
        _key("variant_id"),
        TableColumn("handle", "text", collate_c=True),
        TableColumn("title", "text"),
        TableColumn("vendor", "text"),
        TableColumn("product_type", "text"),
        TableColumn("tags", "text"),
        TableColumn("published", "boolean"),
        TableColumn("status", "text"),
        TableColumn("option1_name", "text"),
        TableColumn("option1_value", "text"),
        TableColumn("option2_name", "text"),
        TableColumn("option2_value", "text"),
        TableColumn("option3_name", "text"),
        TableColumn("option3_value", "text"),
        TableColumn("sku", "text", collate_c=True),
        TableColumn("barcode", "text"),
        TableColumn("price", "numeric"),
        TableColumn("compare_at_price", "numeric"),
        TableColumn("cost", "numeric"),
        TableColumn("currency", "text"),
        TableColumn("inventory_quantity", "bigint"),
        *SOURCE,
        TableColumn("included_by_market", "jsonb"),
        TableColumn("price_by_market", "jsonb"),
        TableColumn("compare_at_price_by_market", "jsonb"),
    ),
)

INVENTORY_TABLE = Table(
    schema="commerce",
    name="inventory",
    key=("upload_id", "variant_id", "location"),
    partitioned=True,
    columns=(
        UPLOAD_ID,
        _key("variant_id"),
        _key("location"),
        TableColumn("title", "text"),
        TableColumn("option1_value", "text"),
        TableColumn("option2_value", "text"),
        TableColumn("option3_value", "text"),
        TableColumn("sku", "text", collate_c=True),
        TableColumn("incoming", "bigint"),
        TableColumn("unavailable", "bigint"),
        TableColumn("committed", "bigint"),
        TableColumn("available", "bigint"),
        TableColumn("on_hand", "bigint"),
        *SOURCE,
    ),
)

VARIANTS_TABLE = Table(
    schema="commerce",
    name="variants",
    key=("upload_id", "variant_id"),
    partitioned=True,
    columns=(
        UPLOAD_ID,
        _key("variant_id"),
        TableColumn("sku", "text", collate_c=True),
        TableColumn("barcode", "text"),
        TableColumn("product", "text"),
        TableColumn("title", "text"),
        *SOURCE,
    ),
)

ORDERS_TABLE = Table(
    schema="commerce",
    name="orders",
    key=("upload_id", "order_id"),
    partitioned=True,
    columns=(
        UPLOAD_ID,
        _key("order_id"),
        TableColumn("created_at", "timestamptz", nullable=False),
        TableColumn("currency", "text"),
        TableColumn("financial_status", "text"),
        TableColumn("fulfillment_status", "text"),
        TableColumn("paid_at", "timestamptz"),
        TableColumn("fulfilled_at", "timestamptz"),
        TableColumn("cancelled_at", "timestamptz"),
        TableColumn("subtotal", "numeric"),
        TableColumn("shipping", "numeric"),
        TableColumn("taxes", "numeric"),
        TableColumn("total", "numeric"),
        TableColumn("discount_code", "text"),
        TableColumn("discount_amount", "numeric"),
        TableColumn("refunded_amount", "numeric"),
        TableColumn("source", "text"),
        TableColumn("tags", "text"),
        TableColumn("email", "text"),
        *SOURCE,
    ),
)

ORDER_LINES_TABLE = Table(
    schema="commerce",
    name="order_lines",
    key=("upload_id", "order_id", "line_no"),
    partitioned=True,
    columns=(
        UPLOAD_ID,
        _key("order_id"),
        TableColumn("line_no", "integer", nullable=False),
        TableColumn("quantity", "bigint", nullable=False),
        TableColumn("unit_price", "numeric", nullable=False),
        TableColumn("discount", "numeric"),
        TableColumn("variant_id", "text", collate_c=True),
        TableColumn("sku", "text", collate_c=True),
        TableColumn("line_name", "text"),
        *SOURCE,
    ),
)

BUNDLES_TABLE = Table(
    schema="commerce",
    name="bundles",
    key=("store", "window_end", "settings", "rank"),
    columns=(
        _key("store"),
        TableColumn("window_end", "date", nullable=False),
        _key("settings"),
        TableColumn("rank", "integer", nullable=False),
        UPLOAD_ID,
        TableColumn("window_start", "date", nullable=False),
        _key("variant_a"),
        _key("variant_b"),
        TableColumn("variant_c", "text", collate_c=True),
        TableColumn("product_a", "text"),
        TableColumn("product_b", "text"),
        TableColumn("product_c", "text"),
        TableColumn("baskets", "bigint", nullable=False),
        TableColumn("support_count", "bigint", nullable=False),
        TableColumn("support", "double precision", nullable=False),
        TableColumn("confidence_a", "double precision", nullable=False),
        TableColumn("confidence_b", "double precision", nullable=False),
        TableColumn("confidence_c", "double precision"),
        TableColumn("lift", "double precision", nullable=False),
        TableColumn("score", "double precision", nullable=False),
        TableColumn("price", "numeric"),
        TableColumn("currency", "text"),
    ),
)

TABLES = (CATALOG_TABLE, INVENTORY_TABLE, VARIANTS_TABLE, ORDERS_TABLE, ORDER_LINES_TABLE, BUNDLES_TABLE)

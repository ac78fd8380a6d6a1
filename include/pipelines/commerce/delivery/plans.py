"""How each dataset's staged rows become rows of tables: the selects over the staging table, and nothing else.

The staging table holds the contract's columns and `_sequence`, `_part`, `_line`, `_fault` (readers.blocks). A faulty
row is no row of any table, but it counts where rows are numbered and keeps its product's or order's place.
"""

from __future__ import annotations

from include.contracts import Contract, Table
from include.loading.csv.plan import Completing, Filling, Finding, Numbering, Plan, quoted
from include.pipelines.commerce import records
from include.pipelines.commerce.delivery.order_numbering import NUMBERS, OrderNumbering
from include.pipelines.commerce.delivery.variant_names import Naming, ProductCompletion
from include.writers.postgres.projection import Projection

# The file's own id, else the handle and the option values; a slash within a value is doubled, so that no two
# variants of a product share a name.
VARIANT_ID = """coalesce(
    variant_id,
    CASE WHEN handle IS NOT NULL THEN concat_ws('/', handle, replace(option1_value, '/', '//'),
        replace(option2_value, '/', '//'), replace(option3_value, '/', '//')) END
) COLLATE "C" AS variant_id"""

# A product's values may stand on its first row only; a row's own value goes before it. Rows without a handle are
# products of their own.
PRODUCT_COLUMNS = tuple(column.name for column in records.CATALOG.columns if column.group)
OF_PRODUCT = ", ".join(
    f"coalesce({column.name}, first_value({column.name}) OVER product){'::jsonb' if column.family else ''}"
    f" AS {column.name}"
    for column in records.CATALOG.columns
    if column.group
)

# The selects of this module are made of constants of this module, hence S608.
CATALOG_SELECT = f"""
SELECT *
FROM (
    SELECT {VARIANT_ID}, handle, {OF_PRODUCT}, option1_value, option2_value, option3_value, sku, barcode, price,
        compare_at_price, cost, {{currency}}::text AS currency, inventory_quantity, _part AS source_part,
        _line AS source_line, price_by_market::jsonb AS price_by_market,
        compare_at_price_by_market::jsonb AS compare_at_price_by_market, _sequence, _fault
    FROM {{staging}}
    WINDOW product AS (PARTITION BY handle, CASE WHEN handle IS NULL THEN _sequence END ORDER BY _sequence)
) AS filled
WHERE _fault = 0 AND variant_id IS NOT NULL
"""  # noqa: S608

INVENTORY_SELECT = f"""
SELECT {VARIANT_ID}, coalesce(location, '') COLLATE "C" AS location, title, option1_value, option2_value, option3_value,
    sku, incoming, unavailable, committed, available, on_hand, _part AS source_part, _line AS source_line, _sequence
FROM {{staging}}
WHERE _fault = 0 AND (variant_id IS NOT NULL OR handle IS NOT NULL)
"""  # noqa: S608

VARIANTS_SELECT = f"""
SELECT {VARIANT_ID}, sku, barcode, product, title, _part AS source_part, _line AS source_line, _sequence
FROM {{staging}}
WHERE _fault = 0 AND (variant_id IS NOT NULL OR handle IS NOT NULL)
"""  # noqa: S608

NAMELESS = ("variant_id", "missing", "neither a variant's id nor a product's handle")

WITHOUT_IDENTITY = f"""
SELECT _sequence, _part, _line, {", ".join(map(quoted, NAMELESS))}
FROM {{staging}}
WHERE _fault = 0 AND variant_id IS NULL AND handle IS NULL
"""  # noqa: S608

# line_no is the position within the order over all parts, counted before rejection. An order whose first row fails on
# what belongs to the order cannot be stored: its rows go and come back together. This is what `order_numbering` does on
# the client, for files in which an order stands in several places.
RENUMBER_LINES = f"""
CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
SELECT {", ".join((*records.ORDERS.names, "_sequence", "_part", "_line", "_fault"))},
    CASE WHEN order_id IS NOT NULL THEN (row_number() OVER in_order)::integer END AS line_no,
    order_id IS NOT NULL AND first_value(_fault = 2 OR created_at IS NULL) OVER in_order AS order_fault,
    min(created_at) FILTER (WHERE _fault <> 2) OVER (PARTITION BY order_id) AS earliest
FROM {{staging}}
WINDOW in_order AS (PARTITION BY order_id ORDER BY _sequence)
"""  # noqa: S608

SCATTERED_ORDERS = """
SELECT EXISTS (SELECT FROM {staging} WHERE line_no = 1 GROUP BY order_id HAVING count(*) > 1)
"""

PLACE = {"source_part": "_part", "source_line": "_line"}
AS_STAGED = tuple(
    name for name in records.ORDERS_TABLE.names if name not in ("upload_id", "created_at", "source_part", "source_line")
)
ORDERS_PROJECTION = Projection(
    {**dict(zip(AS_STAGED, AS_STAGED, strict=True)), "created_at": "earliest", **PLACE},
    where={"line_no": 1, "order_fault": False},
    defaults={"currency": "currency"},
)

LINES = tuple(
    name for name in records.ORDER_LINES_TABLE.names if name not in ("upload_id", "source_part", "source_line")
)
ORDER_LINES_PROJECTION = Projection(
    {**dict(zip(LINES, LINES, strict=True)), **PLACE}, where={"_fault": 0, "order_fault": False}
)

NUMBERING = Numbering(
    OrderNumbering,
    NUMBERS,
    SCATTERED_ORDERS,
    RENUMBER_LINES,
    headless=("created_at", "missing", "an order's first row has to say when it was made"),
    with_its_group=("order_id", "order_rejected", "the first row of its order was rejected"),
)

# Of the file's rows: those that belong to no order's header although they were sound enough to be numbered, and the
# numbers of those that were rejected as headers.
CONTINUATIONS = "SELECT count(*) FROM {staging} WHERE line_no > 1 AND NOT order_fault"
HEADER_REJECTS = "SELECT _sequence FROM {staging} WHERE order_id IS NULL OR order_fault"

# Whose row each record is and its number there, which stays free for a rejected one.
ORDER_PLACES = """
SELECT _sequence AS sequence, order_id AS group_key, line_no AS place FROM {staging} WHERE order_id IS NOT NULL
"""


# Orders whose lines can be compared with the subtotal, and those of them that do not agree with it. The sums are spared
# where no order names a subtotal.
ORDER_MONEY = """
SELECT count(*) AS compared, count(*) FILTER (WHERE agrees_by IS NULL) AS mismatched
FROM commerce.order_money
WHERE upload_id = %(upload_id)s
    AND EXISTS (SELECT 1 FROM commerce.orders WHERE upload_id = %(upload_id)s AND subtotal IS NOT NULL)
"""


def _of_variants(contract: Contract, table: Table, select: str, completing: Completing) -> Plan:
    """A dataset whose sound rows are a variant's row each, in one table whose columns have the contract's names."""
    columns = {name: name for name in contract.names if name in table.names} | PLACE
    constants = {name: name for name in ("currency",) if name in table.names}
    projection = Projection(columns, where={"_fault": 0}, constants=constants)
    filling = Filling(table.name, table, select, projection)
    return Plan(contract, (filling,), WITHOUT_IDENTITY, completing=completing)


PLANS = {
    "catalog": _of_variants(
        records.CATALOG,
        records.CATALOG_TABLE,
        CATALOG_SELECT,
        Completing(ProductCompletion, ("variant_id",), NAMELESS),
    ),
    "inventory": _of_variants(
        records.INVENTORY,
        records.INVENTORY_TABLE,
        INVENTORY_SELECT,
        Completing(Naming, ("variant_id", "location"), NAMELESS),
    ),
    "variants": _of_variants(
        records.VARIANTS, records.VARIANTS_TABLE, VARIANTS_SELECT, Completing(Naming, ("variant_id",), NAMELESS)
    ),
    "orders": Plan(
        records.ORDERS,
        (
            Filling(
                "orders",
                records.ORDERS_TABLE,
                ORDERS_PROJECTION.select,
                ORDERS_PROJECTION,
                unique=True,
                continuations=CONTINUATIONS,
                rejected=HEADER_REJECTS,
            ),
            Filling(
                "order_lines",
                records.ORDER_LINES_TABLE,
                ORDER_LINES_PROJECTION.select,
                ORDER_LINES_PROJECTION,
                unique=True,
            ),
        ),
        NUMBERING.late_rejects,
        NUMBERING,
        findings={"order_money": Finding(ORDER_MONEY, "subtotal")},
        places=ORDER_PLACES,
    ),
}

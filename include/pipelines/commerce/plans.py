"""How each dataset's staged rows become rows of tables: the selects over the staging table, and nothing else.

The staging table holds the contract's columns and `_sequence`, `_part`, `_line`, `_fault` (readers.blocks). A faulty
row is no row of any table, but it counts where rows are numbered and keeps its product's or order's place.
"""

from __future__ import annotations

from include.loading.plan import Filling, Plan
from include.pipelines.commerce import records

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
OF_PRODUCT = ", ".join(f"coalesce({name}, first_value({name}) OVER product) AS {name}" for name in PRODUCT_COLUMNS)

# The selects of this module are made of constants of this module, hence S608.
CATALOG_SELECT = f"""
SELECT *
FROM (
    SELECT {VARIANT_ID}, handle, {OF_PRODUCT}, option1_value, option2_value, option3_value, sku, barcode, price,
        compare_at_price, cost, {{currency}}::text AS currency, inventory_quantity, _part AS source_part,
        _line AS source_line, _sequence, _fault
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

WITHOUT_IDENTITY = """
SELECT _sequence, _part, _line, 'variant_id' AS column_name, 'missing' AS code,
    'neither a variant''s id nor a product''s handle' AS reason
FROM {staging}
WHERE _fault = 0 AND variant_id IS NULL AND handle IS NULL
"""

# line_no is the position within the order over all parts, counted before rejection. An order whose first row fails on
# what belongs to the order cannot be stored: its rows go and come back together.
NUMBER_LINES = """
CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
SELECT *,
    (row_number() OVER in_order)::integer AS line_no,
    first_value(_fault = 2 OR created_at IS NULL) OVER in_order AS order_fault,
    min(created_at) FILTER (WHERE _fault <> 2) OVER (PARTITION BY order_id) AS earliest
FROM {staging}
WHERE order_id IS NOT NULL
WINDOW in_order AS (PARTITION BY order_id ORDER BY _sequence)
"""

ORDERS_SELECT = """
SELECT order_id, earliest AS created_at, coalesce(currency, {currency}::text) AS currency, financial_status,
    fulfillment_status, paid_at, fulfilled_at, cancelled_at, subtotal, shipping, taxes, total, discount_code,
    discount_amount, refunded_amount, source, tags, email, _part AS source_part, _line AS source_line, _sequence
FROM numbered
WHERE line_no = 1 AND NOT order_fault
"""

ORDER_LINES_SELECT = """
SELECT order_id, line_no, quantity, unit_price, discount, variant_id, sku, line_name, _part AS source_part,
    _line AS source_line, _sequence
FROM numbered
WHERE _fault = 0 AND NOT order_fault
"""

ORDER_REJECTED = """
SELECT _sequence, _part, _line, 'order_id' AS column_name, 'order_rejected' AS code,
    'the first row of its order was rejected' AS reason
FROM numbered
WHERE order_fault AND _fault = 0 AND line_no > 1
UNION ALL
SELECT _sequence, _part, _line, 'created_at', 'missing', 'an order''s first row has to say when it was made'
FROM numbered
WHERE order_fault AND _fault = 0 AND line_no = 1
"""

# Of the file's rows: those that belong to no order's header although they were sound enough to be numbered, and the
# numbers of those that were rejected as headers.
CONTINUATIONS = "SELECT count(*) FROM numbered WHERE line_no > 1 AND NOT order_fault"
HEADER_REJECTS = """
SELECT _sequence FROM {staging} WHERE order_id IS NULL
UNION ALL
SELECT _sequence FROM numbered WHERE order_fault
"""

# Whose row each record is and its number there, which stays free for a rejected one.
ORDER_PLACES = "SELECT _sequence AS sequence, order_id AS group_key, line_no AS place FROM numbered"


# Orders whose lines can be compared with the subtotal, and those of them that do not agree with it. The sums are spared
# where no order names a subtotal.
ORDER_MONEY = """
SELECT count(*) AS compared, count(*) FILTER (WHERE agrees_by IS NULL) AS mismatched
FROM commerce.order_money
WHERE upload_id = %(upload_id)s
    AND EXISTS (SELECT 1 FROM commerce.orders WHERE upload_id = %(upload_id)s AND subtotal IS NOT NULL)
"""


PLANS = {
    "catalog": Plan(
        records.CATALOG,
        (
            Filling(
                "catalog",
                records.CATALOG_TABLE,
                CATALOG_SELECT,
            ),
        ),
        WITHOUT_IDENTITY,
    ),
    "inventory": Plan(
        records.INVENTORY, (Filling("inventory", records.INVENTORY_TABLE, INVENTORY_SELECT),), WITHOUT_IDENTITY
    ),
    "variants": Plan(
        records.VARIANTS, (Filling("variants", records.VARIANTS_TABLE, VARIANTS_SELECT),), WITHOUT_IDENTITY
    ),
    "orders": Plan(
        records.ORDERS,
        (
            Filling(
                "orders",
                records.ORDERS_TABLE,
                ORDERS_SELECT,
                unique=True,
                continuations=CONTINUATIONS,
                rejected=HEADER_REJECTS,
            ),
            Filling("order_lines", records.ORDER_LINES_TABLE, ORDER_LINES_SELECT, unique=True),
        ),
        ORDER_REJECTED,
        (NUMBER_LINES,),
        {"order_money": ORDER_MONEY},
        ORDER_PLACES,
    ),
}

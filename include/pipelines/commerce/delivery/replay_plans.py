"""How records that are read again become rows beside those that are stored: a dataset's plan, made for a few rows.

What is staged has its place in the delivery as `_sequence` (`loading.replay.reader.place_key`): it sorts like the
records' numbers and can be told of a stored row too, by its source_part and source_line.
"""

from __future__ import annotations

from dataclasses import replace

from include.loading.csv.plan import Plan
from include.loading.replay.reader import LINE_BITS
from include.pipelines.commerce import records
from include.pipelines.commerce.delivery.plans import PLANS, PRODUCT_COLUMNS

OF_PRODUCT = ", ".join(PRODUCT_COLUMNS)

# A product's values may stand on a first row that is loaded: the product's stored rows are staged as rows that are no
# rows of any table (`_fault`) but keep their product's place.
STAGE_SIBLINGS = f"""
INSERT INTO {{staging}} (handle, {OF_PRODUCT}, _sequence, _part, _line, _fault)
SELECT handle, {OF_PRODUCT}, (source_part::bigint << {LINE_BITS}) + source_line, source_part, source_line, 1
FROM {records.CATALOG_TABLE.schema}.{records.CATALOG_TABLE.name}
WHERE upload_id = {{upload_id}} AND handle IN (SELECT handle FROM {{staging}})
"""  # noqa: S608 # made of constants, like all of this module

# The places that were kept free at load time, of the records that are read again. `of_order`: the record was rejected
# with its order, so no header has counted it.
CREATE_PLACES = """
CREATE TEMPORARY TABLE replay_places
    (sequence bigint, group_key text COLLATE "C", place integer, of_order boolean) ON COMMIT DROP
"""

# As RENUMBER_LINES, but a record has the number that was kept for it. One whose order number was mended, or that had
# none, comes after all that is known of its order. An order that is not stored comes back with its first row only.
NUMBER_REPLAYED = """
CREATE TEMPORARY TABLE numbered ON COMMIT DROP AS
WITH placed AS (
    SELECT staged.*, CASE WHEN places.group_key = staged.order_id THEN places.place END AS kept
    FROM {staging} AS staged
    JOIN replay_places AS places ON places.sequence = staged._sequence
    WHERE staged.order_id IS NOT NULL AND (places.of_order OR places.group_key = staged.order_id)
), taken AS (
    SELECT order_id, max(place) AS place
    FROM (
        SELECT order_id, line_no AS place FROM commerce.order_lines
        WHERE upload_id = {upload_id} AND order_id IN (SELECT order_id FROM placed)
        UNION ALL
        SELECT group_key, place FROM ledger.rejects
        WHERE load_id = {load_id} AND group_key IN (SELECT order_id FROM placed)
    ) AS places
    GROUP BY order_id
), lined AS (
    SELECT placed.*, orders.order_id IS NOT NULL AS stored,
        coalesce(placed.kept, coalesce(taken.place, 0) + row_number() OVER in_order)::integer AS line_no
    FROM placed
    LEFT JOIN taken ON taken.order_id = placed.order_id
    LEFT JOIN commerce.orders AS orders ON orders.upload_id = {upload_id} AND orders.order_id = placed.order_id
    WINDOW in_order AS (PARTITION BY placed.order_id, placed.kept IS NULL ORDER BY placed._sequence)
)
SELECT *,
    NOT stored AND NOT bool_or(line_no = 1 AND _fault <> 2 AND created_at IS NOT NULL) OVER in_order AS order_fault,
    min(created_at) FILTER (WHERE _fault <> 2) OVER in_order AS earliest
FROM lined
WINDOW in_order AS (PARTITION BY order_id)
"""

ORDER_MOVED = """
UNION ALL
SELECT staged._sequence, staged._part, staged._line, 'order_id', 'order_changed',
    'its order is loaded without it, so its order''s number cannot change; deliver the mended file instead'
FROM {staging} AS staged
JOIN replay_places AS places ON places.sequence = staged._sequence
WHERE staged._fault = 0 AND NOT places.of_order AND places.group_key IS DISTINCT FROM staged.order_id
"""


def _orders(plan: Plan) -> Plan:
    headers, lines = plan.fillings
    return replace(
        plan,
        fillings=(
            replace(
                headers,
                select=f"{_numbered(headers.select)} AND NOT stored",
                continuations=None,
                rejected="SELECT _sequence FROM {staging} WHERE order_id IS NULL"
                " UNION ALL SELECT _sequence FROM numbered WHERE order_fault",
            ),
            replace(lines, select=_numbered(lines.select)),
        ),
        late_rejects=_numbered(plan.late_rejects) + ORDER_MOVED,
        numbering=None,
        preparation=(NUMBER_REPLAYED,),
    )


def _numbered(statement: str) -> str:
    """The statement, of the numbered rows in place of the staged ones."""
    return statement.replace("{staging}", "numbered")


REPLAY_PLANS = {
    **PLANS,
    "catalog": replace(PLANS["catalog"], preparation=(STAGE_SIBLINGS,)),
    "orders": _orders(PLANS["orders"]),
}

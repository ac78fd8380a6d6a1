"""What bundles are mined from, streamed out of PostgreSQL: a window's order lines, and what the store sells now.

All of it is read from the current views, so an order that was delivered twice counts once, as its newest delivery says.
A line finds its variant as coverage does, by commerce.line_variants. Without a catalog a variant is what the line
itself calls it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.pipelines.commerce.bundles.mine import LINES, OFFERS, Fate
from include.postgres.errors import translated
from include.settings import StoreSettings

# Rows that are parsed at once: a megabyte or so, while the server prepares the next ones.
ROWS_AT_ONCE = 50_000

# An order that was paid back in full, or never paid, was not bought.
RETURNED_STATUSES = ("refunded", "voided")

# Hashing is right for any size; right after a load the tables have no statistics.
PLAN_BY_HASHING = "SELECT set_config('enable_nestloop', 'off', true)"

MASTERS = """
SELECT dataset, upload_id::text FROM commerce.newest_uploads
WHERE store = %s AND dataset IN ('catalog', 'inventory')
"""

BASKETS = """
WITH baskets AS MATERIALIZED (
    SELECT row_number() OVER ()::integer AS basket, upload_id, order_id,
        CASE
            WHEN cancelled_at IS NOT NULL THEN {cancelled}
            WHEN lower(financial_status) = ANY({returned_statuses}) THEN {returned}
            WHEN {order_is_tagged} THEN {excluded}
        END AS fate
    FROM commerce.current_orders
    WHERE store = {store}
        AND created_at >= {first}::timestamp AT TIME ZONE {zone}
        AND created_at < ({last}::date + 1)::timestamp AT TIME ZONE {zone}
)
"""

# Seen from the catalog.
MATCHED_LINES = """
SELECT basket, CASE WHEN hits = 1 THEN variant_id END, coalesce(fate, CASE
        WHEN quantity <= 0 THEN {returned}
        WHEN hits = 0 THEN {unmatched}
        WHEN hits > 1 THEN {ambiguous}
        ELSE {used}
    END)
FROM baskets
JOIN commerce.line_variants AS lines USING (upload_id, order_id)
WHERE lines.dataset = 'catalog' AND lines.reference_upload_id = {catalog}
"""

# The order's newest upload holds its lines: these are the rows of commerce.current_order_lines.
NAMED_LINES = """
SELECT basket, coalesce(variant_id, sku, line_name), coalesce(fate, CASE
        WHEN quantity <= 0 THEN {returned}
        WHEN coalesce(variant_id, sku, line_name) IS NULL THEN {unmatched}
        ELSE {used}
    END)
FROM baskets
JOIN commerce.order_lines AS lines USING (upload_id, order_id)
"""

# Stock without a figure is not counted by the shop: it can be sold. A variant that the inventory lacks cannot.
CATALOG = """
SELECT variant_id, catalog.title, catalog.price::numeric(18, 4), catalog.currency, {product_is_tagged},
    {stock_unknown} OR coalesce(stock.stocked, false)
FROM commerce.current_catalog AS catalog
LEFT JOIN (
    SELECT variant_id, coalesce(sum(coalesce(available, on_hand)) > 0, true) AS stocked
    FROM commerce.current_inventory WHERE store = {store} GROUP BY variant_id
) AS stock USING (variant_id)
WHERE catalog.store = {store}
"""

HAS_TAG = """
EXISTS (SELECT FROM unnest(string_to_array(lower(tags), ',')) AS tag WHERE btrim(tag) = ANY({}))
"""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of orders that are mined, both included, in the store's time zone."""

    store: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Masters:
    """Ids of the uploads that brought the store's newest catalog and inventory; None where there is none."""

    catalog: str | None
    inventory: str | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What bundles lack without them, for the person in charge."""
        if self.catalog is None:
            return ("no catalog: variants are what the lines call them, without product and price; stock filter off",)
        return () if self.inventory else ("no inventory: stock filter off",)


def read_masters(connection: Connection[TupleRow], store: str) -> Masters:
    """The store's newest catalog and inventory."""
    with translated():
        found: dict[str, str] = dict(connection.execute(MASTERS, [store]).fetchall())
    return Masters(found.get("catalog"), found.get("inventory"))


def read_lines(
    connection: Connection[TupleRow], span: Span, masters: Masters, settings: StoreSettings
) -> Iterator[pa.RecordBatch]:
    """The lines of the span's orders, of schema LINES, as they come; within a transaction."""
    with translated():
        connection.execute(PLAN_BY_HASHING)
    query = sql.SQL(BASKETS + (MATCHED_LINES if masters.catalog else NAMED_LINES)).format(
        store=sql.Literal(span.store),
        first=sql.Literal(span.first.isoformat()),
        last=sql.Literal(span.last.isoformat()),
        zone=sql.Literal(settings.time_zone),
        catalog=sql.Literal(masters.catalog),
        returned_statuses=sql.Literal(list(RETURNED_STATUSES)),
        order_is_tagged=_has_tag(settings.bundles.excluded_order_tags),
        **{fate.name.lower(): sql.Literal(fate.value) for fate in Fate},
    )
    return copied(connection, query, LINES)


def read_offers(connection: Connection[TupleRow], span: Span, masters: Masters, settings: StoreSettings) -> pa.Table:
    """What the store's newest catalog sells, of schema OFFERS; no row where there is no catalog."""
    query = sql.SQL(CATALOG).format(
        store=sql.Literal(span.store),
        product_is_tagged=_has_tag(settings.bundles.excluded_tags),
        stock_unknown=sql.Literal(masters.inventory is None),
    )
    return pa.Table.from_batches(copied(connection, query, OFFERS), OFFERS)


def _has_tag(tags: tuple[str, ...]) -> sql.Composable:
    """Whether one of the comma-separated `tags` of a row is among these; letters' case and blanks aside."""
    wanted = [tag.strip().lower() for tag in tags]
    return sql.SQL(HAS_TAG).format(sql.Literal(wanted)) if wanted else sql.SQL("false")


def copied(connection: Connection[TupleRow], query: sql.Composed, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The query's rows by COPY; the server sends whole rows, so every block of them is a CSV of its own."""
    read = pa_csv.ReadOptions(column_names=schema.names, use_threads=False)
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    convert = pa_csv.ConvertOptions(
        column_types=schema,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
    )
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    with translated(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        rows = iter(copy)
        while block := b"".join(islice(rows, ROWS_AT_ONCE)):
            table = pa_csv.read_csv(pa.BufferReader(block), read, parse, convert)
            yield from table.to_batches()

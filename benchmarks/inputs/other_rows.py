"""Uploads that are in the tables already, made on the server: orders of three lines, in key order, and their ledger."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from benchmarks.inputs.order_lines import VARIANTS
from include.pipelines.commerce.delivery.upload_id import upload_id

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

LINES_PER_ORDER = 3

# Stores that deliver once a day: 10,000 uploads are 100 days of them.
STORES = 100
FIRST_DAY = dt.date(2024, 3, 1)

# Uploads that are filled by one transaction.
BATCH = 100

ORDERS = """
INSERT INTO {schema}.orders (upload_id, order_id, created_at, currency, financial_status, source_part, source_line)
SELECT wanted.upload_id, '#' || (100000 + number), timestamptz '2024-03-01 00:00:00+00' + number * interval '7 s',
    'EUR', 'paid', 0, number * {lines} + 2
FROM (SELECT unnest(%(uploads)s::uuid[]) AS upload_id ORDER BY 1) AS wanted
CROSS JOIN generate_series(0::bigint, %(orders)s - 1) AS number
"""

ORDER_LINES = """
INSERT INTO {schema}.order_lines (upload_id, order_id, line_no, quantity, unit_price, discount, variant_id, sku,
    line_name, source_part, source_line)
SELECT wanted.upload_id, '#' || (100000 + number), line_no, 1 + number %% 9, 9.90, 0.00,
    'v' || (number * 7919 + line_no) %% {variants}, 'SKU-' || (number * 7919 + line_no) %% {variants},
    'Lamp ' || (number * 7919 + line_no) %% {variants} || ' - Large / Blue', 0, number * {lines} + line_no + 1
FROM (SELECT unnest(%(uploads)s::uuid[]) AS upload_id ORDER BY 1) AS wanted
CROSS JOIN generate_series(0::bigint, %(orders)s - 1) AS number
CROSS JOIN generate_series(1, {lines}) AS line_no
"""

UPLOADS = """
INSERT INTO commerce.uploads (upload_id, store, day)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::date[])
"""

LEDGER = """
INSERT INTO ledger.loads (run_id, upload_id, store, day, dataset, status, digest, fingerprint, rows_read, inserted,
    updated, unchanged, deleted, duplicates, rejected, folded, ms, phases, files, facts, message)
SELECT %(run)s, upload_id, store, day, dataset, 'loaded', md5(upload_id::text), 'benchmark', %(rows)s, %(rows)s,
    0, 0, 0, 0, 0, 0, 0, '{}', '[]', '{}', ''
FROM commerce.uploads CROSS JOIN unnest(ARRAY['orders', 'order_lines']) AS dataset
WHERE store LIKE 'store-%%'
"""


def fill(connection: Connection[TupleRow], lines: int, uploads: int, schema: str = "commerce") -> None:
    """Makes so many order lines, spread evenly over so many uploads; in schema `hand` the tables alone.

    Args:
        connection: autocommit.
        lines: of all uploads together; rounded to whole orders.
        uploads: how many.
        schema: whose tables `orders` and `order_lines` are filled.
    """
    ids = {upload_id(*delivered): delivered for delivered in _deliveries(uploads)}
    orders = max(1, lines // LINES_PER_ORDER // uploads)
    ordered = sorted(ids)
    if schema == "commerce":
        _add_partitions(connection, days(uploads))
    for first in range(0, uploads, BATCH):
        values = {"uploads": ordered[first : first + BATCH], "orders": orders}
        for statement in (ORDERS, ORDER_LINES):
            filled = statement.format(schema=schema, lines=LINES_PER_ORDER, variants=VARIANTS)
            connection.execute(filled.encode(), values)
    if schema == "commerce":
        _record(connection, ids, orders * LINES_PER_ORDER)
    connection.execute(f"VACUUM (ANALYZE) {schema}.orders, {schema}.order_lines".encode())
    connection.execute("CHECKPOINT")


def _add_partitions(connection: Connection[TupleRow], wanted: list[dt.date]) -> None:
    for table in ("orders", "order_lines"):
        connection.execute(
            "SELECT commerce.add_partition(%s, month) FROM (SELECT DISTINCT date_trunc('month', day)::date"
            " FROM unnest(%s::date[]) AS day) AS months (month)",
            [table, wanted],
        )


def record(connection: Connection[TupleRow], uploads: int) -> None:
    """Uploads and their ledger alone, as if each had had one order."""
    _record(connection, {upload_id(*delivered): delivered for delivered in _deliveries(uploads)}, LINES_PER_ORDER)


def days(uploads: int) -> list[dt.date]:
    """The days that so many uploads are of."""
    return sorted({day for _store, day in _deliveries(uploads)})


def _deliveries(uploads: int) -> list[tuple[str, dt.date]]:
    return [
        (f"store-{number % STORES:03}", FIRST_DAY + dt.timedelta(days=number // STORES)) for number in range(uploads)
    ]


def _record(connection: Connection[TupleRow], ids: dict[str, tuple[str, dt.date]], rows: int) -> None:
    stores, days = zip(*ids.values(), strict=True)
    connection.execute(UPLOADS.encode(), [list(ids), list(stores), list(days)])
    run = connection.execute(
        "INSERT INTO ledger.runs (pipeline, source, source_run_id) VALUES ('commerce', 'benchmark', 'fill')"
        " RETURNING run_id"
    ).fetchall()[0][0]
    connection.execute(LEDGER.encode(), {"run": run, "rows": rows})
    connection.execute("ANALYZE commerce.uploads, ledger.loads")

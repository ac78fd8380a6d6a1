"""Coverage: how much of an upload's order lines its store's catalog, inventory and variants know.

Each upload is compared with the newest master of a day not after its own. Counted are lines with a quantity above 0 of
orders that were not cancelled. A line is matched where exactly one variant goes by its variant_id, else sku, else
line_name; ambiguous where several do; unmatched where none does. Revenue is quantity * unit_price - discount, per
currency of the orders, XXX where none is known. A master that was never delivered leaves NULL, not 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from psycopg import Connection
from psycopg.rows import TupleRow

from include.log import line, logger
from include.postgres.errors import translated
from include.postgres.session import LoadSession, begin, lock
from include.writers.errors import repeat_transient

NO_CURRENCY = "XXX"

# What a row of commerce.coverage says of its key.
COMPUTED = (
    *("lines_load_id", "reference_upload_id", "reference_load_id"),
    *("lines", "matched", "ambiguous", "unmatched", "quantity"),
    *("revenue", "matched_revenue", "ambiguous_revenue", "unmatched_revenue"),
)


def _names(prefix: str = "") -> str:
    return ", ".join(prefix + name for name in COMPUTED)


# Uploads of which a coverage is missing, or was computed from other loads than those that are wanted now.
DUE = """
SELECT wanted.upload_id::text
FROM commerce.coverage_wanted AS wanted
LEFT JOIN (
    SELECT DISTINCT upload_id, dataset, lines_load_id, reference_load_id FROM commerce.coverage
) AS computed USING (upload_id, dataset)
GROUP BY wanted.day, wanted.store, wanted.upload_id
HAVING bool_or(
    (computed.lines_load_id, computed.reference_load_id)
    IS DISTINCT FROM (wanted.lines_load_id, wanted.reference_load_id)
)
ORDER BY wanted.day, wanted.store
"""

BETWEEN = """
SELECT upload_id::text
FROM ledger.current_loads
WHERE dataset = 'order_lines' AND day BETWEEN %(first)s AND %(last)s
    AND (%(store)s::text IS NULL OR store = %(store)s)
ORDER BY day, store
"""

# One statement, so that the loads it names are the rows it compares. `wanted` has three rows; for each of them the
# lateral query runs with the reference's id at hand: it reads the keys of that one master and hashes them.
COMPUTE = f"""
WITH wanted AS MATERIALIZED (
    SELECT * FROM commerce.coverage_wanted WHERE upload_id = %(upload_id)s
),
totals AS MATERIALIZED (
    SELECT coalesce(orders.currency, '{NO_CURRENCY}') AS currency, count(*) AS lines, sum(lines.quantity) AS quantity,
        sum(lines.quantity * lines.unit_price - coalesce(lines.discount, 0)) AS revenue
    FROM commerce.order_lines AS lines
    LEFT JOIN commerce.orders AS orders USING (upload_id, order_id)
    WHERE lines.upload_id = %(upload_id)s AND lines.quantity > 0 AND orders.cancelled_at IS NULL
    GROUP BY 1
),
compared AS MATERIALIZED (
    SELECT wanted.dataset, hits.*
    FROM wanted
    CROSS JOIN LATERAL (
        SELECT coalesce(orders.currency, '{NO_CURRENCY}') AS currency,
            count(*) FILTER (WHERE lines.hits = 1) AS matched,
            count(*) FILTER (WHERE lines.hits > 1) AS ambiguous,
            count(*) FILTER (WHERE lines.hits = 0) AS unmatched,
            sum(money.revenue) FILTER (WHERE lines.hits = 1) AS matched_revenue,
            sum(money.revenue) FILTER (WHERE lines.hits > 1) AS ambiguous_revenue,
            sum(money.revenue) FILTER (WHERE lines.hits = 0) AS unmatched_revenue
        FROM commerce.line_variants AS lines
        CROSS JOIN LATERAL (
            SELECT lines.quantity * lines.unit_price - coalesce(lines.discount, 0) AS revenue
        ) AS money
        LEFT JOIN commerce.orders AS orders ON orders.upload_id = %(upload_id)s AND orders.order_id = lines.order_id
        WHERE lines.upload_id = %(upload_id)s AND lines.dataset = wanted.dataset
            AND lines.reference_upload_id = wanted.reference_upload_id
            AND lines.quantity > 0 AND orders.cancelled_at IS NULL
        GROUP BY 1
    ) AS hits
),
fresh AS MATERIALIZED (
    SELECT wanted.upload_id, wanted.dataset, coalesce(totals.currency, '{NO_CURRENCY}') AS currency,
        wanted.lines_load_id, wanted.reference_upload_id, wanted.reference_load_id,
        coalesce(totals.lines, 0) AS lines, delivered * coalesce(compared.matched, 0) AS matched,
        delivered * coalesce(compared.ambiguous, 0) AS ambiguous,
        delivered * coalesce(compared.unmatched, 0) AS unmatched,
        coalesce(totals.quantity, 0) AS quantity, coalesce(totals.revenue, 0) AS revenue,
        delivered * coalesce(compared.matched_revenue, 0) AS matched_revenue,
        delivered * coalesce(compared.ambiguous_revenue, 0) AS ambiguous_revenue,
        delivered * coalesce(compared.unmatched_revenue, 0) AS unmatched_revenue
    FROM wanted
    -- 1, or NULL that makes NULL of every figure
    CROSS JOIN LATERAL (SELECT CASE WHEN wanted.reference_upload_id IS NOT NULL THEN 1 END AS delivered) AS reference
    LEFT JOIN totals ON true
    LEFT JOIN compared ON compared.dataset = wanted.dataset AND compared.currency = totals.currency
),
removed AS (
    DELETE FROM commerce.coverage AS old
    WHERE old.upload_id = %(upload_id)s AND NOT EXISTS (
        SELECT 1 FROM fresh WHERE fresh.dataset = old.dataset AND fresh.currency = old.currency
    )
    RETURNING 1
),
written AS (
    INSERT INTO commerce.coverage AS old (upload_id, dataset, currency, {_names()})
    SELECT upload_id, dataset, currency, {_names()} FROM fresh ORDER BY dataset, currency
    ON CONFLICT (upload_id, dataset, currency) DO UPDATE
    SET ({_names()}, computed_at) = ({_names("excluded.")}, now())
    WHERE ({_names("old.")}) IS DISTINCT FROM ({_names("excluded.")})
    RETURNING 1
)
SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM written)
"""  # noqa: S608 # the constants are this module's

# Right after a load the tables have no statistics, and the planner takes an upload for a few rows: it would look
# through the whole master once per line, and sort the lines to add them up. Hashing is right for any size: a million
# lines take about 3 s for each master of 10,000 variants.
PLAN_BY_HASHING = """
SELECT set_config(name, 'off', true) FROM (VALUES ('enable_nestloop'), ('enable_sort')) AS planner (name)
"""


def due(connection: Connection[TupleRow]) -> list[str]:
    """Ids of the uploads whose coverage is missing or outdated, by day and store; reads only.

    A dataset that is delivered again makes its upload due, and the store's later ones that are compared with it.
    """
    with translated():
        return [row[0] for row in connection.execute(DUE).fetchall()]


def uploads_between(connection: Connection[TupleRow], store: str | None, first: dt.date, last: dt.date) -> list[str]:
    """Ids of the uploads with order lines of one store (or all), from `first` to `last`, both included."""
    with translated():
        rows = connection.execute(BETWEEN, {"store": store, "first": first, "last": last}).fetchall()
    return [row[0] for row in rows]


def outdate(connection: Connection[TupleRow], load_ids: Sequence[int]) -> None:
    """Makes due again what was computed from loads whose rows have changed since; 0 is no load's number."""
    with translated():
        connection.execute(
            "UPDATE commerce.coverage SET"
            " lines_load_id = CASE WHEN lines_load_id = ANY(%(loads)s) THEN 0 ELSE lines_load_id END,"
            " reference_load_id = CASE WHEN reference_load_id = ANY(%(loads)s) THEN 0 ELSE reference_load_id END"
            " WHERE lines_load_id = ANY(%(loads)s) OR reference_load_id = ANY(%(loads)s)",
            {"loads": list(load_ids)},
        )


def compute(connection: Connection[TupleRow], upload_ids: Sequence[str]) -> int:
    """Compares the uploads' lines with their masters, one transaction each; safe to repeat and to run side by side.

    Args:
        connection: an autocommit connection.
        upload_ids: see `due` and `uploads_between`.

    Returns:
        Rows of commerce.coverage that were written or removed; 0 where all was up to date.

    Raises:
        TransientError: the server is out of reach; what was computed so far stays.
    """
    return sum(repeat_transient(partial(_compute, connection, upload_id)) for upload_id in upload_ids)


def lock_name(upload_id: str) -> str:
    """Name of the lock under which one run at a time writes an upload's coverage; the next sees what it wrote."""
    return f"coverage/{upload_id}"


def _compute(connection: Connection[TupleRow], upload_id: str) -> int:
    with translated(), connection.transaction():
        begin(connection, LoadSession(application_name=f"longshore coverage {upload_id}"))
        lock(connection, lock_name(upload_id))
        connection.execute(PLAN_BY_HASHING)
        row = connection.execute(COMPUTE, {"upload_id": upload_id}).fetchone()
    written = int(row[0]) if row else 0
    logger("coverage").info(line("computed", upload_id=upload_id, rows=written))
    return written

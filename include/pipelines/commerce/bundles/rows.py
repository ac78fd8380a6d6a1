"""The mined bundles as rows, for the command line and JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.postgres.errors import translated

COLUMNS = """
    store, window_start, window_end, settings, rank,
    array_remove(ARRAY[variant_a, variant_b, variant_c], NULL) AS variants,
    array_remove(ARRAY[product_a, product_b, product_c], NULL) AS products,
    baskets, support_count, support,
    array_remove(ARRAY[confidence_a, confidence_b, confidence_c], NULL) AS confidences, lift, score, price, currency
"""

CURRENT = f"""
SELECT {COLUMNS} FROM commerce.current_bundles
WHERE %(store)s::text IS NULL OR store = %(store)s
ORDER BY store, rank
"""  # noqa: S608 # the columns are this module's

BETWEEN = f"""
SELECT {COLUMNS}
FROM (
    SELECT bundles.*
    FROM ledger.current_loads AS loads
    JOIN commerce.bundles AS bundles
        ON bundles.store = loads.store AND bundles.window_end = loads.day AND bundles.settings = loads.fingerprint
    WHERE loads.dataset = 'bundles' AND loads.day BETWEEN %(first)s AND %(last)s
) AS mined
WHERE %(store)s::text IS NULL OR store = %(store)s
ORDER BY window_end, store, rank
"""  # noqa: S608 # the columns are this module's


def table(
    connection: Connection[TupleRow],
    store: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> list[dict[str, Any]]:
    """The bundles of one store (or all): of its newest window, or of all windows that end within the days given.

    Returns:
        One row per bundle by store and rank: `store`, `window_start`, `window_end`, `settings`, `rank`, `variants` and
        `products` (lists of 2 or 3; products only where a catalog knows them), `baskets`, `support_count`, `support`,
        `confidences` (one for each variant), `lift`, `score`, `price` (Decimal) and `currency`.
    """
    days = {"first": first or dt.date.min, "last": last or dt.date.max}
    query = BETWEEN if first or last else CURRENT
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), {"store": store, **days}).fetchall()

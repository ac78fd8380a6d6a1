"""The computed coverage as rows, for the command line, JSON and the page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.postgres.errors import translated

TABLE = """
SELECT uploads.store, uploads.day, coverage.dataset, coverage.currency, reference.day AS reference_day, coverage.lines,
    coverage.matched, coverage.ambiguous, coverage.unmatched,
    round(coverage.matched::numeric / nullif(coverage.lines, 0), 4) AS matched_share,
    coverage.quantity, coverage.revenue, coverage.matched_revenue, coverage.ambiguous_revenue,
    coverage.unmatched_revenue
FROM commerce.coverage AS coverage
JOIN commerce.uploads AS uploads USING (upload_id)
LEFT JOIN commerce.uploads AS reference ON reference.upload_id = coverage.reference_upload_id
WHERE uploads.day BETWEEN %(first)s AND %(last)s AND (%(store)s::text IS NULL OR uploads.store = %(store)s)
ORDER BY uploads.day, uploads.store, coverage.dataset, coverage.currency
"""


def table(connection: Connection[TupleRow], store: str | None, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """The coverage of one store (or all) from `first` to `last`, both included, by day, store, dataset and currency.

    Returns:
        One row per upload, dataset and currency: `store`, `day`, `dataset`, `currency`, `reference_day` (day of the
        master that was compared with), `lines`, `matched`, `ambiguous`, `unmatched`, `matched_share` (of the lines,
        0 to 1; None without lines), `quantity`, `revenue` and the revenue that is matched, ambiguous and unmatched
        (Decimal). Figures of a master that was never delivered are None.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(TABLE, {"store": store, "first": first, "last": last}).fetchall()

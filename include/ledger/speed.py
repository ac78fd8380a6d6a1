"""How fast loads were, against what is usual for the same store and dataset."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from include.postgres.errors import translated

# Loads whose median is what is usual: about a month of days.
HISTORY_LOADS = 30

# With fewer of them nothing is usual yet.
LEAST_HISTORY_LOADS = 5

# Far above: so many times the usual milliseconds per row, ...
SLOW_TIMES = 3.0

# ... and so many milliseconds more than these rows usually take: a file of three rows is all overhead.
SLOW_MS = 1_000.0

RULE = (
    f"more than {SLOW_TIMES:g} times the median ms per row of the store's and dataset's {HISTORY_LOADS} loads before,"
    f" and more than {SLOW_MS / 1000:g} s above it; from {LEAST_HISTORY_LOADS} such loads on"
)

SLOW = """
SELECT loads.load_id, loads.dataset, loads.rows_read, loads.ms, usual.ms_per_row AS usual_ms_per_row
FROM ledger.loads AS loads
CROSS JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY earlier.ms / earlier.rows_read) AS ms_per_row, count(*) AS loads
    FROM (
        SELECT ms, rows_read FROM ledger.loads AS before
        WHERE before.status = 'loaded' AND before.store = loads.store AND before.dataset = loads.dataset
            AND before.load_id < loads.load_id AND before.rows_read > 0
        ORDER BY before.load_id DESC
        LIMIT %(history)s
    ) AS earlier
) AS usual
WHERE loads.load_id = ANY(%(load_ids)s) AND loads.rows_read > 0 AND usual.loads >= %(least)s
    AND loads.ms / loads.rows_read > usual.ms_per_row * %(times)s
    AND loads.ms - usual.ms_per_row * loads.rows_read > %(slow_ms)s
ORDER BY loads.load_id
"""


@dataclass(frozen=True, slots=True)
class SlowLoad:
    """A load that took far longer than usual; times in milliseconds."""

    load_id: int
    dataset: str
    rows_read: int
    ms: float
    usual_ms_per_row: float

    @property
    def ms_per_row(self) -> float:
        return self.ms / self.rows_read

    @property
    def times(self) -> float:
        """How many times the usual time per row it took."""
        return self.ms_per_row / self.usual_ms_per_row


def slow(connection: Connection[TupleRow], load_ids: Collection[int]) -> list[SlowLoad]:
    """Those of the loads that were slow by `RULE`."""
    values = {
        "load_ids": list(load_ids),
        "history": HISTORY_LOADS,
        "least": LEAST_HISTORY_LOADS,
        "times": SLOW_TIMES,
        "slow_ms": SLOW_MS,
    }
    with translated(), connection.cursor(row_factory=class_row(SlowLoad)) as cursor:
        return cursor.execute(SLOW, values).fetchall()

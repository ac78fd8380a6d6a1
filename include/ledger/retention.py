"""The end of what is kept for a while only: the text of rejected records, which may hold personal data."""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from include.postgres.errors import translated
from include.settings import StoresFile

# Texts emptied in one statement: a day's budget of a large store, in some 100 ms, so that closing an upload never waits
# for the history of a year.
PRUNED_AT_ONCE = 10_000

EXPIRED = """
SELECT rejects.load_id, rejects.sequence
FROM ledger.rejects AS rejects
JOIN ledger.loads AS loads USING (load_id)
WHERE rejects.raw IS NOT NULL
    AND rejects.recorded_at < now() - make_interval(days => %(fewest)s)
    AND rejects.recorded_at < now() - make_interval(
        days => coalesce((%(days)s::jsonb ->> loads.store)::integer, %(default)s))
ORDER BY rejects.recorded_at
"""


def expired(connection: Connection[TupleRow], stores: StoresFile) -> int:
    """How many rejects have a text whose time to live (`reject_days` of the store) is over."""
    with translated():
        row = connection.execute(f"SELECT count(*) FROM ({EXPIRED}) AS expired".encode(), _days(stores)).fetchone()  # noqa: S608 # ours
    return int(row[0]) if row else 0


def prune(connection: Connection[TupleRow], stores: StoresFile, limit: int = PRUNED_AT_ONCE) -> int:
    """Empties the text of rejects whose time to live is over, the oldest first; everything else of them stays.

    Args:
        connection: to the database of the ledger; a replay that holds a reject is not waited for.
        stores: settings per store, for `reject_days`.
        limit: texts at most.

    Returns:
        How many were emptied.
    """
    chosen = f"{EXPIRED} LIMIT %(limit)s FOR UPDATE OF rejects SKIP LOCKED"
    with translated():
        return connection.execute(
            f"UPDATE ledger.rejects AS pruned SET raw = NULL FROM ({chosen}) AS chosen"  # noqa: S608 # ours
            " WHERE (pruned.load_id, pruned.sequence) = (chosen.load_id, chosen.sequence)".encode(),
            {**_days(stores), "limit": limit},
        ).rowcount


def _days(stores: StoresFile) -> dict[str, object]:
    listed = {name: store.reject_days for name, store in stores.stores.items()}
    default = stores.defaults.reject_days
    return {"days": Jsonb(listed), "default": default, "fewest": min([default, *listed.values()])}

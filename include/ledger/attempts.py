"""What became of uploads at last: of each dataset the newest attempt, and how many rows its tables hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.errors import UsageError
from include.postgres.errors import translated
from include.results import Status

UPLOAD_PREFIX = re.compile(r"^[0-9a-fA-F-]{4,36}$")

# What goes by an upload and stands in a graph, in no table.
NOT_IN_TABLES = ("product_graph",)

# Uploads that an ambiguous prefix is said to mean.
NAMED = 5

# `rows` are those of the current load that its tables hold; NULL where nothing was ever loaded.
NEWEST = """
SELECT uploads.upload_id::text, uploads.store, uploads.day, uploads.url, newest.dataset, newest.status, newest.load_id,
    newest.message, newest.rejected, newest.ms, newest.digest, newest.recorded_at, newest.accepted_by,
    current.load_id AS current_load_id, current.rows
FROM (
    SELECT * FROM commerce.uploads AS uploads
    WHERE (%(upload_id)s::uuid IS NULL OR upload_id = %(upload_id)s)
        AND (%(store)s::text IS NULL OR store = %(store)s)
        AND (%(first)s::date IS NULL OR day >= %(first)s)
        AND (%(last)s::date IS NULL OR day <= %(last)s)
        AND (NOT %(held)s OR 'held' IN (
            SELECT first_value(status) OVER (PARTITION BY dataset ORDER BY load_id DESC)
            FROM ledger.loads WHERE loads.upload_id = uploads.upload_id))
    ORDER BY day DESC, store
    LIMIT %(limit)s
) AS uploads
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (dataset) * FROM ledger.loads WHERE loads.upload_id = uploads.upload_id
    ORDER BY dataset, load_id DESC
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT load_id, inserted + updated + unchanged AS rows FROM ledger.current_loads AS loads
    WHERE loads.upload_id = uploads.upload_id AND loads.dataset = newest.dataset
    LIMIT 1
) AS current ON true
ORDER BY uploads.day DESC, uploads.store, array_position(
    ARRAY['catalog', 'inventory', 'orders', 'order_lines', 'variants'], newest.dataset)
"""

# The same of tables of contracts, whose slices (a table, or a source's rows of it) are what a delivery speaks of: each
# goes by the day of its newest delivery. Their loads have the table's name with its schema, which no dataset has.
NEWEST_OF_TABLES = """
SELECT newest.upload_id::text, newest.store, newest.day, NULL AS url, newest.dataset, newest.status, newest.load_id,
    newest.message, newest.rejected, newest.ms, newest.digest, newest.recorded_at, newest.accepted_by,
    current.load_id AS current_load_id, current.inserted + current.updated + current.unchanged AS rows
FROM (
    SELECT DISTINCT ON (upload_id) * FROM ledger.loads
    WHERE strpos(dataset, '.') > 0
    ORDER BY upload_id, load_id DESC
) AS newest
LEFT JOIN ledger.current_loads AS current
    ON current.upload_id = newest.upload_id AND current.dataset = newest.dataset
WHERE (%(store)s::text IS NULL OR newest.store = %(store)s)
    AND (%(first)s::date IS NULL OR newest.day >= %(first)s)
    AND (%(last)s::date IS NULL OR newest.day <= %(last)s)
    AND (NOT %(held)s OR newest.status = 'held')
ORDER BY newest.day DESC, newest.store, newest.dataset
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest attempt at one dataset of an upload.

    `rows` and `current_load_id` speak of the current load, which is this one only where `status` is loaded. `ms` is in
    milliseconds, `recorded_at` in UTC.
    """

    dataset: str
    status: Status
    load_id: int
    message: str
    rejected: int
    ms: float
    digest: str
    recorded_at: dt.datetime
    accepted_by: str | None
    current_load_id: int | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload with the newest attempts by dataset; `url` is where it was last opened, None where that is unknown."""

    upload_id: str
    store: str
    day: dt.date
    url: str | None
    attempts: dict[str, Attempt]

    def names(self, status: Status) -> tuple[str, ...]:
        """The datasets whose newest attempt ended so."""
        return tuple(name for name, attempt in self.attempts.items() if attempt.status is status)

    @property
    def rows(self) -> int:
        """Rows of the upload in all tables."""
        return sum(attempt.rows or 0 for name, attempt in self.attempts.items() if name not in NOT_IN_TABLES)

    @property
    def recorded_at(self) -> dt.datetime | None:
        """When anything was last tried, in UTC; None where nothing was."""
        return max((attempt.recorded_at for attempt in self.attempts.values()), default=None)


def states(
    connection: Connection[TupleRow],
    *,
    upload_id: str | None = None,
    store: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    held: bool = False,
    limit: int | None = None,
) -> list[UploadState]:
    """Uploads with the newest attempts at their datasets, the newest days first.

    Args:
        connection: to the database of the ledger.
        upload_id: only this one.
        store: only this store's.
        first: from this day on.
        last: until this day, included.
        held: only those of which something waits for a person.
        limit: at most so many; all where None.
    """
    values = {"upload_id": upload_id, "store": store, "first": first, "last": last, "held": held, "limit": limit}
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return list(_grouped(cursor.execute(NEWEST, values).fetchall()))


def table_states(
    connection: Connection[TupleRow],
    *,
    store: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    held: bool = False,
    limit: int | None = None,
) -> list[UploadState]:
    """The slices of tables of contracts, each with the newest attempt at it; the newest days first.

    Args:
        connection: to the database of the ledger.
        store: only this source's.
        first: from this day on.
        last: until this day, included.
        held: only those whose newest delivery waits for a person.
        limit: at most so many; all where None.
    """
    values = {"store": store, "first": first, "last": last, "held": held, "limit": limit}
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return list(_grouped(cursor.execute(NEWEST_OF_TABLES, values).fetchall()))


def stores_between(connection: Connection[TupleRow], first: dt.date, last: dt.date) -> set[str]:
    """The stores of which anything was opened for these days, both included."""
    with translated():
        rows = connection.execute(
            "SELECT DISTINCT store FROM commerce.uploads WHERE day BETWEEN %s AND %s", [first, last]
        ).fetchall()
    return {str(store) for (store,) in rows}


def resolve(connection: Connection[TupleRow], name: str) -> UploadState:
    """The upload that a person means by its id, the first signs of it, or STORE/DAY.

    Raises:
        UsageError: none is meant, or several.
    """
    found = _matching(connection, name)
    if len(found) > 1:
        listed = ", ".join(f"{upload_id} ({store}/{day})" for upload_id, store, day in found[:NAMED])
        raise UsageError(f"Several uploads begin with {name!r}: {listed}.", "Give more of the id, or STORE/DAY.")
    if not found:
        raise UsageError(f"The ledger has no upload {name!r}.", "See what there is: ./longshore uploads list")
    return states(connection, upload_id=found[0][0])[0]


def _matching(connection: Connection[TupleRow], name: str) -> list[TupleRow]:
    store, _, day = name.rstrip("/").rpartition("/")
    if store:
        condition, values = "store = %s AND day = %s", [store, _day(day)]
    elif UPLOAD_PREFIX.match(name):
        condition, values = "upload_id::text LIKE %s", [f"{name.lower()}%"]
    else:
        raise UsageError(
            f"{name!r} names no upload.", "Give its id, at least the first 4 signs of it, or STORE/YYYY-MM-DD."
        )
    with translated():
        query = f"SELECT upload_id::text, store, day FROM commerce.uploads WHERE {condition} ORDER BY store, day"  # noqa: S608 # one of two texts of ours
        return connection.execute(query.encode(), values).fetchall()


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day.", "Name an upload as STORE/YYYY-MM-DD.") from error


def _grouped(rows: Iterable[dict[str, Any]]) -> Iterator[UploadState]:
    for upload_id, group in groupby(rows, lambda row: str(row["upload_id"])):
        attempts = list(group)
        first = attempts[0]
        by_dataset = {row["dataset"]: _attempt(row) for row in attempts if row["dataset"]}
        yield UploadState(upload_id, first["store"], first["day"], first["url"], by_dataset)


def _attempt(row: dict[str, Any]) -> Attempt:
    values = {name: row[name] for name in Attempt.__slots__}
    recorded_at = row["recorded_at"].astimezone(dt.UTC)
    return Attempt(**{**values, "status": Status(row["status"]), "recorded_at": recorded_at})

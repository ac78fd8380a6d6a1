"""Taking back: an upload's rows and its rejects' text, or one person's address, out of the tables for good.

Each upload is one transaction under the locks of its datasets. What stays is the ledger: the loads with their counts,
now `forgotten`, and an event that says who did it and when. The views, coverage and bundles follow, since they ask for
loads that are `loaded`, and the product graph with its next load, which is due; deliveries in the landing zone are left
alone, and only a person loads them again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.errors import UsageError
from include.ledger import events
from include.ledger.events import EventKind, Subject
from include.loading.csv.job import Connect
from include.log import line, logger
from include.pipelines.commerce import records
from include.pipelines.commerce.bundles import load as bundles
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.delivery.upload_id import DATASETS, lock_name
from include.postgres.errors import translated
from include.postgres.session import LoadSession, begin, lock
from include.writers.errors import repeat_transient

# Every table of schema commerce that holds rows of uploads. commerce.uploads itself stays: it says that there was one.
TABLES = (*(table.name for table in records.TABLES), "coverage")

# Bundles are those of every window that reaches over an upload's day; each is counted once, for the upload by which it
# goes first.
COUNT_BUNDLES = """
SELECT first.upload_id::text, count(*)
FROM commerce.bundles AS bundles
CROSS JOIN LATERAL (
    SELECT upload_id FROM commerce.uploads
    WHERE upload_id = ANY(%(uploads)s::uuid[]) AND store = bundles.store
        AND day BETWEEN bundles.window_start AND bundles.window_end
    ORDER BY day
    LIMIT 1
) AS first
GROUP BY first.upload_id
"""

# How the emptied texts are counted, beside the tables.
REJECT_TEXTS = "reject texts"

# A load of a contract's table goes by `schema.table`, and its store is any source's name: none of its rows are here, so
# that it would be called forgotten with all of them in place.
FIND = """
SELECT upload_id::text, store, day
FROM ledger.loads
WHERE status IN ('loaded', 'held', 'failed') AND dataset <> 'product_graph' AND strpos(dataset, '.') = 0
    AND (%(upload_id)s::uuid IS NULL OR upload_id = %(upload_id)s)
    AND (%(store)s::text IS NULL OR store = %(store)s)
    AND (%(before)s::date IS NULL OR day < %(before)s)
GROUP BY upload_id, store, day
ORDER BY store, day
"""

COUNT_TEXTS = """
SELECT loads.upload_id::text, count(*)
FROM ledger.rejects
JOIN ledger.loads AS loads USING (load_id)
WHERE loads.upload_id = ANY(%(uploads)s::uuid[]) AND rejects.raw IS NOT NULL
GROUP BY loads.upload_id
"""

EMPTY_TEXTS = """
UPDATE ledger.rejects AS rejects
SET raw = NULL
FROM ledger.loads AS loads
WHERE loads.load_id = rejects.load_id AND loads.upload_id = %(upload_id)s AND rejects.raw IS NOT NULL
"""

# A load of the product graph says what the graph shows until its next load takes the upload's rows out there, too.
MARK_LOADS = """
UPDATE ledger.loads SET status = 'forgotten'
WHERE upload_id = %(upload_id)s AND status IN ('loaded', 'held', 'failed') AND dataset <> 'product_graph'
"""

FIND_PERSON = """
SELECT upload_id::text, store, day, sum(orders)::bigint, sum(texts)::bigint
FROM (
    SELECT uploads.upload_id, uploads.store, uploads.day, 1 AS orders, 0 AS texts
    FROM commerce.orders AS orders
    JOIN commerce.uploads AS uploads USING (upload_id)
    WHERE lower(orders.email) ~ %(pattern)s
    UNION ALL
    SELECT loads.upload_id, loads.store, loads.day, 0, 1
    FROM ledger.rejects AS rejects
    JOIN ledger.loads AS loads USING (load_id)
    WHERE lower(rejects.raw) ~ %(pattern)s
) AS found
GROUP BY upload_id, store, day
ORDER BY store, day
"""

EMPTY_ADDRESSES = """
UPDATE commerce.orders SET email = NULL WHERE upload_id = %(upload_id)s AND lower(email) ~ %(pattern)s
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which uploads: the one of that id, those of a store, those of days before `before`; what is set must all fit."""

    upload_id: str | None = None
    store: str | None = None
    before: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Forgetting:
    """An upload and what is, or was, taken back of it: rows by table, and rejects' texts."""

    subject: Subject
    rows: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        subject = self.subject
        return {"upload_id": subject.upload_id, "store": subject.store, "day": subject.day, "rows": dict(self.rows)}


# Is told of each upload when it is done.
Report = Callable[[Forgetting], None]


def find_uploads(connection: Connection[TupleRow], selection: Selection) -> list[Forgetting]:
    """The uploads of the selection that have something to forget, by store and day, with their rows; reads only."""
    wanted = {"upload_id": selection.upload_id, "store": selection.store, "before": selection.before}
    with translated():
        subjects = [Subject(*row) for row in connection.execute(FIND, wanted).fetchall()]
        uploads = {"uploads": [subject.upload_id for subject in subjects]}
        special = {bundles.DATASET: COUNT_BUNDLES, REJECT_TEXTS: COUNT_TEXTS}
        queries = {table: _count(table) for table in TABLES}
        queries |= {name: sql.Composed([sql.SQL(query)]) for name, query in special.items()}
        counts: dict[str, dict[str, int]] = {
            name: dict(connection.execute(query, uploads).fetchall()) for name, query in queries.items()
        }
    return [
        Forgetting(subject, {name: found.get(subject.upload_id, 0) for name, found in counts.items()})
        for subject in subjects
    ]


def forget_uploads(
    connect: Connect, subjects: Sequence[Subject], actor: str, report: Report = lambda _done: None
) -> list[Forgetting]:
    """Takes the uploads' rows and rejects' texts back, one transaction each; safe to repeat.

    Args:
        connect: opens an autocommit connection; called once for each attempt at an upload.
        subjects: what `find_uploads` found.
        actor: who asked for it, for the ledger.
        report: told of each upload that is done.

    Returns:
        What was taken out of which table, in the same order.

    Raises:
        TransientError: the server is out of reach; the uploads before stay forgotten.
    """
    return [_each(connect, subject, EventKind.UPLOAD_FORGOTTEN, actor, _empty_upload, report) for subject in subjects]


def address_pattern(address: str) -> str:
    """The regular expression of PostgreSQL by which lower-case text holds an address, and not as part of a longer one.

    Raises:
        UsageError: it is no mail address; the message does not repeat it.
    """
    name, _, host = address.strip().lower().partition("@")
    if not name or not host or re.search(r"\s|@", name + host):
        raise UsageError("That is no mail address: expected one @ with text before and after it, and no blanks.")
    # A full stop that ends a sentence is no part of the address.
    return rf"(?<![a-z0-9._%+-]){re.escape(f'{name}@{host}')}(?![a-z0-9_-]|\.[a-z0-9])"


def find_person(connection: Connection[TupleRow], pattern: str) -> list[Forgetting]:
    """The uploads that hold a person's address, with the orders and the rejects' texts that do; reads only.

    Args:
        connection: to the database of the loads.
        pattern: see `address_pattern`.
    """
    with translated():
        rows = connection.execute(FIND_PERSON, {"pattern": pattern}).fetchall()
    return [Forgetting(Subject(*row[:3]), {"orders": row[3], REJECT_TEXTS: row[4]}) for row in rows]


def forget_person(
    connect: Connect, subjects: Sequence[Subject], pattern: str, actor: str, report: Report = lambda _done: None
) -> list[Forgetting]:
    """Empties the address of orders and the whole text of rejects that hold it, one transaction per upload.

    The address is neither logged nor stored: the ledger's events hold counts. Arguments and errors as of
    `forget_uploads`; `subjects` is what `find_person` found.
    """

    def empty(connection: Connection[TupleRow], subject: Subject) -> dict[str, int]:
        wanted = {"upload_id": subject.upload_id, "pattern": pattern}
        return {
            "orders": connection.execute(EMPTY_ADDRESSES, wanted).rowcount,
            REJECT_TEXTS: connection.execute(EMPTY_TEXTS + "AND lower(rejects.raw) ~ %(pattern)s", wanted).rowcount,
        }

    return [_each(connect, subject, EventKind.PERSON_FORGOTTEN, actor, empty, report) for subject in subjects]


Empty = Callable[[Connection[TupleRow], Subject], dict[str, int]]


def _each(connect: Connect, subject: Subject, kind: EventKind, actor: str, empty: Empty, report: Report) -> Forgetting:
    def attempt() -> dict[str, int]:  # a name of its own: the log of repetitions prints it, and no argument
        with connect() as connection, translated(), connection.transaction():
            begin(connection, LoadSession(application_name=f"longshore forget {subject.store} {subject.day}"))
            for name in _locks(subject):
                lock(connection, name)
            rows = empty(connection, subject)
            events.record(connection, kind, subject, actor, rows)
        return rows

    done = Forgetting(subject, repeat_transient(attempt))
    fields = {"store": subject.store, "day": subject.day, "upload": subject.upload_id, "rows": sum(done.rows.values())}
    logger("forget").info(line(kind.value.replace(" ", "-"), **fields))
    report(done)
    return done


def _locks(subject: Subject) -> list[str]:
    """In one order for everybody; loads, coverage and bundles hold one of them each, so nobody waits in a circle."""
    uploads = (lock_name(subject.upload_id, dataset) for dataset in DATASETS)
    return [*uploads, coverage.lock_name(subject.upload_id), bundles.lock_name(subject.store)]


def _empty_upload(connection: Connection[TupleRow], subject: Subject) -> dict[str, int]:
    wanted = {"upload_id": subject.upload_id}
    taken_out = bundles.take_out(connection, subject.store, subject.day)
    rows = {table: connection.execute(_delete(table), wanted).rowcount for table in TABLES}
    rows[bundles.DATASET] += taken_out
    rows[REJECT_TEXTS] = connection.execute(EMPTY_TEXTS, wanted).rowcount
    connection.execute(MARK_LOADS, wanted)
    return rows


def _count(table: str) -> sql.Composed:
    return sql.SQL(
        "SELECT upload_id::text, count(*) FROM {} WHERE upload_id = ANY(%(uploads)s::uuid[]) GROUP BY upload_id"
    ).format(sql.Identifier("commerce", table))


def _delete(table: str) -> sql.Composed:
    return sql.SQL("DELETE FROM {} WHERE upload_id = %(upload_id)s").format(sql.Identifier("commerce", table))

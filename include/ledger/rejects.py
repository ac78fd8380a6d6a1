"""Rejects: every record that was not loaded, with line, column and reason; the only place that holds raw text."""

from __future__ import annotations

import datetime as dt
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import IO, Any, Self

from psycopg import Connection, sql
from psycopg.rows import TupleRow, dict_row

from include.ledger.text import NUL, storable
from include.postgres.errors import translated
from include.results import Reject

# Bytes of rejects kept in memory before they go to a temporary file: a whole budget of a day's file fits, a file of
# nothing but rejects stays bounded.
SPOOL_BYTES = 4 * 1024 * 1024

# Rejects that are pickled as one, and so are in memory at once when they are read again: a pickle each costs six times
# as much.
SPOOL_REJECTS = 1000

# Of a load's rejects, as many are told in a message.
SAID = 3


class RejectSpool:
    """Collects a load's rejects in bounded memory until it is known in which transaction they are written."""

    def __init__(self) -> None:
        # The spool's life is the `with` block of this object, which closes it.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
        self.count = 0
        self.first: list[Reject] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def clear(self) -> None:
        """Forgets everything, for another attempt at the same load."""
        self._file.seek(0)
        self._file.truncate()
        self.count = 0
        self.first.clear()

    def add(self, rejects: Iterable[Reject]) -> None:
        """Takes rejects in any order."""
        coming = iter(rejects)
        while some := list(islice(coming, SPOOL_REJECTS)):
            # As plain tuples: an object each would be written with its class and made again by it.
            pickle.dump(list(map(tuple, some)), self._file, pickle.HIGHEST_PROTOCOL)
            self.count += len(some)
            self.first += some[: SAID - len(self.first)]

    def __iter__(self) -> Iterator[Reject]:
        """All rejects in the order they were added."""
        self._file.seek(0)
        read = 0
        while read < self.count:
            # Written by this very process a moment ago, in a file without a name.
            some = pickle.load(self._file)  # noqa: S301
            yield from map(Reject._make, some)
            read += len(some)
        self._file.seek(0, 2)

    def examples(self) -> str:
        """The first rejects in words, for a message: place, column and reason, never the row's contents."""
        return "; ".join(describe(reject) for reject in self.first)


def describe(reject: Reject) -> str:
    """One reject in words, without its contents."""
    place = f"{reject.part} line {reject.line}"
    return f"{place}, {reject.column}: {reject.reason}" if reject.column else f"{place}: {reject.reason}"


def write(connection: Connection[TupleRow], load_id: int, rejects: Iterable[Reject]) -> Counter[str]:
    """Writes a load's rejects within the connection's transaction and returns how many they are by code."""
    reasons: Counter[str] = Counter()
    with (
        translated(),
        connection.cursor() as cursor,
        cursor.copy(
            "COPY ledger.rejects"
            " (load_id, sequence, file, line, record, column_name, code, reason, raw, group_key, place) FROM STDIN"
        ) as copy,
    ):
        for reject in rejects:
            reasons[reject.code] += 1
            copy.write_row(_row(load_id, reject))
    return reasons


def _row(load_id: int, reject: Reject) -> tuple[object, ...]:
    part, line, record, sequence, column, code, reason, raw, group_key, place = reject
    row = (load_id, sequence, part, line, record, column, code, reason, raw, group_key, place)
    # What a column is called may hold one too, and so may what a database says of a row.
    return storable(row) if NUL in f"{part}{column}{reason}{raw}{group_key}" else row


def note_places(connection: Connection[TupleRow], load_id: int, places: sql.Composable) -> None:
    """Notes whose row each reject of the load is and its number there.

    Args:
        connection: in the load's transaction.
        load_id: of the load whose rejects were written.
        places: a SELECT of (sequence, group_key, place) over what the load prepared.
    """
    with translated():
        connection.execute(
            sql.SQL(
                "UPDATE ledger.rejects AS rejects SET group_key = places.group_key, place = places.place"
                " FROM ({}) AS places WHERE rejects.load_id = {} AND rejects.sequence = places.sequence"
            ).format(places, load_id)
        )


# A replay and its failures go by the load of a file that has all of its rejects; orders and their lines are two loads
# of one file, whose rejects were recorded at one moment.
SHOW = """
SELECT loads.store, loads.day, loads.dataset, rejects.load_id, rejects.sequence, rejects.file, rejects.line,
    rejects.record, rejects.column_name AS column, rejects.code, rejects.reason, rejects.raw, rejects.recorded_at,
    replays.replay_id, replays.replayed_at, replays.replayed_by,
    CASE WHEN rejects.replay_id IS NOT NULL THEN 'came back' WHEN again.replay_id IS NOT NULL THEN 'rejected again' END
        AS replay_outcome,
    again.column_name AS replay_column, again.code AS replay_code, again.reason AS replay_reason
FROM ledger.rejects AS rejects
JOIN ledger.loads AS loads ON loads.load_id = rejects.load_id
LEFT JOIN LATERAL (
    SELECT failures.*
    FROM ledger.replay_failures AS failures
    JOIN ledger.replays AS tried ON tried.replay_id = failures.replay_id
    JOIN ledger.loads AS tried_load ON tried_load.load_id = tried.load_id
    JOIN ledger.rejects AS main ON (main.load_id, main.sequence) = (tried.load_id, failures.sequence)
    WHERE rejects.replay_id IS NULL AND failures.sequence = rejects.sequence
        AND (tried_load.upload_id, main.recorded_at) = (loads.upload_id, rejects.recorded_at)
    ORDER BY failures.replay_id DESC
    LIMIT 1
) AS again ON true
LEFT JOIN ledger.replays AS replays ON replays.replay_id = coalesce(rejects.replay_id, again.replay_id)
WHERE rejects.load_id = %(load_id)s AND rejects.sequence = %(sequence)s
"""


def find(
    connection: Connection[TupleRow],
    *,
    load_id: int | None = None,
    store: str | None = None,
    day: dt.date | None = None,
    limit: int = 1000,
    replayed: bool = False,
) -> list[dict[str, Any]]:
    """Rejects of one load, or of each dataset's newest load that was loaded, held or failed, without raw text.

    Args:
        connection: to the database of the ledger.
        load_id: only this load's, whether or not it is the newest.
        store: only this store's.
        day: only this day's.
        limit: rows at most.
        replayed: those too that a replay has brought back.

    Returns:
        One dictionary a reject, newest load first, in the order of the file.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT loads.store, loads.day, loads.dataset, rejects.load_id, rejects.sequence, rejects.file,
                rejects.line, rejects.record,
                rejects.column_name AS column, rejects.code, rejects.reason, rejects.replay_id, replays.replayed_at
            FROM ledger.rejects AS rejects
            JOIN ledger.loads AS loads ON loads.load_id = rejects.load_id
            LEFT JOIN ledger.replays AS replays ON replays.replay_id = rejects.replay_id
            WHERE (%(replayed)s::boolean OR rejects.replay_id IS NULL)
                AND (%(load_id)s::bigint IS NULL OR loads.load_id = %(load_id)s)
                AND (%(store)s::text IS NULL OR loads.store = %(store)s)
                AND (%(day)s::date IS NULL OR loads.day = %(day)s)
                AND (%(load_id)s::bigint IS NOT NULL OR loads.load_id = (
                    SELECT max(newest.load_id) FROM ledger.loads AS newest
                    WHERE newest.upload_id = loads.upload_id AND newest.dataset = loads.dataset
                        AND newest.status IN ('loaded', 'held', 'failed')))
            ORDER BY rejects.load_id DESC, rejects.sequence
            LIMIT %(limit)s
            """,
            {"load_id": load_id, "store": store, "day": day, "limit": limit, "replayed": replayed},
        ).fetchall()


def show(connection: Connection[TupleRow], load_id: int, sequence: int) -> dict[str, Any] | None:
    """One reject with its raw text; None where there is none.

    `replay_id` and what follows it are of the replay that brought it back, or else of the newest that tried:
    `replay_outcome` is "came back" or "rejected again", with the column and the reason of that time.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SHOW, {"load_id": load_id, "sequence": sequence}).fetchone()


def by_code(connection: Connection[TupleRow], load_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """The number of rejects by code, the most frequent first, of each of the loads that has any."""
    found: dict[int, dict[str, int]] = {}
    with translated():
        rows = connection.execute(
            "SELECT load_id, code, count(*) FROM ledger.rejects WHERE load_id = ANY(%s) AND replay_id IS NULL"
            " GROUP BY load_id, code ORDER BY load_id, count(*) DESC, code",
            [list(load_ids)],
        ).fetchall()
    for load_id, code, count in rows:
        found.setdefault(load_id, {})[code] = count
    return found

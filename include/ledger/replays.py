"""Replays: rejects that were read again, by whom, from what, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, class_row, dict_row
from psycopg.types.json import Jsonb

from include.errors import DefectError
from include.ledger.text import storable
from include.postgres.errors import translated
from include.results import Counts, Reject


@dataclass(frozen=True, slots=True)
class OpenReject:
    """A reject that no replay has brought back.

    `raw` is None once its time to live is over. `group_key` and `place`: the order whose row it is and its number
    there, None where the file did not say.
    """

    sequence: int
    file: str
    line: int
    record: int
    column: str | None
    code: str
    reason: str
    raw: str | None
    group_key: str | None
    place: int | None


@dataclass(frozen=True, slots=True)
class LoadedFiles:
    """A load as the ledger has it, with what a replay needs; `replayable`: it noted the places of its rejects."""

    load_id: int
    upload_id: str
    store: str
    day: dt.date
    dataset: str
    status: str
    files: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    replayable: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay for the ledger; see migration 3 for the fields."""

    load_id: int
    replayed_by: str
    source: str
    sha256: str | None
    profile: str
    passed: int
    failures: Sequence[Reject]
    counts: Mapping[str, Counts]


LOADS = """
SELECT load_id, upload_id::text, store, day, dataset, status, files, facts,
    recorded_at > (SELECT applied_at FROM ledger.migrations WHERE name = 'replays') AS replayable
FROM {} AS loads
"""


def read_load(connection: Connection[TupleRow], load_id: int) -> LoadedFiles | None:
    """The load of that number, current or not; None where there is none."""
    query = f"{LOADS.format('ledger.loads')} WHERE load_id = %s"
    return _load(connection, query, [load_id])


def current_load(connection: Connection[TupleRow], upload_id: str, dataset: str) -> LoadedFiles | None:
    """The load whose rows the tables hold now; None where the dataset of this upload was never loaded."""
    query = f"{LOADS.format('ledger.current_loads')} WHERE upload_id = %s AND dataset = %s"
    return _load(connection, query, [upload_id, dataset])


def open_rejects(connection: Connection[TupleRow], load_id: int, *, lock: bool = False) -> list[OpenReject]:
    """The load's open rejects in the order of the file, texts included.

    Args:
        connection: to a migrated database.
        load_id: the load's number.
        lock: keep them as they are until the transaction ends.
    """
    query = (
        'SELECT sequence, file, line, record, column_name AS "column", code, reason, raw, group_key, place'
        " FROM ledger.rejects WHERE load_id = %s AND replay_id IS NULL ORDER BY sequence"
    )
    with translated(), connection.cursor(row_factory=class_row(OpenReject)) as cursor:
        return cursor.execute((query + " FOR UPDATE" * lock).encode(), [load_id]).fetchall()


def replayed(connection: Connection[TupleRow], load_id: int) -> frozenset[int]:
    """The numbers of the load's rejects that a replay has brought back."""
    with translated():
        rows = connection.execute(
            "SELECT sequence FROM ledger.rejects WHERE load_id = %s AND replay_id IS NOT NULL", [load_id]
        ).fetchall()
    return frozenset(int(row[0]) for row in rows)


def record(connection: Connection[TupleRow], replay: Replay) -> int:
    """Writes a replay with the reasons of those that failed again, and returns its number."""
    values = {
        "load_id": replay.load_id,
        "replayed_by": storable(replay.replayed_by),
        "source": storable(replay.source),
        "sha256": replay.sha256,
        "profile": replay.profile,
        "tried": replay.passed + len(replay.failures),
        "passed": replay.passed,
        "failed": len(replay.failures),
        "counts": Jsonb({name: _counts(counts) for name, counts in replay.counts.items()}),
    }
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    with translated():
        row = connection.execute(
            f"INSERT INTO ledger.replays ({names}) VALUES ({places}) RETURNING replay_id".encode(),  # noqa: S608 # ours
            values,
        ).fetchone()
        if row is None:
            raise DefectError("The ledger gave no number for the replay.")
        _write_failures(connection, int(row[0]), replay.failures)
    return int(row[0])


def mark(connection: Connection[TupleRow], replay_id: int, load_id: int, sequences: Iterable[int]) -> int:
    """Marks open rejects of a load as brought back by the replay, and returns how many they were."""
    with translated():
        return connection.execute(
            "UPDATE ledger.rejects SET replay_id = %s WHERE load_id = %s AND sequence = ANY(%s) AND replay_id IS NULL",
            [replay_id, load_id, list(sequences)],
        ).rowcount


def _write_failures(connection: Connection[TupleRow], replay_id: int, failures: Sequence[Reject]) -> None:
    copy_statement = "COPY ledger.replay_failures (replay_id, sequence, column_name, code, reason) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(copy_statement) as copy:
        for reject in failures:
            copy.write_row((replay_id, reject.sequence, *storable((reject.column, reject.code, reject.reason))))


def _counts(counts: Counts) -> dict[str, int]:
    return {name: value for name in Counts.__slots__ if (value := getattr(counts, name))}


def _load(connection: Connection[TupleRow], query: str, parameters: Sequence[object]) -> LoadedFiles | None:
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query.encode(), parameters).fetchone()
    return LoadedFiles(**row) if row else None

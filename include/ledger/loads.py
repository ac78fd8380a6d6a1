"""Loads: one row per dataset, upload and attempt, written in the load's own transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from include.ledger.text import storable
from include.postgres.dialect import ask_dialect
from include.postgres.errors import translated
from include.results import Counts, LoadResult

if TYPE_CHECKING:
    from include.readers.blocks import Part  # imports pyarrow, which listings do without


# Seconds: a file that changed so shortly before it was hashed may change once more and keep its time of change. FAT
# counts in steps of 2 s, object stores and old network storage in whole seconds; the rest is for clocks that differ.
RACY_S = 5.0


@dataclass(frozen=True, slots=True)
class LoadKey:
    """Whose load it is. `upload_id` is the text of a UUID, `day` an ISO date."""

    run_id: int
    upload_id: str
    store: str
    day: str


@dataclass(frozen=True, slots=True)
class CurrentLoad:
    """The latest committed load of a dataset and upload: what its tables hold now."""

    load_id: int
    digest: str
    fingerprint: str
    files: tuple[dict[str, Any], ...]
    facts: dict[str, Any]


# The note is not worth a wait for the disk: if a power cut takes it away, the load is there.
NOTE_COMMIT = """
UPDATE ledger.loads AS loads SET ms = noted.ms, phases = loads.phases || noted.phases
FROM (SELECT set_config('synchronous_commit', 'off', true), %s::float8 AS ms, %s::jsonb AS phases) AS noted
WHERE load_id = ANY(%s)
"""


def stored_digest(parts: Sequence[Part]) -> str:
    """Digest of a dataset's parts; a zip's bytes count once, however many parts they hold."""
    stored = dict.fromkeys((part.name.partition("/")[0], part.sha256) for part in parts)
    return digest([sha256 for _, sha256 in stored])


def digest(part_digests: Sequence[str]) -> str:
    """Digest of a dataset, taken over its parts' digests in name order (hex)."""
    return hashlib.sha256("\n".join(part_digests).encode()).hexdigest()


def current(connection: Connection[TupleRow], upload_id: str, dataset: str) -> CurrentLoad | None:
    """The current load; None where the dataset of this upload was never loaded."""
    return _one(
        connection,
        "SELECT load_id, digest, fingerprint, files, facts FROM ledger.current_loads"
        " WHERE upload_id = %s AND dataset = %s",
        [upload_id, dataset],
    )


def current_ones(connection: Connection[TupleRow], load_ids: Sequence[int]) -> set[int]:
    """Those of the loads whose rows are in the tables."""
    with translated():
        rows = connection.execute(
            "SELECT load_id FROM ledger.current_loads WHERE load_id = ANY(%s)", [list(load_ids)]
        ).fetchall()
    return {int(load_id) for (load_id,) in rows}


def current_and_previous(
    connection: Connection[TupleRow], key: LoadKey, dataset: str
) -> tuple[CurrentLoad | None, CurrentLoad | None]:
    """The current load, and the store's newest load of the dataset on an earlier day.

    What the server is gets asked in the same round trip.
    """
    columns = "load_id, digest, fingerprint, files, facts"
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        with connection.pipeline():
            ask_dialect(connection)
            cursor.execute(
                f"(SELECT 'current' AS which, {columns} FROM ledger.current_loads"  # noqa: S608 # names are ours
                " WHERE upload_id = %(upload_id)s AND dataset = %(dataset)s)"
                f" UNION ALL (SELECT 'previous', {columns} FROM ledger.loads"
                " WHERE status = 'loaded' AND store = %(store)s AND dataset = %(dataset)s AND day < %(day)s"
                " ORDER BY day DESC, load_id DESC LIMIT 1)".encode(),
                {"upload_id": key.upload_id, "store": key.store, "day": key.day, "dataset": dataset},
            )
        found = cursor.fetchall()
    rows = {row.pop("which"): row for row in found}
    current, previous = (_load(rows.get(which)) for which in ("current", "previous"))
    return current, previous


def known_files(connection: Connection[TupleRow], upload_id: str, url: str) -> dict[tuple[str, int, float], str]:
    """The digests of the upload's files as they were when they were loaded, by name, bytes and time of change.

    Only of files that the same place held when the upload was last opened, and that nobody can have changed since
    without a new time of change: those that were left alone for `RACY_S` by the time their run began.
    """
    with translated():
        rows = connection.execute(
            "SELECT loads.files, extract(epoch FROM runs.started_at)::double precision"
            " FROM ledger.current_loads AS loads"
            " JOIN ledger.runs AS runs ON runs.run_id = loads.run_id"
            " JOIN commerce.uploads AS uploads ON uploads.upload_id = loads.upload_id"
            " WHERE loads.upload_id = %s AND uploads.url = %s",
            [upload_id, url],
        ).fetchall()
    return {
        (file["file"].partition("/")[0], file["size"], file["modified"]): file["sha256"]
        for files, started in rows
        for file in files
        if 0 < file["modified"] <= started - RACY_S
    }


def is_held(connection: Connection[TupleRow], upload_id: str, dataset: str, digest: str) -> bool:
    """Whether the newest attempt at exactly these bytes waits for a person."""
    with translated():
        row = connection.execute(
            "SELECT status = 'held' FROM ledger.loads WHERE upload_id = %s AND dataset = %s AND digest = %s"
            " ORDER BY load_id DESC LIMIT 1",
            [upload_id, dataset, digest],
        ).fetchone()
    return bool(row and row[0])


def failed_under(connection: Connection[TupleRow], upload_id: str, dataset: str, digest: str) -> tuple[str, str] | None:
    """The fingerprint and the limits under which the newest attempt at exactly these bytes failed for what is in them.

    None where it did not fail, or for another reason (the set-up, the moment), which the next attempt may not meet.
    """
    with translated():
        row = connection.execute(
            "SELECT status = 'failed' AND facts ? 'limits', fingerprint, facts ->> 'limits' FROM ledger.loads"
            " WHERE upload_id = %s AND dataset = %s AND digest = %s ORDER BY load_id DESC LIMIT 1",
            [upload_id, dataset, digest],
        ).fetchone()
    return (str(row[1]), str(row[2])) if row and row[0] else None


def is_forgotten(connection: Connection[TupleRow], upload_id: str, dataset: str, digest: str) -> bool:
    """Whether exactly these bytes were taken back: only a person loads them again."""
    with translated():
        row = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM ledger.loads WHERE upload_id = %s AND dataset = %s AND digest = %s"
            " AND status = 'forgotten')",
            [upload_id, dataset, digest],
        ).fetchone()
    return bool(row and row[0])


def record(
    connection: Connection[TupleRow],
    key: LoadKey,
    results: Sequence[LoadResult],
    *,
    fingerprint: str,
    facts: dict[str, Any],
    accepted_by: str | None = None,
) -> list[int]:
    """Writes the rows of one delivery's loads, in one round trip; visible when the connection's transaction is.

    Returns:
        The loads' numbers, in the order of the results.
    """
    rows = [_values(key, result, fingerprint, facts, accepted_by) for result in results]
    names = ", ".join(rows[0])
    places = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in rows)
    with translated():
        recorded = connection.execute(
            f"INSERT INTO ledger.loads ({names}) VALUES {places} RETURNING load_id, dataset".encode(),  # noqa: S608 # ours
            [value for row in rows for value in row.values()],
        ).fetchall()
    numbers = {dataset: int(load_id) for load_id, dataset in recorded}
    return [numbers[result.dataset] for result in results]


def note_commit(connection: Connection[TupleRow], results: Sequence[LoadResult]) -> None:
    """Adds to loads what only their end tells: how long the commit took, and all of it.

    Args:
        connection: in autocommit.
        results: of loads that are committed, of one transaction.
    """
    load_ids = [result.load_id for result in results if result.load_id is not None]
    if load_ids:
        phases = {"commit": results[0].phases["commit"]}
        with translated():
            connection.execute(NOTE_COMMIT.encode(), [results[0].ms, Jsonb(phases), load_ids])


def _values(
    key: LoadKey, result: LoadResult, fingerprint: str, facts: dict[str, Any], accepted_by: str | None
) -> dict[str, object]:
    return {
        "run_id": key.run_id,
        "upload_id": key.upload_id,
        "store": key.store,
        "day": key.day,
        "dataset": result.dataset,
        "status": result.status.value,
        "digest": result.digest,
        "fingerprint": fingerprint,
        **{name: getattr(result.counts, name) for name in Counts.__slots__},
        "ms": result.ms,
        "phases": Jsonb(result.phases),
        "files": Jsonb(storable([_file(file) for file in result.files])),
        "facts": Jsonb(storable(facts)),
        "message": storable(result.message),
        "accepted_by": accepted_by,
    }


def move(connection: Connection[TupleRow], load_id: int, back: Counts) -> None:
    """Takes rows out of a load's `rejected` that came back: `rows_read` of `back`, and what became of them."""
    changes = {name: getattr(back, name) for name in ("inserted", "updated", "unchanged", "duplicates", "folded")}
    assignments = ", ".join(f"{name} = {name} + %({name})s" for name in changes)
    with translated():
        connection.execute(
            f"UPDATE ledger.loads SET rejected = rejected - %(rows_read)s, {assignments}"  # noqa: S608 # names are ours
            " WHERE load_id = %(load_id)s".encode(),
            {**changes, "rows_read": back.rows_read, "load_id": load_id},
        )


def _file(file: Any) -> dict[str, Any]:
    return {name: getattr(file, name) for name in file.__slots__}


def _one(connection: Connection[TupleRow], query: str, parameters: list[str]) -> CurrentLoad | None:
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query.encode(), parameters).fetchone()
    return _load(row)


def _load(row: Mapping[str, Any] | None) -> CurrentLoad | None:
    return CurrentLoad(**{**row, "files": tuple(row["files"])}) if row else None

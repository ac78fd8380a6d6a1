"""Loads as the ledger remembers them: one load with all that explains it, and what a run left behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.postgres.errors import translated
from include.results import Counts, FileResult, LoadResult, Status


@dataclass(frozen=True, slots=True)
class RecordedLoad:
    """One load of the ledger.

    `facts` is what was found out about the files (readers.part.PartFacts), `reasons` the number of rejects by code,
    `recorded_at` in UTC, `accepted_by` who let a held delivery through.
    """

    run_id: int
    source: str
    source_run_id: str
    upload_id: str
    store: str
    day: dt.date
    recorded_at: dt.datetime
    accepted_by: str | None
    result: LoadResult
    facts: Mapping[str, Any]
    reasons: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes of all files, as stored; a zip counts once."""
        return sum({file.file.partition("/")[0]: file.size for file in self.result.files}.values())

    @property
    def shares(self) -> list[tuple[str, float, float]]:
        """Phase, milliseconds and share of the whole (0 to 1), the longest first.

        Phases that overlap add up to more than the whole; time that belongs to none is `other`, and the last.
        """
        phases = dict(sorted(self.result.phases.items(), key=lambda phase: -phase[1]))
        rest = self.result.ms - sum(phases.values())
        if phases and rest > 0:
            phases["other"] = rest
        whole = max(self.result.ms, 1e-9)
        return [(name, ms, ms / whole) for name, ms in phases.items()]

    def as_json(self) -> dict[str, Any]:
        """The object that `explain --json` prints."""
        value = asdict(self)
        del value["result"]
        return {
            **self.result.as_json(),
            **value,
            "bytes": self.size,
            "shares": {name: round(share, 4) for name, _, share in self.shares},
        }


def read_load(connection: Connection[TupleRow], load_id: int) -> RecordedLoad | None:
    """The load of that number; None where there is none."""
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT loads.*, runs.source, runs.source_run_id FROM ledger.loads AS loads"
            " JOIN ledger.runs AS runs USING (run_id) WHERE load_id = %s",
            [load_id],
        ).fetchone()
        reasons = cursor.execute(
            "SELECT code, count(*) AS rejects FROM ledger.rejects WHERE load_id = %s AND replay_id IS NULL"
            " GROUP BY code ORDER BY 2 DESC, 1",
            [load_id],
        ).fetchall()
    if row is None:
        return None
    return RecordedLoad(
        run_id=row["run_id"],
        source=row["source"],
        source_run_id=row["source_run_id"],
        upload_id=str(row["upload_id"]),
        store=row["store"],
        day=row["day"],
        recorded_at=row["recorded_at"].astimezone(dt.UTC),
        accepted_by=row["accepted_by"],
        result=_result(row),
        facts=row["facts"],
        reasons={reason["code"]: reason["rejects"] for reason in reasons},
    )


def of_run(connection: Connection[TupleRow], run_id: int, upload_id: str) -> dict[str, LoadResult]:
    """The last load of each dataset that a run made of an upload."""
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "SELECT DISTINCT ON (dataset) * FROM ledger.loads WHERE run_id = %s AND upload_id = %s"
            " ORDER BY dataset, load_id DESC",
            [run_id, upload_id],
        ).fetchall()
    return {row["dataset"]: _result(row) for row in rows}


def sums(connection: Connection[TupleRow], source: str, source_run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What some runs did, summed by day, dataset and status: the last load of each dataset and upload counts.

    Args:
        connection: to the database of the ledger.
        source: "airflow" or "cli".
        source_run_ids: the runs' ids there.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            SELECT day, dataset, status, count(*) AS uploads, sum(rows_read)::bigint AS rows_read,
                sum(inserted)::bigint AS inserted, sum(updated)::bigint AS updated, sum(unchanged)::bigint AS unchanged,
                sum(deleted)::bigint AS deleted, sum(rejected)::bigint AS rejected
            FROM (
                SELECT DISTINCT ON (loads.upload_id, loads.dataset) loads.*
                FROM ledger.loads AS loads
                JOIN ledger.runs AS runs USING (run_id)
                WHERE runs.source = %(source)s AND runs.source_run_id = ANY(%(runs)s)
                ORDER BY loads.upload_id, loads.dataset, loads.load_id DESC
            ) AS last
            GROUP BY day, dataset, status
            ORDER BY day, dataset, status
            """,
            {"source": source, "runs": list(source_run_ids)},
        ).fetchall()


def _result(row: Mapping[str, Any]) -> LoadResult:
    return LoadResult(
        dataset=row["dataset"],
        status=Status(row["status"]),
        counts=Counts(**{name: row[name] for name in Counts.__slots__}),
        files=tuple(FileResult(**file) for file in row["files"]),
        digest=row["digest"],
        ms=row["ms"],
        phases=row["phases"],
        unknown_columns=tuple(row["facts"].get("unknown_columns", ())),
        header_changes=tuple(row["facts"].get("header_changes", ())),
        message=row["message"],
        load_id=row["load_id"],
    )

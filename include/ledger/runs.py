"""Runs: one call of the command line, or one run of a DAG."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import DefectError
from include.postgres.errors import translated


@dataclass(frozen=True, slots=True)
class RunSource:
    """Who asked for the run: `source` is "airflow" or "cli", `source_run_id` the id it goes by there."""

    pipeline: str
    source: str
    source_run_id: str

    @classmethod
    def command_line(cls, pipeline: str) -> RunSource:
        """A new run of the command line."""
        return cls(pipeline, "cli", uuid.uuid4().hex)


OPEN = """
INSERT INTO ledger.runs (pipeline, source, source_run_id) VALUES (%(pipeline)s, %(source)s, %(source_run_id)s)
ON CONFLICT (pipeline, source, source_run_id) DO UPDATE SET ended_at = NULL RETURNING run_id
"""


def open_run(
    connection: Connection[TupleRow], source: RunSource, together: str = "", values: Mapping[str, object] | None = None
) -> int:
    """The run's id in the ledger: the same for every call with the same source, so tasks and retries share it.

    Args:
        connection: to the database of the ledger.
        source: who asked for the run.
        together: another INSERT, done in the same statement: one round trip, and a server that repeats a statement
            by itself repeats both.
        values: the parameters of that one.
    """
    statement = f"WITH together AS ({together}) {OPEN}" if together else OPEN
    with translated():
        row = connection.execute(statement.encode(), {**asdict(source), **(values or {})}).fetchone()
    if row is None:
        raise DefectError("The ledger gave no number for the run.")
    return int(row[0])


def close_run(connection: Connection[TupleRow], run_id: int) -> None:
    """Notes the time at which the run ended; calling it again notes the later time."""
    with translated():
        connection.execute("UPDATE ledger.runs SET ended_at = clock_timestamp() WHERE run_id = %s", [run_id])

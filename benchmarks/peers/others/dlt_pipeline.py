"""dlt as its documentation tunes it for PostgreSQL: no Python objects, files that load side by side.

Arrow in, Parquet out, ADBC to the server; its CSV loader; and the file handed over as it is (`with_file_import`).
`line_no`, the row's place in the file, is the key where dlt asks for one that is unique in the file.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import postgres

from benchmarks.peers.others import arrow_lines
from benchmarks.peers.work import COLUMNS, SCHEMA, TABLE, PeerWork

# Columns that no row may lack, where rows are judged.
REQUIRED = ("order_id", "created_at", "quantity")

TUNING = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__RAISE_ON_MAX_RETRIES": "1",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    # Files of this many rows load side by side: two connections on two cores, and less memory for each.
    "DATA_WRITER__FILE_MAX_ITEMS": "250000",
    "LOAD__WORKERS": "2",
}


def append_adbc(work: PeerWork) -> None:
    """What is sent again is there twice."""
    _run(work, arrow_lines.read(work), "parquet", write_disposition="append")


def append_csv(work: PeerWork) -> None:
    """The same through its CSV loader."""
    _run(work, arrow_lines.read(work), "csv", write_disposition="append")


def append_file(work: PeerWork) -> None:
    """The customer's file itself is the load file."""
    _run(work, _file(work), "csv", write_disposition="append")


def merge_file(work: PeerWork) -> None:
    """The file itself, its orders replaced: deleted by `order_id` and inserted from a staging table."""
    _run(work, _file(work), "csv", write_disposition="merge", merge_key="order_id")


def merge_adbc(work: PeerWork) -> None:
    """The orders replaced, sent as Arrow."""
    _run(work, arrow_lines.read(work), "parquet", write_disposition="merge", merge_key="order_id")


def upsert_adbc(work: PeerWork) -> None:
    """MERGE on order and line."""
    _run(
        work,
        arrow_lines.numbered(work),
        "parquet",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        primary_key=["order_id", "line_no"],
    )


def _file(work: PeerWork) -> Iterator[Any]:
    schema = arrow_lines.pa.schema(list(arrow_lines.TYPES.items()))
    yield dlt.mark.with_file_import(work.file, "csv", work.rows, hints=schema.empty_table())


def _run(work: PeerWork, data: Any, file_format: Any, **hints: Any) -> None:
    os.environ.update(TUNING)
    pipeline = dlt.pipeline(
        pipeline_name="peers",
        pipelines_dir=str(Path(work.folder) / "pipelines"),
        destination=postgres(credentials=work.url),
        dataset_name=SCHEMA,
    )
    resource = dlt.resource(data, name=TABLE, **hints)
    pipeline.run(resource, loader_file_format=file_format).raise_on_failed_jobs()


def discard_rows(work: PeerWork) -> None:
    """Rows as dictionaries under a contract that throws away what does not fit: its way to survive a bad row."""

    def rows() -> Iterator[dict[str, str]]:
        with Path(work.file).open(encoding="utf-8", errors="replace", newline="") as text:
            yield from csv.DictReader(text)

    kinds = {"timestamptz": "timestamp", "bigint": "bigint", "numeric(18, 4)": "decimal"}
    columns: Any = {
        name: {"data_type": kinds.get(kind, "text"), "nullable": name not in REQUIRED} for name, kind in COLUMNS.items()
    }
    _run(
        work,
        rows,
        "insert_values",
        write_disposition="append",
        columns=columns,
        schema_contract={"columns": "discard_row", "data_type": "discard_row"},
    )

"""Longshore on one odd file, as a person would: `contract infer`, then the load by that contract."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from benchmarks.anycsv.compare import Loaded
from include.errors import LongshoreError
from include.ledger.runs import RunSource
from include.pipelines.tables.contract import TableContract, read_contract
from include.pipelines.tables.infer import infer_contract
from include.pipelines.tables.load import PIPELINE, TableRequest, load_table
from include.readers.blocks import Part
from include.readers.dataset import DatasetReader
from include.results import Status


def read(path: Path, folder: Path) -> Loaded:
    """Infers the file's contract and reads the file by it, without a database; too many rejects are a refusal."""
    try:
        contract = _contract(path, folder)
        part = Part(str(path), path.name, path.stat().st_size, "")
        reader = DatasetReader([part], contract.contract, contract.profile, time_zone="UTC", serial=True)
        batches = list(reader.batches())
    except LongshoreError as error:
        return Loaded(error=str(error))
    rejected = frozenset(reject.line for batch in batches for reject in batch.rejects)
    if len(rejected) * 100 > contract.max_rejected_percent * sum(reader.rows_read):
        return Loaded(error=f"{len(rejected)} rejects of {sum(reader.rows_read)} rows")
    names = list(contract.contract.names)
    rows = [[row[name] for name in names] for batch in batches for row in batch.rows.to_pylist() if row["_fault"] == 0]
    return Loaded([_values(row, contract) for row in rows], aside=rejected)


def load(path: Path, folder: Path, connect: Callable[[], Connection[Any]]) -> Loaded:
    """The same through the real load: into PostgreSQL, and back in the order of the file's lines."""
    try:
        contract = _contract(path, folder)
        request = TableRequest(str(path), contract)
        result = load_table(connect, request, RunSource.command_line(PIPELINE))
    except LongshoreError as error:
        return Loaded(error=str(error))
    if result.status is not Status.LOADED:
        return Loaded(error=f"{result.status}: {result.message}")
    with connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        columns = sql.SQL(", ").join(map(sql.Identifier, contract.columns))
        query = sql.SQL("SELECT {} FROM {} ORDER BY source_line")
        table = sql.Identifier(*contract.table.split("."))
        rows = connection.execute(query.format(columns, table)).fetchall()
        rejected = connection.execute("SELECT line FROM ledger.rejects WHERE load_id = %s", [result.load_id]).fetchall()
        connection.execute(sql.SQL("DROP TABLE {}").format(table))
    return Loaded([_values(row, contract) for row in rows], aside=frozenset(line for [line] in rejected))


def _contract(path: Path, folder: Path) -> TableContract:
    file = folder / "contract.yaml"
    file.write_text(infer_contract(str(path)), encoding="utf-8")
    return read_contract(file)


def _values(row: Sequence[Any], contract: TableContract) -> list[Any]:
    """The row with a family's members in the family's place."""
    values: list[Any] = []
    for value, column in zip(row, contract.columns.values(), strict=True):
        if column.family:
            values += (json.loads(value) if isinstance(value, str) else value or {}).values()
        else:
            values.append(value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value)
    return values

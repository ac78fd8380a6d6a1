"""Arrow batches as the CSV that COPY takes, and the types of the columns that take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

from include.errors import DefectError
from include.writers.postgres.digits import as_digits

# Bytes of one CopyData message: blocks of 64 KiB to 1 MiB go equally fast, smaller ones cost a call each.
COPY_BYTES = 256 * 1024

STORED_AS: dict[Callable[[pa.DataType], bool], str] = {
    pa.types.is_string: 'text COLLATE "C"',
    pa.types.is_large_string: 'text COLLATE "C"',
    pa.types.is_boolean: "boolean",
    pa.types.is_int8: "smallint",
    pa.types.is_int16: "smallint",
    pa.types.is_int32: "integer",
    pa.types.is_int64: "bigint",
    pa.types.is_float64: "double precision",
    pa.types.is_decimal: "numeric",
    pa.types.is_date: "date",
}

CSV = pa_csv.WriteOptions(include_header=False, quoting_style="needed")


def stored_as(field: pa.Field[pa.DataType]) -> str:
    """The type of a column that holds a field.

    Raises:
        DefectError: there is none.
    """
    if pa.types.is_timestamp(field.type):
        return "timestamptz" if field.type.tz else "timestamp"
    stored = next((name for matches, name in STORED_AS.items() if matches(field.type)), None)
    if stored is None:
        raise DefectError(
            f"Column {field.name} has the Arrow type {field.type}, which the PostgreSQL writer does not take."
        )
    return stored


def as_csv(batch: pa.RecordBatch) -> memoryview:
    """The batch as CSV: null unquoted and empty, '' quoted."""
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(_without_zones(batch), sink, CSV)
    return memoryview(sink.getvalue())


def as_copy(batch: pa.RecordBatch) -> memoryview:
    """The batch as CSV for PostgreSQL's COPY, which takes zeros before a number."""
    columns = [as_digits(column) for column in batch.columns]
    return as_csv(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))


def messages(payload: memoryview) -> Iterator[memoryview]:
    """The payload in pieces of the size of one CopyData message."""
    for start in range(0, len(payload), COPY_BYTES):
        yield payload[start : start + COPY_BYTES]


def copy_statement(table: sql.Composable, columns: tuple[str, ...], *, freeze: bool = False) -> sql.Composed:
    """COPY of the named columns from CSV.

    Args:
        table: where to.
        columns: of the table, in the rows' order.
        freeze: rows are written as if they had been there for ever, which the first reader and the first vacuum then
            need not note down on every page; for tables that were made in the same transaction.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    options = sql.SQL("FORMAT csv, FREEZE" if freeze else "FORMAT csv")
    return sql.SQL("COPY {} ({}) FROM STDIN ({})").format(table, names, options)


def _without_zones(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Moments as UTC without saying so, which the session's TimeZone does: Arrow writes zones 100 times slower."""
    columns = [
        column.cast(pa.timestamp(column.type.unit)) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

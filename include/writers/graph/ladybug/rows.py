"""Rows on their way into Ladybug: through a Parquet file, which COPY and LOAD FROM read.

Ladybug takes Arrow data as a parameter too, and imports pandas to find out that it is none of pandas' (0.25 s and 40 MB
in a process that has not). The file costs a tenth of that for half a million relationships, and a load's memory does
not grow with its rows.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.errors import SetupError
from include.writers.graph.ladybug.schema import literal

# The word of a statement that stands for its rows; names between backticks and texts are passed over.
PLACE = re.compile(r"`[^`]*`|'(?:[^'\\]|\\.)*'|\$rows\b")


def hand_over(rows: pa.Table | pa.RecordBatchReader, path: Path) -> None:
    """Writes rows as cheaply as they can be read: one group of rows for each batch, which threads share.

    Args:
        rows: of a target's types.
        path: the file, which is written anew.

    Raises:
        SetupError: there is no room for it.
    """
    reader = rows.to_reader() if isinstance(rows, pa.Table) else rows
    schema = pa.schema([pa.field(field.name, _carried(field.type)) for field in reader.schema])
    try:
        with pq.ParquetWriter(
            path, schema, compression="none", use_dictionary=False, write_statistics=False
        ) as parquet:
            for batch in reader:
                parquet.write_batch(batch.cast(schema))
    except OSError as error:
        raise SetupError(
            f"Rows cannot be written to {path} for Ladybug: {error.strerror}.",
            "A load needs as much free space beside the graph as the graph and its rows take.",
        ) from error


def read_from(statement: str, path: Path) -> str:
    """The statement, reading its $rows from the file."""
    return PLACE.sub(lambda found: literal(glob.escape(str(path))) if found[0] == "$rows" else found[0], statement)


def _carried(kind: pa.DataType) -> pa.DataType:
    """Decimals as text: Ladybug reads none from Parquet, and converts text to a column's decimals without loss."""
    return pa.string() if pa.types.is_decimal(kind) else kind

"""Other tools on the odd files, with what they do unasked. Runs where they are installed: `python -m ... TOOL FILES`.

Prints nothing; a pickle of {file: (rows, error)} goes to the path that the first argument names.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Rows = list[list[Any]]


def duckdb(path: Path) -> Rows:
    """`read_csv` with its sniffer."""
    import duckdb as module

    connection = module.connect()
    relation = connection.execute("SELECT * FROM read_csv(?)", [str(path)])
    return [list(row) for row in relation.fetchall()]


def pandas(path: Path) -> Rows:
    """`read_csv` as it is called by most."""
    import pandas as module

    frame = module.read_csv(path)
    columns = [[_plain(value) for value in frame.iloc[:, place].tolist()] for place in range(frame.shape[1])]
    rows = [list(row) for row in zip(*columns, strict=True)]
    # A first column without a header becomes the index.
    if isinstance(frame.index, module.RangeIndex):
        return rows
    index = [list(key) if isinstance(key, tuple) else [key] for key in frame.index]
    return [[*map(_plain, key), *row] for key, row in zip(index, rows, strict=True)]


def csvkit(path: Path) -> Rows:
    """`csvsql`'s reading: sniffed dialect, agate's types."""
    from agate import Table

    return [list(row) for row in Table.from_csv(str(path), encoding="utf-8-sig", sniff_limit=1024).rows]


def dlt(path: Path) -> Rows:
    """The verified source `filesystem` with `read_csv`, into DuckDB."""
    import dlt as module
    from dlt.sources.filesystem import filesystem, read_csv

    with tempfile.TemporaryDirectory() as folder:
        pipeline = module.pipeline(
            "anycsv",
            destination=module.destinations.duckdb(f"{folder}/x.duckdb"),
            pipelines_dir=folder,
            dataset_name="rows_of_file",
        )
        files = filesystem(bucket_url=path.parent.as_uri(), file_glob=path.name)
        pipeline.run((files | read_csv()).with_name("rows"))
        with pipeline.sql_client() as client:
            names = [name for name in pipeline.default_schema.tables["rows"]["columns"] if not name.startswith("_dlt")]
            listed = ", ".join(f'"{name}"' for name in names)
            rows = client.execute_sql(f"SELECT {listed} FROM rows")
    return [[_plain(value) for value in row] for row in rows or ()]


def _plain(value: Any) -> Any:
    """A value as Python has it, None for all that stands for nothing."""
    value = value.item() if hasattr(value, "item") else value
    if (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in {"NaTType", "NAType"}:
        return None
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


TOOLS: dict[str, Callable[[Path], Rows]] = {"duckdb": duckdb, "pandas": pandas, "csvkit": csvkit, "dlt": dlt}


def _tried(read: Callable[[Path], Rows], path: Path) -> tuple[Rows, str | None]:
    try:
        rows = [[_utc(value) for value in row] for row in read(path)]
    except ModuleNotFoundError:  # a tool that is not there refuses nothing
        raise
    except Exception as error:  # whatever a tool raises is its refusal
        return [], f"{type(error).__name__}: {error}"
    return rows, None


def _utc(value: Any) -> Any:
    return value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) and value.tzinfo else value


def main(out: str, tool: str, files: Iterable[str]) -> None:
    """Reads each file by the tool."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    with Path(out).open("wb") as file:
        pickle.dump({name: _tried(TOOLS[tool], Path(name)) for name in files}, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

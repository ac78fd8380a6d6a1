"""The odd files and how each is to be read: truth.jsonl beside them says delimiter, quote, encoding and so on."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("LONGSHORE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "anycsv"

csv.field_size_limit(1 << 30)


@dataclass(frozen=True, slots=True)
class Case:
    """One file; `read_as` is None where it holds no table, so that a refusal is the one right answer."""

    path: Path
    read_as: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file holds: its records' cells, padded with None to one width, and the physical line of each.

    `nulls`: words that the file writes for nothing. `order`: `dmy`, `mdy`, `either` or None. `decimal`: `.` or `,`.
    """

    cells: list[list[str | None]]
    lines: list[int]
    nulls: frozenset[str] = frozenset()
    order: str | None = None
    decimal: str = "."
    header: list[str] = field(default_factory=list)


def cases(folder: Path = FOLDER) -> list[Case]:
    """The files that the truth names.

    Raises:
        FileNotFoundError: the folder is not there.
    """
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [Case(folder / entry["file"], entry["read_as"]) for entry in map(json.loads, lines)]


def expected(case: Case) -> Expected:
    """Reads a file of which the truth is known by Python's own csv module, record by record."""
    how = case.read_as or {}
    records = [(line, cells) for line, cells in _records(case.path, how) if any(cell.strip() for cell in cells)]
    header = records.pop(0)[1] if how["header"] else []
    width = max([len(header), *(len(cells) for _, cells in records)], default=0)
    return Expected(
        [[*(cell or None for cell in cells), *[None] * (width - len(cells))] for _, cells in records],
        [line for line, _ in records],
        frozenset(how["nulls"]),
        how["order"],
        how["dec"],
        header,
    )


def _records(path: Path, how: dict[str, Any]) -> Iterator[tuple[int, list[str]]]:
    text = path.read_bytes().decode(how["enc"]).removeprefix("\ufeff")
    lines = io.StringIO(text, newline="")
    kept = (line for line in lines if not (how["comment"] and line.startswith(how["comment"])))
    quoting: dict[str, Any] = {"quotechar": how["quote"]} if how["quote"] else {"quoting": csv.QUOTE_NONE}
    if how["esc"]:
        quoting |= {"escapechar": how["esc"], "doublequote": False}
    reader = csv.reader(kept, delimiter=how["delim"], skipinitialspace=how["skipinit"], **quoting)
    start, skipped = 1, 0
    for cells in reader:
        if skipped < how["skip"]:
            skipped += any(cell.strip() for cell in cells)
        else:
            yield start, cells
        start = 1 + reader.line_num

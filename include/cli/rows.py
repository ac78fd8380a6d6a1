"""Rows on standard output: tables as wide as their cells, and JSON that keeps every digit."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any

# Rows whose cells decide the columns' widths; later rows may be wider, and are printed as they are.
MEASURED_ROWS = 1000

GAP = "  "


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Prints a table, streaming after its first rows; returns how many rows there were.

    Nothing is cut off, on a terminal or in a pipe. Numbers stand right and None is blank. Control characters in cells
    are shown as escapes, so that a file's text cannot command the terminal.
    """
    from rich.cells import cell_len

    remaining = iter(rows)
    first = list(islice(remaining, MEASURED_ROWS))
    texts = [[cell_text(cell) for cell in row] for row in first]
    widths = [max(map(cell_len, column)) for column in zip(columns, *texts, strict=True)]
    numeric = [all(map(_is_number, column)) for column in zip(*first, strict=True)] or [False] * len(columns)

    def write(cells: Iterable[str]) -> None:
        padded = (_pad(*cell, measure=cell_len) for cell in zip(cells, widths, numeric, strict=True))
        sys.stdout.write(GAP.join(padded).rstrip() + "\n")

    write(columns)
    write("-" * width for width in widths)
    count = 0
    for row in chain(texts, ([cell_text(cell) for cell in row] for row in remaining)):
        write(row)
        count += 1
    return count


def print_objects(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Prints the rows as a JSON list of objects, streaming, one object a line."""
    sys.stdout.write("[")
    for number, row in enumerate(rows):
        sys.stdout.write(("," if number else "") + "\n  " + encode(dict(zip(columns, row, strict=True))))
    sys.stdout.write("\n]\n")


def encode(value: Any) -> str:
    """A value as JSON: decimals as numbers with all their digits, dates ISO 8601, bytes hexadecimal.

    What JSON has no word for (NaN, infinity) and other types become text.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(encode, value)) + "]"
    if isinstance(value, float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else value
        return str(value) if number.is_finite() else _text(str(value))
    if isinstance(value, dt.date | dt.time):
        return _text(value.isoformat())
    if isinstance(value, bytes):
        return _text(value.hex())
    return _text(value if value is None or isinstance(value, str | int) else str(value))


def exact_json(text: str | bytes) -> Any:
    """Reads JSON with its decimals as they stand there."""
    return json.loads(text, parse_float=Decimal)


def cell_text(value: Any) -> str:
    """A cell as people read it, on one line."""
    if value is None:
        return ""
    text = encode(value) if isinstance(value, dict | list | bytes) else str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _visible(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode()


def _is_number(value: Any) -> bool:
    """Whether the cell stands right: a number, or a blank among numbers."""
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _pad(text: str, width: int, right: bool, *, measure: Callable[[str], int]) -> str:
    blank = " " * (width - measure(text))
    return blank + text if right else text + blank

"""A file of order lines with a known number of bad rows of different kinds, each at a known place. Made from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.inputs import order_lines

SEED = 11


def _with(place: int, value: str) -> Callable[[list[str]], list[str]]:
    return lambda cells: [*cells[:place], value, *cells[place + 1 :]]


# Kind -> what it does to the cells of a good row.
KINDS: dict[str, Callable[[list[str]], list[str]]] = {
    "a word for a number": _with(4, "many"),
    "a number beyond 64 bits": _with(4, "99999999999999999999"),
    "a date that does not exist": _with(1, "2025-02-30 10:00:00+00:00"),
    "a word for a date": _with(1, "last week"),
    "money that is none": _with(5, "12.x0"),
    "a cell too many": lambda cells: [*cells, "surplus"],
    "a cell too few": lambda cells: cells[:-1],
    "no order id": _with(0, ""),
    "no quantity": _with(4, ""),
    "bytes that are not UTF-8": _with(9, "Lamp \udcff\udcfe"),
}


def write(path: Path, rows: int, each: int, only: Iterable[str] = tuple(KINDS)) -> dict[int, str]:
    """Writes `rows` order lines of which `each` of every kind in `only` are bad; returns line number -> kind.

    The header is line 1; each record is one line.
    """
    order_lines.write(path, rows)
    lines = path.read_text(encoding="utf-8").splitlines()
    kinds = [kind for kind in only for _ in range(each)]
    places = random.Random(SEED).sample(range(1, rows + 1), len(kinds))  # noqa: S311 # figures, not secrets
    for place, kind in zip(places, kinds, strict=True):
        lines[place] = ",".join(KINDS[kind](lines[place].split(",")))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8", errors="surrogateescape")
    return {place + 1: kind for place, kind in zip(places, kinds, strict=True)}

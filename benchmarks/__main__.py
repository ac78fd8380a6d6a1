"""Runs benchmarks by name; what `longshore bench` calls."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.dag import measure_dag
from benchmarks.harness import Row
from benchmarks.load import measure_load
from include.settings import settings
from include.stack.scratch import scratch_home

# Name -> what measures it in an empty home, given the rows and the counted rounds.
BENCHMARKS: dict[str, Callable[[Path, int, int], list[Row]]] = {
    "load": measure_load,
    "dag": lambda home, _rows, rounds: measure_dag(home, rounds),
}

COLUMNS = ("bench", "case", "rows", "median_s", "min_s", "max_s", "client_cpu_s", "server_cpu_s", "peak_mb")


def run(names: Sequence[str], rows: int, rounds: int) -> list[Row]:
    """Measures the named benchmarks, each in a home of its own that is gone afterwards."""
    measured = []
    for name in names:
        with scratch_home(settings().home.resolve(), "bench-") as home:
            measured += BENCHMARKS[name](home, rows, rounds)
    return measured


def show(rows: Sequence[Row]) -> None:
    """Prints a table."""
    from include.cli.rows import print_table

    shown = [[getattr(row, name) for name in COLUMNS] for row in rows]
    verdicts = [[row.ratio, row.bar, {None: None, True: "met", False: "missed"}[row.met]] for row in rows]
    print_table((*COLUMNS, "ratio", "bar", ""), [left + right for left, right in zip(shown, verdicts, strict=True)])


def main() -> None:
    """Exit code 1 with --check where a ratio misses its bar; bars in seconds are shown only, machines being noisy."""
    parser = argparse.ArgumentParser(prog="longshore bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds, after one that is not")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    rows = run(arguments.names or list(BENCHMARKS), arguments.rows, arguments.rounds)
    if arguments.json:
        json.dump([row.as_json() for row in rows], sys.stdout, indent=2)
    else:
        show(rows)
    sys.exit(1 if arguments.check and any(row.ratio is not None and row.met is False for row in rows) else 0)


if __name__ == "__main__":
    main()

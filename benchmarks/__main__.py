"""Runs benchmarks by name; what `longshore bench` calls."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.harness import FIGURES, Row
from benchmarks.loads.delaying_proxy import DELAY_MS
from benchmarks.results import save
from include.settings import settings
from include.stack.scratch import scratch_home

# In the order in which they run, each with its module below `benchmarks`, which has `measure_bench(home, rows,
# rounds) -> list[Row]` and is given an empty folder.
BENCHMARKS = {
    "load": "loads.load",
    "upsert": "loads.upsert",
    "rejects": "loads.rejects",
    "small": "loads.small",
    "settings": "loads.settings",
    "growth": "loads.growth",
    "memory": "loads.memory",
    "bundles": "graphs.bundles",
    "latency": "loads.latency",
    "peers": "peers",
    "graph": "graphs.both",
    "dag": "scheduler.dag",
    "stores": "scheduler.stores",
}

# Not measured in seconds: how many odd CSVs are right at first try.
SCORE = "anycsv"

ROWS = 1_000_000
ROUNDS = 3

VERDICTS = {None: "", True: "met", False: "missed"}


def run(name: str, rows: int, rounds: int, options: Mapping[str, Any]) -> list[Row]:
    """Measures a benchmark, in a home of its own that is gone afterwards.

    Args:
        name: of BENCHMARKS.
        rows: of the file.
        rounds: counted rounds.
        options: what it is told besides.
    """
    with scratch_home(settings().home.resolve(), "bench-") as home:
        module = import_module(f"benchmarks.{BENCHMARKS[name]}")
        measured: list[Row] = module.measure_bench(home, rows, rounds, **options)
    return measured


def run_all(names: Sequence[str], arguments: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Measures benchmarks one after the other, and keeps what each of them says as soon as it ends.

    Returns:
        What was measured, and the names of those that failed.
    """
    from include.cli.output import progress

    options = {"latency": {"delay_ms": arguments.delay_ms}, "rejects": {"peers": not arguments.no_peers}}
    measured: list[Row] = []
    failed: list[str] = []
    with progress("bench") as report:
        for number, name in enumerate(names, 1):
            report(f"{name}, {number} of {len(names)}")
            try:
                rows = run(name, arguments.rows, arguments.rounds, options.get(name, {}))
            except Exception:  # one of many: the others' figures are worth having; it is said, and in the exit code
                traceback.print_exc()
                failed.append(name)
                continue
            measured += rows
            _keep(rows, arguments)
    return measured, failed


def _keep(rows: Sequence[Row], arguments: argparse.Namespace) -> None:
    if arguments.plots:
        from benchmarks.plots import plot

        plot(rows, arguments.plots)
    if arguments.save:
        save(rows, arguments.rows, arguments.rounds)


def show(rows: Sequence[Row]) -> None:
    """Prints a table, and under it what the cases have to say."""
    from include.cli.rows import print_table

    columns = [name for name in FIGURES if name != "met"]
    print_table((*columns, ""), [[*(getattr(row, name) for name in columns), VERDICTS[row.met]] for row in rows])
    for row in rows:
        if row.note:
            print(f"{row.bench}, {row.case}: {row.note}")


def main() -> Any:
    """Exit code 1 where a benchmark failed, and with --check where a ratio misses its bar.

    Bars in seconds are shown only, machines being noisy.
    """
    if sys.argv[1:2] == [SCORE]:
        # No seconds but a score, with options of its own.
        return import_module(f"benchmarks.{SCORE}.__main__").main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="longshore bench", description=f"{__doc__} `{SCORE} --help` has its own.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the file; growth and memory take 20 times as many")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="counted rounds, after one that is not")
    parser.add_argument("--delay-ms", type=float, default=DELAY_MS, help="of a round trip in `latency`")
    parser.add_argument("--no-peers", action="store_true", help="`rejects` without pgloader and dlt")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a ratio misses its bar")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="write an SVG a benchmark there")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/<day>.json")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    rows, failed = run_all(arguments.names or list(BENCHMARKS), arguments)
    if arguments.json:
        json.dump([row.as_json() for row in rows], sys.stdout, indent=2)
    else:
        show(rows)
    if failed:
        print(f"bench: failed: {', '.join(failed)}; why stands above", file=sys.stderr)
    sys.exit(1 if failed or (arguments.check and any(row.fails_check for row in rows)) else 0)


if __name__ == "__main__":
    main()

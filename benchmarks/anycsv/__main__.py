"""The score, printed: `python -m benchmarks.anycsv [--reader] [--tools duckdb,pandas] [--python PATH] [--show]`."""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.anycsv import ours
from benchmarks.anycsv.compare import Loaded, Outcome, Verdict, judge
from benchmarks.anycsv.truth import FOLDER, ROOT, Case, cases, expected

TOOLS = ("duckdb", "pandas", "csvkit", "dlt")

Verdicts = dict[str, Verdict]


def main(words: Sequence[str] | None = None) -> None:
    """Reads the files by Longshore and its peers, and prints a row for each."""
    parser = argparse.ArgumentParser(prog="longshore bench anycsv", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where truth.jsonl lies")
    parser.add_argument("--reader", action="store_true", help="the reader alone, without a database")
    parser.add_argument("--tools", default=",".join(TOOLS), help="peers, separated by commas; '' for none")
    parser.add_argument("--python", help="an interpreter that has the peers; else the benchmarks' own")
    parser.add_argument("--show", action="store_true", help="each file of ours that is not right, and why")
    parser.add_argument("--only", default="", help="files whose name holds this")
    asked = parser.parse_args(words)
    chosen = [case for case in cases(asked.folder) if asked.only in case.path.name]
    scores = {"longshore": _ours(chosen, reader=asked.reader)}
    for tool in filter(None, asked.tools.split(",")):
        scores[tool] = _peer(tool, chosen, asked.python)
    if asked.show:
        for name, verdict in scores["longshore"].items():
            if verdict.outcome is not Outcome.RIGHT:
                print(f"{verdict.outcome:16} {name:44} {verdict.why[:160]}")
    _print(scores)


def _print(scores: Mapping[str, Verdicts]) -> None:
    print(f"{'':12}" + "".join(f"{outcome:>18}" for outcome in Outcome) + f"{'right %':>10}")
    for tool, verdicts in scores.items():
        counts = Counter(verdict.outcome for verdict in verdicts.values())
        share = 100 * counts[Outcome.RIGHT] / len(verdicts)
        print(f"{tool:12}" + "".join(f"{counts[outcome]:>18}" for outcome in Outcome) + f"{share:>10.1f}")


def _judged(chosen: list[Case], read: Callable[[Path], Loaded]) -> Verdicts:
    found = {}
    for case in chosen:
        loaded = read(case.path)
        verdict = judge(expected(case) if case.read_as else None, loaded)
        if case.read_as is None and verdict.outcome is Outcome.REFUSED:
            verdict = Verdict(Outcome.RIGHT, "refused, as it holds no table")
        found[case.path.name] = verdict
    return found


def _ours(chosen: list[Case], *, reader: bool) -> Verdicts:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if reader:
            return _judged(chosen, partial(ours.read, folder=Path(folder)))
        url = stack.enter_context(_database())
        from include.postgres.session import connect

        return _judged(chosen, partial(ours.load, folder=Path(folder), connect=lambda: connect(url)))


@contextmanager
def _database() -> Iterator[str]:
    from include.settings import settings
    from include.stack.postgres import EmbeddedPostgres
    from include.stack.scratch import scratch_home

    with scratch_home(settings().home.resolve(), "anycsv-") as home:
        server = EmbeddedPostgres(home / "postgres", durable=False)
        yield server.start()


def _peer(tool: str, chosen: list[Case], python: str | None) -> Verdicts:
    if python is None:
        from benchmarks.peers.environment import bench_python

        python = bench_python()
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/rows"
        files = [str(case.path) for case in chosen]
        command = [python, "-m", "benchmarks.anycsv.peers", out, tool, *files]
        done = subprocess.run(
            command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            sys.exit(f"bench anycsv: {tool} did not run in {python}: {why}. Name a Python that has it: --python")
        found = pickle.loads(Path(out).read_bytes())  # noqa: S301 # written by the line above
    return _judged(chosen, lambda path: Loaded(*_rows(found[str(path)])))


def _rows(found: tuple[list[list[object]], str | None]) -> tuple[list[list[object]], None, frozenset[int], str | None]:
    rows, error = found
    return rows, None, frozenset(), error


if __name__ == "__main__":
    main()

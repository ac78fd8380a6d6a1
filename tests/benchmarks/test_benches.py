"""Every benchmark runs from end to end on a few rows, against a real server, and prints what was measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks import __main__ as bench_command
from benchmarks.harness import FIGURES, Row
from include.settings import PROJECT_ROOT

ROWS = 600

# Name -> its cases that have a bar.
HELD = {
    "load": {
        "order lines: longshore",
        "Shopify orders: longshore",
        "catalog: longshore",
        "beside 2 x as many: longshore",
    },
    "upsert": {
        "a tenth changed: longshore",
        "nothing changed: same bytes",
        "nothing changed: size and time unchanged",
    },
    "rejects": {"one bad row in a hundred"},
    "memory": {"600 rows, ratio to 250 MB", "12,000 rows, ratio to 250 MB"},
    "growth": {
        "beside 400 uploads: longshore",
        "the same, to 10 uploads",
        "planning queries: 400 uploads",
        "planning a load's statements: 400 uploads",
    },
    "small": {
        "batches in hand, new",
        "batches in hand, a tenth changed",
        "with reading",
        "longshore --help",
        "DAG files beyond Airflow's own",
    },
}


def bench(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs `longshore bench` with these words in a home of its own."""
    environment = {**os.environ, "LONGSHORE_HOME": str(home), "PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, "-m", "benchmarks", *words, "--rounds", "1"]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=PROJECT_ROOT, timeout=280
    )


@pytest.mark.parametrize("name", HELD)
def test_a_benchmark_measures_every_case(name: str, tmp_path: Path) -> None:
    words = ("--rows", str(ROWS), "--json", "--check", "--no-peers", "--plots", str(tmp_path / "plots"))
    done = bench(tmp_path, name, *words)
    rows = json.loads(done.stdout) if done.stdout else pytest.fail(done.stderr)
    assert all(tuple(row) == FIGURES for row in rows)
    assert {row["bench"] for row in rows} == {name}
    assert {row["case"] for row in rows if row["bar"] is not None} == HELD[name]
    for row in rows:
        assert row["median_s"] is not None and 0 <= row["min_s"] <= row["median_s"] <= row["max_s"]
        assert (row["met"] is None) == (row["bar"] is None)
    missed = [row for row in rows if row["ratio"] is not None and row["met"] is False]
    assert done.returncode == (1 if missed else 0), done.stderr
    assert (tmp_path / "plots" / f"{name}.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert [child.name for child in tmp_path.iterdir()] == ["plots"]


def test_the_graphs_are_measured_in_both_stores(tmp_path: Path) -> None:
    done = bench(tmp_path, "graph", "--rows", "3000", "--json")
    rows = json.loads(done.stdout) if done.stdout else pytest.fail(done.stderr)
    assert {row["bench"] for row in rows} == {"graph (Ladybug)", "graph (Neo4j)"}
    assert all(row["median_s"] for row in rows)
    assert done.returncode == 0, done.stderr


def test_a_benchmark_that_fails_is_named_and_the_others_figures_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(name: str, *_asked: object) -> list[Row]:
        if name == "memory":
            raise RuntimeError("no memory left")
        return [Row(bench=name, case="a")]

    monkeypatch.setattr(bench_command, "run", run)
    arguments = Namespace(rows=1, rounds=1, delay_ms=1.0, no_peers=True, plots=None, save=False)
    rows, failed = bench_command.run_all(["load", "memory", "small"], arguments)
    assert [row.bench for row in rows] == ["load", "small"]
    assert failed == ["memory"]


def test_an_unknown_benchmark_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    done = bench(tmp_path, "speed")
    assert done.returncode == 2
    assert "no benchmark is called speed; there are load, upsert" in done.stderr

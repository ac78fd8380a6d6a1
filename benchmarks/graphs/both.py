"""The graph writers, each beside the best that its store's own means do."""

from __future__ import annotations

from pathlib import Path

from benchmarks.graphs import ladybug as graph_ladybug
from benchmarks.graphs import neo4j as graph_neo4j
from benchmarks.harness import Row


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures one store after the other."""
    return [*graph_ladybug.measure_bench(home, rows, rounds), *graph_neo4j.measure_bench(home, rows, rounds)]

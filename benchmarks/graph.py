"""The graph writers, each beside the best that its store's own means do."""

from __future__ import annotations

from pathlib import Path

from benchmarks import graph_ladybug, graph_neo4j
from benchmarks.harness import Row


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures one store after the other, each in a folder of its own."""
    found: list[Row] = []
    for name, store in (("ladybug", graph_ladybug), ("neo4j", graph_neo4j)):
        folder = home / name
        folder.mkdir()
        found += store.measure_bench(folder, rows, rounds)
    return found

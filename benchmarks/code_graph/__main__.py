"""Prints the code graph's precision and recall beside its peers', then its times: `python -m benchmarks.code_graph`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.code_graph.trees import Measured, measure
from benchmarks.code_graph.truths import SUITES, compare

SHARED = Path(os.environ.get("LONGSHORE_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
# On the same 243 edges of PyCG's 119 snippets, builtins and libraries left out; half of these are compared here.
PEERS = (("PyCG 0.0.7", 0.959, 0.877), ("codegraph 1.6.1", 0.705, 0.403), ("pyan3 2.9.0", 0.492, 0.663))
PRECISION, RECALL = 0.95, 0.80
RATIO, CHANGE_S, PEAK_MB = 1.3, 0.5, 1500


def truths(folder: Path, show: bool) -> bool:
    """Prints the scores by suite; returns whether Python's meets its bar."""
    print(f"{'truth':34} {'cases':>5} {'exact':>5} {'precision':>9} {'recall':>6}")
    met = True
    for name, language in SUITES:
        score = compare(folder, language, name, show)
        print(f"{name:34} {score.cases:5} {score.exact:5} {score.precision:9.3f} {score.recall:6.3f}")
        if language == "python":
            met = score.precision >= PRECISION and score.recall >= RECALL
            for peer, precision, recall in PEERS:
                print(f"  {peer:32} {'':5} {'':5} {precision:9.3f} {recall:6.3f}")
    return met


def show_tree(found: Measured) -> bool:
    """Prints a tree's figures; returns whether they meet their bars."""
    print(
        f"{found.name}: {found.files} files, {found.nodes} nodes, {found.edges} edges\n"
        f"  bare parsing {found.bare_s:.2f} s, parse {found.read_s:.2f} s, resolve {found.resolve_s:.2f} s,"
        f" rows to Arrow {found.rows_s:.2f} s: {found.ratio:.2f} x (bar {RATIO})\n"
        f"  one file changed {found.change_s:.3f} s, the slowest {found.slowest_s:.3f} s (bar {CHANGE_S}),"
        f" peak {found.peak_mb:.0f} MB (bar {PEAK_MB})"
    )
    return found.ratio <= RATIO and found.slowest_s <= CHANGE_S and found.peak_mb <= PEAK_MB


def main() -> int:
    """Measures what is asked for; 1 where a bar is missed and `--check` is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", nargs="*", default=["rich", "airflow"], help="installed packages to read")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", action="store_true", help="list the edges that differ")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    met = True
    folder = SHARED / "truths" / "code-graph"
    if folder.is_dir():
        met = truths(folder, arguments.show)
    else:
        print(f"The shared truths are not at {SHARED}; only times are measured.")
    for name in arguments.trees:
        met = show_tree(measure(name, arguments.processes)) and met
    return int(arguments.check and not met)


if __name__ == "__main__":
    raise SystemExit(main())

"""A tree read and resolved, beside bare parsing of the same files in as many processes; then one file changed."""

from __future__ import annotations

import ast
import gc
import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.garbage import collector_paused
from include.pipelines.code_graph.prepare import CodeOptions, language_of, prepare
from include.pipelines.code_graph.resolve import Resolver
from include.pipelines.code_graph.selection import Selection

# Files are handed to a process so many at a time; each takes about 2 ms, and a hand-over 0.1 ms.
CHUNK = 32


class Measured(NamedTuple):
    """Seconds and sizes of one tree, the median of the rounds."""

    name: str
    files: int
    bare_s: float
    read_s: float
    resolve_s: float
    rows_s: float
    change_s: float
    slowest_s: float
    nodes: int
    edges: int
    peak_mb: float

    @property
    def ratio(self) -> float:
        """Parse and resolve, over bare parsing."""
        return (self.read_s + self.resolve_s) / self.bare_s


def package(name: str) -> Path:
    """The folder of an installed package."""
    spec = find_spec(name)
    assert spec is not None and spec.submodule_search_locations  # noqa: S101
    return Path(next(iter(spec.submodule_search_locations)))


def sources(root: Path) -> list[Path]:
    """The Python files of a tree that are its own."""
    selection = Selection()
    found = sorted(path for path in root.rglob("*.py") if path.is_file())
    return [path for path in found if not selection.left_out(path.relative_to(root).as_posix())]


def bare(path: Path) -> None:
    """Parses a file and forgets it."""
    ast.parse(path.read_bytes())


def timed(pool: ProcessPoolExecutor, work: Callable[[Path], Any], paths: list[Path]) -> tuple[float, list[Any]]:
    """Seconds of work on all files in the pool's processes, and the results."""
    start = time.perf_counter()
    results = list(pool.map(work, paths, chunksize=CHUNK))
    return time.perf_counter() - start, results


def measure(name: str, processes: int, rounds: int = 3) -> Measured:
    """Measures an installed package: both ways in turn, in a pool that is warm."""
    root = package(name)
    paths = sources(root)
    read = partial(prepare, options=CodeOptions(str(root)))
    samples: list[tuple[float, float, float, float]] = []
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        timed(pool, read, paths[: CHUNK * processes])
        for _ in range(rounds):
            bare_s, _ = timed(pool, bare, paths)
            read_s, parsed = timed(pool, read, paths)
            start = time.perf_counter()
            resolver = Resolver(root.name)
            resolution = resolver.update(parsed)
            resolve_s = time.perf_counter() - start
            start = time.perf_counter()
            tables = resolution.tables()
            samples.append((bare_s, read_s, resolve_s, time.perf_counter() - start))
    counts = {target.name: table.num_rows for target, table in tables.items()}
    # What a process that keeps one graph has not: the graphs of the rounds before.
    del parsed, resolution, tables
    gc.collect()
    changes = _changes(resolver, root, paths)
    edges = sum(count for label, count in counts.items() if "->" in label)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    middle = [statistics.median(column) for column in zip(*samples, strict=True)]
    return Measured(
        name, len(paths), *middle, statistics.median(changes), max(changes), sum(counts.values()) - edges, edges, peak  # type: ignore[arg-type]
    )  # fmt: skip


def _changes(resolver: Resolver, root: Path, paths: list[Path]) -> list[float]:
    """Seconds of changes of one file each, read and resolved, over files spread through the tree.

    Each gets a function added, then its first function renamed, then its own text back.
    """
    seconds = []
    for path in paths[:: max(1, len(paths) // 30)]:
        text = path.read_bytes()
        edits = (text + b"\n\ndef one_more(x):\n    return x()\n", text.replace(b"def ", b"def other_", 1), text)
        seconds += [_change(resolver, path.relative_to(root).as_posix(), edited) for edited in edits]
    return seconds


def _change(resolver: Resolver, path: str, text: bytes) -> float:
    language = language_of(path)
    assert language is not None  # noqa: S101
    start = time.perf_counter()
    with collector_paused():
        parsed: ParsedFile = language.parse(path, text)
        resolver.update([parsed])
    return time.perf_counter() - start

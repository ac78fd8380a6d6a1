"""Files a second of `prepare` beside a bare read by mutagen of the same files, and memory of a whole library."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import mutagen

from include.errors import FileError
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.rows import RowsOf

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Files a second of both, and how many times longer `prepare` takes: the median of the rounds' ratios."""

    files: int
    bare_per_s: float
    prepare_per_s: float
    ratio: float


def bare(path: Path) -> None:
    """What mutagen alone does; what it raises on a broken file is left to it."""
    with contextlib.suppress(Exception):
        mutagen.File(path)


def prepared(path: Path) -> None:
    """What the pipeline does; a refused file costs what it costs."""
    try:
        prepare(path)
    except FileError:
        return


def measured(paths: list[Path], *, cold: bool) -> Speed:
    """Both over all files in turns; `cold` drops the files from the page cache before each turn."""
    runs = [(_seconds(bare, paths, cold=cold), _seconds(prepared, paths, cold=cold)) for _ in range(ROUNDS + 1)][1:]
    count = len(paths)
    return Speed(
        count,
        count / statistics.median(run[0] for run in runs),
        count / statistics.median(run[1] for run in runs),
        statistics.median(run[1] / run[0] for run in runs),
    )


def _seconds(read: Callable[[Path], None], paths: Iterable[Path], *, cold: bool) -> float:
    if cold:
        for path in paths:
            _drop(path)
    start = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - start


def _drop(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory_mb(folder: Path) -> float:
    """Largest resident memory of a process that holds the rows of all files of a library at once."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_held, (folder,))


def _held(folder: Path) -> float:
    rows = RowsOf("bench")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".cue":
            try:
                rows.add(str(path.relative_to(folder)), prepare(path))
            except FileError:
                continue
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

"""What broken files cost: each is prepared in a process of its own, whose time and memory are measured."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import FileError
from include.pipelines.music_library.prepare import prepare

LIMIT_S = 2.0
LIMIT_MB = 500

# Seconds after which a process that does not come back is ended.
HANGS_AFTER_S = 20.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What preparing one file came to: refused, read, or hangs; seconds, and the largest resident memory in MB."""

    file: str
    outcome: str
    wall_s: float
    peak_mb: float

    @property
    def right(self) -> bool:
        return self.outcome == "refused" and self.wall_s <= LIMIT_S and self.peak_mb <= LIMIT_MB


def costs(folder: Path) -> Iterator[Cost]:
    """The files of `broken.jsonl`."""
    with (folder / "broken.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield cost(folder / "files" / json.loads(line)["file"])


def cost(path: Path) -> Cost:
    """What one file costs."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_prepare, args=(path, sender))
    process.start()
    sender.close()
    found: tuple[str, float, float] = ("hangs", HANGS_AFTER_S, 0.0)
    try:
        if receiver.poll(HANGS_AFTER_S):
            found = receiver.recv()
    except EOFError:
        found = ("dies", 0.0, 0.0)
    process.kill()
    process.join()
    return Cost(path.name, *found)


def _prepare(path: Path, sender: Any) -> None:
    start = time.perf_counter()
    try:
        prepare(path)
        outcome = "read"
    except FileError:
        outcome = "refused"
    wall = time.perf_counter() - start
    sender.send((outcome, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

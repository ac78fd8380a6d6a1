"""Wall time by phase, as the ledger keeps it and `explain` shows it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class Stopwatch:
    """Adds up milliseconds of wall time by the name of a phase, from its creation on."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._started = time.perf_counter()
        self._within: list[float] = []

    @property
    def ms(self) -> float:
        """Milliseconds since the stopwatch was made."""
        return (time.perf_counter() - self._started) * 1000

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the time in the block to a phase, whether it ends well or not; a phase within counts for itself."""
        started = time.perf_counter()
        self._within.append(0.0)
        try:
            yield
        finally:
            spent = (time.perf_counter() - started) * 1000
            self.phases[name] = self.phases.get(name, 0.0) + spent - self._within.pop()
            if self._within:
                self._within[-1] += spent

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """The items, with the time that they take to come counted to a phase, and not the time between them."""
        iterator = iter(items)
        while True:
            with self.phase(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

"""Which load an export or a replay of rejects is about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from include.ledger.replays import LoadedFiles


@dataclass(frozen=True, slots=True)
class Selection:
    """What the caller names: a load, or a dataset of a store's day."""

    load_id: int | None = None
    store: str | None = None
    day: dt.date | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """The current loads of one dataset's files, by name; orders and their lines are two of one file.

    `main` is the load that has all rejects of the file, `dataset` the plan's name.
    """

    dataset: str
    loads: dict[str, LoadedFiles]

    @property
    def main(self) -> LoadedFiles:
        return list(self.loads.values())[-1]

    @property
    def load_ids(self) -> tuple[int, ...]:
        return tuple(load.load_id for load in self.loads.values())

    @property
    def by_contract(self) -> bool:
        """Whether the file fills the table of a contract."""
        return "." in self.dataset  # its load has the table's name with its schema

    @property
    def paired(self) -> bool:
        """Whether the file fills two tables: orders and their lines."""
        return len(self.loads) > 1

    @property
    def title(self) -> str:
        """How messages call it."""
        main = self.main
        return f"{main.dataset} of {main.store} {main.day} (load {main.load_id})"

"""What is particular to loading one dataset, as data: its contract, and the selects that fill its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from include.contracts import Contract, Table
from include.writers.postgres_merge import Target


@dataclass(frozen=True, slots=True)
class Filling:
    """One table that a dataset fills, by the name its load goes by.

    `continuations` counts staged rows that add to another row of this table instead of being one, `rejected` selects
    the numbers of the rows rejected for it; where they are not set every row is one, and all rejects are its own.
    `deletes`: what is no longer delivered is taken out.
    """

    dataset: str
    table: Table
    select: str
    unique: bool = False
    continuations: str | None = None
    rejected: str | None = None
    deletes: bool = True

    def target(self, scope: Mapping[str, object], parameters: Mapping[str, object]) -> Target:
        """The writer's target for one upload, which is the truth for that slice of the table."""
        return Target(self.table, scope, self.select, self.unique, parameters, self.deletes)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is particular to loading one dataset.

    `late_rejects` selects rows that only the whole file tells on, `places` (sequence, group_key, place) of staged rows
    whose number is kept for them though they are rejected. `findings` are looked at once the tables are written: each
    query's one row goes into the load's facts under its name, and changes nothing.
    """

    contract: Contract
    fillings: tuple[Filling, ...]
    late_rejects: str = ""
    preparation: tuple[str, ...] = ()
    findings: Mapping[str, str] = field(default_factory=dict)
    places: str | None = None

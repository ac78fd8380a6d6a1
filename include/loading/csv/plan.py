"""What is particular to loading one dataset, as data: its contract, and the selects that fill its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from include.contracts import Contract, Table
from include.writers.postgres.merge_sql import Partition, Target
from include.writers.postgres.projection import Projection


class Numbers(Protocol):
    """Numbers one load's rows within their groups while they stream by, as long as each group stands together."""

    def number(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows that have a group, numbered; a row that is held back follows with a later call."""

    def end(self) -> Iterator[pa.RecordBatch]:
        """What is held back."""

    @property
    def held(self) -> int | None:
        """The number of the record that is held back."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How rows are numbered within their groups.

    `client` does it in hand and adds the columns of `schema`: `line_no`, `order_fault` and what else the selects want.
    `scattered` asks the staged rows whether a group stands in several places, and `renumber` makes the temporary table
    `numbered` of them in which that is mended. Column, code and reason: `headless` of a sound row that cannot be its
    group's first, `with_its_group` of one whose group's first row was rejected.
    """

    client: Callable[[], Numbers]
    schema: pa.Schema
    scattered: str
    renumber: str
    headless: tuple[str, str, str]
    with_its_group: tuple[str, str, str]

    @property
    def late_rejects(self) -> str:
        """Selects the sound rows that fall with their group."""
        return " UNION ALL ".join(
            f"SELECT _sequence, _part, _line, {', '.join(map(quoted, verdict))} FROM {{staging}}"  # noqa: S608 # a plan's
            f" WHERE order_fault AND _fault = 0 AND line_no {condition}"
            for verdict, condition in ((self.headless, "= 1"), (self.with_its_group, "> 1"))
        )


def quoted(text: str) -> str:
    """A plan's own text as a literal of SQL."""
    return "'{}'".format(text.replace("'", "''"))


class Completion(Protocol):
    """Completes one load's rows while they stream by, as long as what belongs together stands together."""

    def complete(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with the columns that the projections take besides the file's own."""

    @property
    def scattered(self) -> bool:
        """Whether rows that belong together stood in several places."""


@dataclass(frozen=True, slots=True)
class Completing:
    """How rows that are a row of the table each are completed: their key, and what their group says for all.

    `client` does it in hand; `columns` are those that it sets in every delivery. `nameless`: column, code and reason of
    a sound row whose column is null then, and which is no row of any table.
    """

    client: Callable[[], Completion]
    columns: tuple[str, ...]
    nameless: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Filling:
    """One table that a dataset fills, by the name its load goes by.

    `continuations` counts staged rows that add to another row of this table instead of being one, `rejected` selects
    the numbers of the rows rejected for it; where they are not set every row is one, and all rejects are its own.
    `projection` says the same as `select` of rows in hand. `deletes`: what is no longer delivered is taken out.
    """

    dataset: str
    table: Table
    select: str
    projection: Projection | None = None
    unique: bool = False
    continuations: str | None = None
    rejected: str | None = None
    deletes: bool = True

    def target(
        self, scope: Mapping[str, object], parameters: Mapping[str, object], partition: Partition | None = None
    ) -> Target:
        """The writer's target for one upload, which is the truth for that slice of the table."""
        return Target(
            self.table,
            scope,
            self.select,
            self.unique,
            parameters,
            self.deletes,
            projection=self.projection,
            partition=partition,
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A query whose one row goes into the load's facts, asked where a part has the column that it is about."""

    query: str
    column: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is particular to loading one dataset.

    `late_rejects` selects rows that only the whole file tells on, `places` (sequence, group_key, place) of staged rows
    whose number is kept for them though they are rejected. `numbering`: rows are numbered within their groups, or
    `completing`: they are completed one by one; both are for rows in hand, and need fillings with a projection.
    `preparation`: statements over the staged rows, before anything else is asked of them. `findings` are looked at once
    the tables are written; they change nothing.
    """

    contract: Contract
    fillings: tuple[Filling, ...]
    late_rejects: str = ""
    numbering: Numbering | None = None
    completing: Completing | None = None
    preparation: tuple[str, ...] = ()
    findings: Mapping[str, Finding] = field(default_factory=dict)
    places: str | None = None

"""All that one load needs to know, made by a pipeline and done by `load_job`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.loading.csv.plan import Plan
from include.loading.upload import Upload
from include.postgres import kept as postgres_kept
from include.readers.profile import Profile
from include.results import FileResult
from include.settings import StoreSettings
from include.writers.postgres.merge_sql import Partition, Target

Connect = postgres_kept.Connect

# Is told after each batch how many rows were read so far.
Report = Callable[[int], None]


def silent(_rows: int) -> None:
    """Tells nobody."""


def tables_exist(_connection: Connection[TupleRow]) -> None:
    """Migrations made the tables."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the caller wants of a load.

    `force` loads bytes that are loaded already, `accept` lets a held delivery through (`accepted_by` says who),
    `dry_run` does all but commit. `statement_timeout_ms` of 0 is none.
    """

    force: bool = False
    accept: bool = False
    dry_run: bool = False
    statement_timeout_ms: int = 0
    accepted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """All that one load needs to know.

    `scope`: the slice of the tables that the upload is the truth for, `partition`: where it lies in tables that have
    such. `lock` names what two loads must not write at once. `remedy` says what a person does about the delivery where
    it is held. `ready` is called at the start of the load's transaction. `parts_by_name`: a delivery without a file
    name that the one before had lacks a part; not so where every delivery's file has a name of its own. `storage`: what
    fsspec is told of the store that holds the files; it has secrets, and goes to the reader only.
    """

    upload: Upload
    dataset: str
    plan: Plan
    store: StoreSettings
    profile: Profile
    options: LoadOptions
    digest: str
    fingerprint: str
    scope: Mapping[str, object]
    lock: str
    remedy: str
    partition: Partition | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    ready: Callable[[Connection[TupleRow]], None] = tables_exist
    parts_by_name: bool = True
    report: Report = silent
    storage: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the writer fills."""
        return tuple(
            filling.target(self.scope, self.parameters, self.partition if filling.table.partitioned else None)
            for filling in self.plan.fillings
        )

    @property
    def size(self) -> int:
        """Bytes of the parts as stored."""
        return sum(part.size for part in self.upload.parts[self.dataset])

    @property
    def names(self) -> tuple[str, ...]:
        """The datasets that the load goes by in the ledger (orders: the headers and the lines)."""
        return tuple(filling.dataset for filling in self.plan.fillings)

    @property
    def may_exceed_budget(self) -> bool:
        """Whether a person lets rejects over the budget through, where the store leaves that to a person."""
        return self.options.accept and self.store.over_budget == "hold"

    @property
    def max_rejected(self) -> int | None:
        """Rejects after which reading stops; a delivery that a person decides about is read to its end."""
        return None if self.store.over_budget == "hold" else self.store.max_rejected_rows

    @property
    def files(self) -> tuple[FileResult, ...]:
        """The parts as the ledger notes them, before anything was read."""
        return tuple(
            FileResult(part.name, part.sha256, 0, part.size, part.modified) for part in self.upload.parts[self.dataset]
        )

"""What a load did, as values that add up; log line, ledger, XCom, command line and tests read the same ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple


class Status(StrEnum):
    """How the load of one dataset of one upload ended; `forgotten` is set later, when its rows were taken back."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    HELD = "held"
    FAILED = "failed"
    FORGOTTEN = "forgotten"


class Reject(NamedTuple):
    """One record of a file that was not loaded.

    `line` is the physical line on which the record starts (1-based), `record` its number within the part without
    the header (1-based), `sequence` its number over all parts of the dataset. `reason` speaks of the value's shape,
    never of its contents; only `raw` holds the record's text. `group_key` and `place`: the order whose row the record
    is and its number there, where that is known already.

    A tuple, since a bad file has many of them: it costs a sixth of what a frozen dataclass of ten fields does.
    """

    part: str
    line: int
    record: int
    sequence: int
    column: str | None
    code: str
    reason: str
    raw: str | None = None
    group_key: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows on the file's own grain. `deleted` counts rows of the store that the delivery no longer holds."""

    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    folded: int = 0
    deleted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for exactly once."""
        accounted = self.inserted + self.updated + self.unchanged + self.duplicates + self.rejected + self.folded
        return self.rows_read == accounted


@dataclass(frozen=True, slots=True)
class FileResult:
    """One part of a dataset: name within the delivery, digest (hex), rows read, bytes, time of change (seconds)."""

    file: str
    sha256: str
    rows_read: int = 0
    size: int = 0
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of one dataset of one upload.

    `ms` is wall time in milliseconds, `phases` the same by phase (read, copy, merge, commit, ...). `message` is set
    where the status needs words: why it is held, skipped or failed, and what to do next. `reasons` is the number of
    rejects by code.
    """

    dataset: str
    status: Status
    counts: Counts = Counts()
    files: tuple[FileResult, ...] = ()
    digest: str = ""
    ms: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    unknown_columns: tuple[str, ...] = ()
    header_changes: tuple[str, ...] = ()
    reasons: dict[str, int] = field(default_factory=dict)
    message: str = ""
    load_id: int | None = None

    @property
    def rows_per_s(self) -> float:
        """Rows read per second of wall time; 0 where nothing was timed."""
        return round(self.counts.rows_read / self.ms * 1000, 1) if self.ms else 0.0

    def renamed(self, dataset: str, counts: Counts) -> LoadResult:
        """The same load seen as another dataset of the same files (orders and their lines)."""
        return replace(self, dataset=dataset, counts=counts)

    def as_json(self) -> dict[str, Any]:
        """The object that `load --json` prints and XCom carries."""
        counts = {name: getattr(self.counts, name) for name in Counts.__slots__}
        return {
            "dataset": self.dataset,
            "files": [{"file": f.file, "sha256": f.sha256, "rows_read": f.rows_read} for f in self.files],
            "digest": self.digest,
            "status": self.status.value,
            **counts,
            "ms": round(self.ms, 1),
            "rows_per_s": self.rows_per_s,
            "phases": {name: round(ms, 1) for name, ms in self.phases.items()},
            "unknown_columns": list(self.unknown_columns),
            "header_changes": list(self.header_changes),
            "reasons": dict(self.reasons),
            "message": self.message,
            "load_id": self.load_id,
        }

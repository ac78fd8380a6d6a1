"""What became of records that were read again: for the ledger's counts and marks, and for whoever asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.loading.csv.stage import Staged
from include.loading.replay.reader import Record
from include.loading.replay.subject import Subject
from include.results import Counts, Reject
from include.writers.base import WriteCounts


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What became of the records that were read again.

    `failures` have the reasons of this time, `expired` counts open rejects whose text is not kept any more, `back`
    those of the mended file that an earlier replay brought back, `counts` the rows that left `rejected`, by dataset.
    """

    title: str
    load_ids: tuple[int, ...]
    passed: int = 0
    failures: tuple[Reject, ...] = ()
    expired: int = 0
    back: int = 0
    counts: Mapping[str, Counts] | None = None
    replay_id: int | None = None
    dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        """The object that `rejects replay --json` prints; no record's text."""
        names = ("inserted", "updated", "unchanged", "duplicates", "folded")
        return {
            "replay_id": self.replay_id,
            "load_ids": list(self.load_ids),
            "tried": self.passed + len(self.failures),
            "passed": self.passed,
            "failed": len(self.failures),
            "expired": self.expired,
            "already_back": self.back,
            "dry_run": self.dry_run,
            "counts": {
                dataset: {"rows": counts.rows_read, **{name: getattr(counts, name) for name in names}}
                for dataset, counts in (self.counts or {}).items()
            },
            "failures": [
                {name: getattr(reject, name) for name in ("sequence", "part", "line", "column", "code", "reason")}
                for reject in self.failures
            ],
        }


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was staged and written, and with it what each load's counts gain.

    `of_orders`: numbers of those that were rejected with their order. `unreadable`: of those that were not staged.
    `folded`: how many are neither row nor reject.
    """

    subject: Subject
    chosen: Sequence[Record]
    failures: tuple[Reject, ...]
    of_orders: Collection[int]
    staged: Staged
    written: tuple[WriteCounts, ...]
    unreadable: Collection[int]
    folded: int

    def passed(self) -> dict[str, set[int]]:
        """The numbers of the records that are no rejects any more, by dataset."""
        failed = {reject.sequence for reject in self.failures}
        tried = {record.reject.sequence for record in self.chosen if record.chosen}
        return {
            name: tried - failed if share.rejected is None else self._headers(tried, share.rejected)
            for name, share in zip(self.subject.loads, self.staged.shares, strict=True)
        }

    def _headers(self, tried: set[int], rejected: Collection[int]) -> set[int]:
        """Of the records that were rejected with their order those whose order is stored now.

        One that is a row of it no more than before (its own columns fail) is no reject of the orders any longer.
        """
        kept = {record.reject.sequence for record in self.chosen if record.key in rejected}
        return (tried & set(self.of_orders)) - kept - set(self.unreadable)

    def counts(self) -> dict[str, Counts]:
        """Rows that left `rejected`, and what they are now. Folded: those that add to an order's header."""
        passed = self.passed()
        return {
            name: self._count(len(passed[name]), write, headers=share.rejected is not None)
            for name, write, share in zip(self.subject.loads, self.written, self.staged.shares, strict=True)
        }

    def _count(self, passed: int, write: WriteCounts, *, headers: bool) -> Counts:
        rows = write.inserted + write.updated + write.unchanged + write.duplicates
        return Counts(
            rows_read=passed,
            inserted=write.inserted,
            updated=write.updated,
            unchanged=write.unchanged,
            duplicates=write.duplicates,
            folded=passed - rows if headers else self.folded,
        )


def failures(chosen: Sequence[Record], spool: Iterable[Reject], unreadable: Sequence[Reject]) -> tuple[Reject, ...]:
    """The records that are rejected again, with their own numbers, in the order of the delivery."""
    by_key = {record.key: record for record in chosen}
    again = [
        by_key[reject.sequence].rejected(reject.column, reject.code, reject.reason)
        for reject in spool
        if by_key[reject.sequence].chosen
    ]
    return tuple(sorted([*again, *unreadable], key=lambda reject: reject.sequence))

"""Reads rejects of a current load again and brings back those that pass now: rows and ledger in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import DefectError, SetupError, UsageError
from include.ledger import loads, replays
from include.ledger.rejects import RejectSpool
from include.ledger.replays import OpenReject, Replay
from include.log import line, logger
from include.pipelines.commerce import coverage, records
from include.pipelines.commerce.mended import MendedFile
from include.pipelines.commerce.plans import Plan
from include.pipelines.commerce.replay_plans import CREATE_PLACES, REPLAY_PLANS
from include.pipelines.commerce.replay_reader import Record, ReplayReader
from include.pipelines.commerce.replay_subject import Selection, Subject, find_subject
from include.pipelines.commerce.stage import Staged, stage
from include.readers.cells.block import batch_schema
from include.readers.profile import Profile, read_profile
from include.results import Counts, Reject
from include.settings import StoresFile, settings
from include.timing import Stopwatch
from include.writers.base import WriteCounts
from include.writers.errors import repeat_transient
from include.writers.postgres_copy import PostgresCopyWriter
from include.writers.postgres_errors import translated
from include.writers.postgres_session import LoadSession

Connect = Callable[[], Connection[TupleRow]]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the caller wants: `profile` in place of the store's, `dry_run` to do all but commit, and who asks."""

    replayed_by: str
    profile: str | None = None
    dry_run: bool = False


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


def replay(
    connect: Connect,
    selection: Selection,
    stores: StoresFile,
    options: ReplayOptions,
    mended: MendedFile | None = None,
) -> ReplayOutcome:
    """Reads rejects again under today's contract and profile.

    Records that pass become rows with the line numbers they had; what is loaded stays, but for a row of the same key
    that stands earlier in the delivery. The load's counts move with them, and its rejects are marked.

    Args:
        connect: opens an autocommit connection to a migrated database; called once for each attempt.
        selection: the current load that is meant.
        stores: settings per store.
        options: what the caller wants.
        mended: records to read in place of the recorded texts, and only those (with the rest of an order that was
            rejected as a whole); all open rejects are read where None.

    Raises:
        UsageError: the load is not the current one, or the file is no export of it.
        SetupError: the load was recorded before places were noted; the profile or the contract does not fit.
        FileError: the records cannot be read under this profile.
        TransientError: the database stayed out of reach through all attempts.
    """
    outcome = repeat_transient(lambda: _attempt(connect, selection, stores, options, mended))
    logger("replay").info(
        line("replay", loads=",".join(map(str, outcome.load_ids)), passed=outcome.passed, failed=len(outcome.failures))
    )
    return outcome


def _attempt(
    connect: Connect,
    selection: Selection,
    stores: StoresFile,
    options: ReplayOptions,
    mended: MendedFile | None,
) -> ReplayOutcome:
    with connect() as connection:
        subject = find_subject(connection, selection)
        main = subject.main
        plan = REPLAY_PLANS[subject.dataset]
        currency = stores.store(main.store).currency
        parameters = {"currency": currency, "upload_id": main.upload_id, "load_id": main.load_id}
        writer = PostgresCopyWriter(
            connection,
            batch_schema(plan.contract),
            [replace(filling.target(main.upload_id, parameters), partial=True) for filling in plan.fillings],
            preparation=plan.preparation,
            session=LoadSession(f"longshore replay {subject.dataset} {main.store} {main.day}"),
            lock=f"commerce/{main.upload_id}/{subject.dataset}",
        )
        with writer:
            writer.take_lock()
            # What was current before the lock may not be any more.
            outcome = _Attempt(connection, writer, find_subject(connection, selection), plan).run(
                stores, options, mended
            )
            if options.dry_run:
                writer.discard()
    return outcome


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt, in the writer's transaction and under the upload's lock."""

    connection: Connection[TupleRow]
    writer: PostgresCopyWriter
    subject: Subject
    plan: Plan

    def run(self, stores: StoresFile, options: ReplayOptions, mended: MendedFile | None) -> ReplayOutcome:
        subject, main = self.subject, self.subject.main
        if not main.replayable:
            raise SetupError(
                f"{subject.title} was loaded before the places of rejected records were noted.",
                "Load its delivery again with --force, then replay.",
            )
        rejects = {load.load_id: replays.open_rejects(self.connection, load.load_id) for load in subject.loads.values()}
        of_orders = {reject.sequence for reject in rejects[subject.load_ids[0]]}
        chosen, back = self._choose(rejects[main.load_id], of_orders, mended)
        expired = sum(reject.raw is None for reject in rejects[main.load_id]) if mended is None else 0
        outcome = ReplayOutcome(subject.title, subject.load_ids, expired=expired, back=back, dry_run=options.dry_run)
        if not any(record.chosen for record in chosen):
            self.writer.discard()
            return outcome
        self._note_places(chosen, of_orders)
        profile = _profile(stores, main.store, options)
        store = stores.store(main.store)
        reader = ReplayReader(
            chosen,
            main.facts["parts"],
            self.plan.contract,
            profile,
            time_zone=profile.time_zone or store.time_zone,
        )
        with RejectSpool() as spool:
            staged = stage(reader, self.writer, self.plan, spool, Stopwatch(), None, lambda _rows: None)
            unreadable = reader.unreadable()
            failures = _failures(chosen, [*spool], unreadable)
        written = self.writer.finish()
        self.writer.restate_provenance()
        result = _Result(
            self.subject,
            chosen,
            failures,
            of_orders,
            staged,
            written,
            {reject.sequence for reject in unreadable},
            len(reader.folded),
        )
        return self._record(outcome, result, options, profile, mended)

    def _choose(
        self, rejects: Sequence[OpenReject], of_orders: Collection[int], mended: MendedFile | None
    ) -> tuple[list[Record], int]:
        """The records to read, and how many of the mended file are back already."""
        positions = {facts["file"]: position for position, facts in enumerate(self.subject.main.facts["parts"])}
        texts: Mapping[int, str] = {}
        back = 0
        wanted = {reject.sequence for reject in rejects}
        if mended is not None:
            done = replays.replayed(self.connection, self.subject.main.load_id)
            texts = mended.texts(self.subject, rejects, done)
            back = mended.count_of(done)
            orders = {reject.group_key for reject in rejects if reject.sequence in texts} - {None}
            wanted = set(texts) | {
                reject.sequence
                for reject in rejects
                if reject.group_key in orders and len(self.subject.loads) > 1 and reject.sequence in of_orders
            }
        chosen = [
            Record(reject, positions[reject.file], text, reject.sequence in wanted)
            for reject in rejects
            if (text := texts.get(reject.sequence, reject.raw)) is not None
        ]
        if len(self.subject.loads) > 1:  # orders take nothing from rows that do not come back
            chosen = [record for record in chosen if record.chosen]
        return chosen, back

    def _note_places(self, chosen: Sequence[Record], of_orders: Collection[int]) -> None:
        copy_statement = "COPY replay_places (sequence, group_key, place, of_order) FROM STDIN"
        with translated(), self.connection.cursor() as cursor:
            cursor.execute(CREATE_PLACES.encode())
            with cursor.copy(copy_statement) as copy:
                for record in chosen:
                    reject = record.reject
                    copy.write_row((record.key, reject.group_key, reject.place, reject.sequence in of_orders))

    def _record(
        self,
        outcome: ReplayOutcome,
        result: _Result,
        options: ReplayOptions,
        profile: Profile,
        mended: MendedFile | None,
    ) -> ReplayOutcome:
        counts = result.counts()
        passed = result.passed()
        main = self.subject.main
        replay_id = replays.record(
            self.connection,
            Replay(
                load_id=main.load_id,
                replayed_by=options.replayed_by,
                source=mended.name if mended else "recorded",
                sha256=mended.sha256 if mended else None,
                profile=profile.name,
                passed=len(passed[main.dataset]),
                failures=result.failures,
                counts=counts,
            ),
        )
        for name, load in self.subject.loads.items():
            if not counts[name].balanced:
                raise DefectError(f"The counts of {name} do not add up: {counts[name]}.", "Please report it.")
            loads.move(self.connection, load.load_id, counts[name])
            marked = replays.mark(self.connection, replay_id, load.load_id, passed[name])
            if marked != counts[name].rows_read:
                raise DefectError(f"{marked} rejects of {name} were marked, not {counts[name].rows_read}.")
        if any(passed.values()):
            coverage.outdate(self.connection, self.subject.load_ids)
        return replace(
            outcome,
            passed=len(passed[main.dataset]),
            failures=result.failures,
            counts=counts,
            replay_id=None if options.dry_run else replay_id,
        )


@dataclass(frozen=True, slots=True)
class _Result:
    """What was staged and written, and with it what each load's counts gain."""

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


def _failures(chosen: Sequence[Record], spool: Sequence[Reject], unreadable: Sequence[Reject]) -> tuple[Reject, ...]:
    by_key = {record.key: record for record in chosen}
    again = [
        by_key[reject.sequence].rejected(reject.column, reject.code, reject.reason)
        for reject in spool
        if by_key[reject.sequence].chosen
    ]
    return tuple(sorted([*again, *unreadable], key=lambda reject: reject.sequence))


def _profile(stores: StoresFile, store: str, options: ReplayOptions) -> Profile:
    name = options.profile or stores.store(store).profile
    return read_profile(name, settings().profiles_folder, records.CONTRACTS.values()) if name else Profile.none()

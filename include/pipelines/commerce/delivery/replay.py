"""Reads rejects of a current load again and brings back those that pass now: rows and ledger in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import DefectError, SetupError, UsageError
from include.ledger import loads, replays
from include.ledger.rejects import RejectSpool
from include.ledger.replays import OpenReject, Replay
from include.loading.csv.plan import Plan
from include.loading.csv.stage import Intake, stage
from include.loading.replay.mended_file import MendedFile
from include.loading.replay.outcome import Replayed, ReplayOutcome, failures
from include.loading.replay.reader import Record, ReplayReader
from include.loading.replay.subject import Selection, Subject
from include.log import line, logger
from include.pipelines.commerce import records
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.delivery.replay_plans import CREATE_PLACES, REPLAY_PLANS
from include.pipelines.commerce.delivery.replay_subject import find_subject
from include.pipelines.commerce.delivery.upload_id import lock_name
from include.postgres.dialect import require_postgres
from include.postgres.errors import translated
from include.postgres.session import LoadSession
from include.readers.cells.block import batch_schema
from include.readers.profile import Profile, read_profile
from include.settings import StoresFile, settings
from include.timing import Stopwatch
from include.writers.errors import repeat_transient
from include.writers.postgres.staged import PostgresCopyWriter

Connect = Callable[[], Connection[TupleRow]]


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the caller wants: `profile` in place of the store's, `dry_run` to do all but commit, and who asks."""

    replayed_by: str
    profile: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What a subject's records are read and written by.

    `scope` and `parameters` are those of the plan's targets, `lock` is the one under which their loads write. `profile`
    reads today's, `time_zone` is that of times without an offset where the profile has none. `ready` looks at the
    tables before anything is read, `changed` is told the loads whose rows have changed; both in the replay's
    transaction.
    """

    plan: Plan
    scope: Mapping[str, object]
    parameters: Mapping[str, object]
    lock: str
    profile: Callable[[], Profile]
    time_zone: str
    ready: Callable[[Connection[TupleRow]], None] = lambda _connection: None
    changed: Callable[[Connection[TupleRow], Sequence[int]], None] = lambda _connection, _load_ids: None


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
    return replay_on(connect, selection, partial(_ground, stores=stores, options=options), options, mended)


def replay_on(
    connect: Connect,
    selection: Selection,
    ground_of: Callable[[Subject], Ground],
    options: ReplayOptions,
    mended: MendedFile | None = None,
) -> ReplayOutcome:
    """`replay`, of whatever pipeline's load: `ground_of` says what its records are read and written by."""
    outcome = repeat_transient(lambda: _attempt(connect, selection, ground_of, options, mended))
    logger("replay").info(
        line("replay", loads=",".join(map(str, outcome.load_ids)), passed=outcome.passed, failed=len(outcome.failures))
    )
    return outcome


def _ground(subject: Subject, *, stores: StoresFile, options: ReplayOptions) -> Ground:
    """A store's dataset."""
    main = subject.main
    if subject.by_contract:
        raise UsageError(f"{subject.title} was loaded by a contract.", "Add it: --contract C.yaml")
    store = stores.store(main.store)
    return Ground(
        plan=REPLAY_PLANS[subject.dataset],
        scope={"upload_id": main.upload_id},
        parameters={"currency": store.currency, "upload_id": main.upload_id, "load_id": main.load_id},
        lock=lock_name(main.upload_id, subject.dataset),
        profile=lambda: _profile(options.profile or store.profile),
        time_zone=store.time_zone,
        changed=coverage.outdate,
    )


def _attempt(
    connect: Connect,
    selection: Selection,
    ground_of: Callable[[Subject], Ground],
    options: ReplayOptions,
    mended: MendedFile | None,
) -> ReplayOutcome:
    with connect() as connection:
        require_postgres(connection, "Replaying rejects")
        subject = find_subject(connection, selection)
        main, ground = subject.main, ground_of(subject)
        writer = PostgresCopyWriter(
            connection,
            batch_schema(ground.plan.contract),
            [
                replace(filling.target(ground.scope, ground.parameters), partial=True)
                for filling in ground.plan.fillings
            ],
            session=LoadSession(f"longshore replay {subject.dataset} {main.store} {main.day}"),
            lock=ground.lock,
        )
        with writer:
            writer.take_lock()
            # What was the current load before the lock may not be it any more.
            subject = find_subject(connection, Selection(main.load_id))
            outcome = _Attempt(connection, writer, subject, ground).run(options, mended)
            if options.dry_run:
                writer.discard()
    return outcome


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt, in the writer's transaction and under the upload's lock."""

    connection: Connection[TupleRow]
    writer: PostgresCopyWriter
    subject: Subject
    ground: Ground

    def run(self, options: ReplayOptions, mended: MendedFile | None) -> ReplayOutcome:
        subject, main, plan = self.subject, self.subject.main, self.ground.plan
        if not main.replayable:
            raise SetupError(
                f"{subject.title} was loaded before the places of rejected records were noted.",
                "Load its delivery again with --force, then replay.",
            )
        self.ground.ready(self.connection)
        rejects, *others = (
            replays.open_rejects(self.connection, load_id, lock=True) for load_id in reversed(subject.load_ids)
        )
        of_orders = {reject.sequence for reject in (others or [rejects])[0]}
        texts = self._texts(rejects, of_orders, mended)
        back = mended.count_of(replays.replayed(self.connection, main.load_id)) if mended else 0
        expired = sum(reject.raw is None for reject in rejects) if mended is None else 0
        outcome = ReplayOutcome(subject.title, subject.load_ids, expired=expired, back=back, dry_run=options.dry_run)
        if not texts:
            self.writer.discard()
            return outcome
        profile = self.ground.profile()
        chosen = self._records(rejects, texts)
        self._note_places(chosen, of_orders)
        zone = profile.time_zone or self.ground.time_zone
        replayed = self._write(
            chosen, of_orders, ReplayReader(chosen, main.facts["parts"], plan.contract, profile, time_zone=zone)
        )
        return self._record(outcome, replayed, options, profile, mended)

    def _texts(
        self, rejects: Sequence[OpenReject], of_orders: Collection[int], mended: MendedFile | None
    ) -> Mapping[int, str]:
        """What may come back, by the records' numbers: their recorded texts, or the mended ones."""
        recorded = {reject.sequence: reject.raw for reject in rejects if reject.raw is not None}
        if mended is None:
            return recorded
        texts = mended.texts(self.subject, rejects, replays.replayed(self.connection, self.subject.main.load_id))
        orders = {reject.group_key for reject in rejects if reject.sequence in texts} - {None}
        together = {
            reject.sequence: recorded[reject.sequence]
            for reject in rejects
            if reject.group_key in orders and reject.sequence in of_orders and reject.sequence in recorded
        }
        return {**together, **texts}

    def _records(self, rejects: Sequence[OpenReject], texts: Mapping[int, str]) -> list[Record]:
        """The records to read; of products those too that do not come back, for what others take from them."""
        positions = {facts["file"]: position for position, facts in enumerate(self.subject.main.facts["parts"])}
        return [
            Record(reject, positions[reject.file], text, chosen)
            for reject in rejects
            if (text := texts.get(reject.sequence, reject.raw)) is not None
            and ((chosen := reject.sequence in texts) or not self.subject.paired)
        ]

    def _write(self, chosen: Sequence[Record], of_orders: Collection[int], reader: ReplayReader) -> Replayed:
        with RejectSpool() as spool:
            staged = stage(reader, self.writer, self.ground.plan, Intake(spool, Stopwatch(), None, lambda _rows: None))
            unreadable = reader.unreadable()
            failed = failures(chosen, spool, unreadable)
        written = self.writer.finish()
        self.writer.restate_provenance()
        numbers = {reject.sequence for reject in unreadable}
        return Replayed(self.subject, chosen, failed, of_orders, staged, written, numbers, len(reader.folded))

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
        replayed: Replayed,
        options: ReplayOptions,
        profile: Profile,
        mended: MendedFile | None,
    ) -> ReplayOutcome:
        counts = replayed.counts()
        passed = replayed.passed()
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
                failures=replayed.failures,
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
            self.ground.changed(self.connection, self.subject.load_ids)
        return replace(
            outcome,
            passed=len(passed[main.dataset]),
            failures=replayed.failures,
            counts=counts,
            replay_id=None if options.dry_run else replay_id,
        )


def _profile(name: str | None) -> Profile:
    return read_profile(name, settings().profiles_folder, records.CONTRACTS.values()) if name else Profile.none()

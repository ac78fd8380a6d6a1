"""Elements that a graph refused, written again after the graph was mended; their load's counts move with them.

A product graph is made of tables, so all of the store is written again: what is there is found unchanged, and what an
element hangs on is there when it comes. Where the tables say other things than the load brought, it is the next build
that tries again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import DefectError, LongshoreError, SetupError, UsageError
from include.ledger import loads, replays
from include.ledger.replays import LoadedFiles, OpenReject, Replay
from include.loading.csv.job import Connect
from include.loading.replay.outcome import ReplayOutcome
from include.pipelines.commerce.delivery.replay import ReplayOptions
from include.pipelines.commerce.product_graph.load import (
    DATASET,
    element_rejects,
    graph_fingerprint,
    lock_name,
    states,
)
from include.pipelines.commerce.product_graph.read import TARGETS, read_rows
from include.postgres.errors import translated
from include.postgres.session import LoadSession, begin, lock, snapshot
from include.results import Counts, Reject
from include.timing import Stopwatch
from include.writers.errors import repeat_transient
from include.writers.graph.stores import GraphStore
from include.writers.graph.targets import GraphTarget

NEWEST = """
SELECT load_id, digest FROM ledger.loads
WHERE dataset = 'product_graph' AND status = 'loaded' AND store = %s AND fingerprint = %s
ORDER BY load_id DESC
LIMIT 1
"""


def is_graph_load(connection: Connection[TupleRow], load_id: int) -> bool:
    """Whether the load of that number is one of a product graph."""
    load = replays.read_load(connection, load_id)
    return load is not None and load.dataset == DATASET


def replay_elements(connect: Connect, load_id: int, graph: GraphStore, options: ReplayOptions) -> ReplayOutcome:
    """Writes the store of a load again and marks those of its refused elements that are there now.

    Args:
        connect: opens an autocommit connection to a migrated database; called once for each attempt.
        load_id: the store's newest load into this graph.
        graph: where it went to.
        options: who asks; with `dry_run` nothing is committed. There is no profile.

    Raises:
        UsageError: it is not the newest load, or the tables hold other things by now.
        SetupError: the graph refuses more than it did.
        TransientError: tables or graph stayed out of reach through all attempts.
    """
    return repeat_transient(lambda: _attempt(connect, load_id, graph, options))


def _attempt(connect: Connect, load_id: int, graph: GraphStore, options: ReplayOptions) -> ReplayOutcome:
    with connect() as connection:
        load = replays.read_load(connection, load_id)
        if load is None:
            raise UsageError(f"The ledger has no load {load_id}.", "See: ./longshore rejects list")
        session = LoadSession(f"longshore replay {DATASET} {load.store}")
        with snapshot(connection, session):
            found = states(connection, graph, load.store)
            rows = dict(read_rows(connection, load.store))
        with translated(), connection.transaction():
            begin(connection, session)
            lock(connection, lock_name(load.store))
            _check_current(connection, load, graph, found[0][0].inputs if found else "")
            open_rejects = replays.open_rejects(connection, load_id, lock=True)
            title = f"{DATASET} of {load.store} {load.day} (load {load_id})"
            outcome = ReplayOutcome(title, (load_id,), dry_run=options.dry_run)
            if not open_rejects:
                return outcome
            failures = _write(graph, load, rows, open_rejects, dry_run=options.dry_run)
            return _record(connection, load, open_rejects, failures, options)


def _check_current(connection: Connection[TupleRow], load: LoadedFiles, graph: GraphStore, inputs: str) -> None:
    again = f"Build it: ./longshore graph build --again --store {load.store}"
    newest = connection.execute(NEWEST, [load.store, graph_fingerprint(graph)]).fetchone()
    if newest is None or newest[0] != load.load_id:
        raise UsageError(f"Load {load.load_id} is not the newest load of {load.store} into {graph.name}.", again)
    if newest[1] != inputs:
        raise UsageError(f"The tables of {load.store} hold other things than load {load.load_id} brought.", again)


def _write(
    graph: GraphStore,
    load: LoadedFiles,
    rows: Mapping[GraphTarget, pa.Table],
    open_rejects: Sequence[OpenReject],
    *,
    dry_run: bool,
) -> tuple[Reject, ...]:
    """Writes all rows, and returns what is refused again: by its number, since the same tables give the same rows."""
    known = {reject.sequence for reject in open_rejects}
    failures: tuple[Reject, ...] = ()
    try:
        with graph.writer(TARGETS, load.store, Stopwatch()) as writer:
            for target, table in rows.items():
                writer.write(table, target)
            writer.finish()
            failures = tuple(element_rejects(rows, writer.refused))
            if {reject.sequence for reject in failures} - known:
                raise SetupError(
                    f"{graph.name} refuses more of {load.store} than load {load.load_id} says.",
                    f"Build it again: ./longshore graph build --again --store {load.store}",
                )
            if dry_run:
                raise _DiscardedError("dry run")
    except _DiscardedError:
        pass  # the writer has taken back what it wrote
    return failures


class _DiscardedError(LongshoreError):
    """Leaves a writer's block without a commit."""


def _record(
    connection: Connection[TupleRow],
    load: LoadedFiles,
    open_rejects: Sequence[OpenReject],
    failures: tuple[Reject, ...],
    options: ReplayOptions,
) -> ReplayOutcome:
    passed = {reject.sequence for reject in open_rejects} - {reject.sequence for reject in failures}
    counts = {DATASET: Counts(rows_read=len(passed), inserted=len(passed))}
    title = f"{DATASET} of {load.store} {load.day} (load {load.load_id})"
    outcome = ReplayOutcome(title, (load.load_id,), len(passed), failures, counts=counts, dry_run=options.dry_run)
    if options.dry_run:
        return outcome
    replay = Replay(load.load_id, options.replayed_by, "recorded", None, "", len(passed), failures, counts)
    replay_id = replays.record(connection, replay)
    loads.move(connection, load.load_id, counts[DATASET])
    marked = replays.mark(connection, replay_id, load.load_id, passed)
    if marked != len(passed):
        raise DefectError(f"{marked} rejects were marked, not {len(passed)}.", "Please report it.")
    return ReplayOutcome(title, (load.load_id,), len(passed), failures, counts=counts, replay_id=replay_id)

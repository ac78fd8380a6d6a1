"""The product graph: what each store sells, what product it is of, and what it is bought with.

    (:Store)-[:SELLS]->(:Variant)-[:OF]->(:Product)
    (:Variant)-[:BOUGHT_WITH {baskets, support, confidence, lift, items}]->(:Variant)

One store is one load of the dataset `product_graph`. Its digest names the loads of catalog, variants and bundles that
it shows, its fingerprint the graph that it went to: a store is due as soon as one of the two differs. What the tables
no longer hold goes from the graph in the same load; a store of which nothing is left goes wholly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import TupleRow

from include.contracts import fingerprint
from include.errors import LongshoreError, TransientError
from include.ledger import loads, rejects, runs
from include.ledger.runs import RunSource
from include.loading import rules
from include.loading.csv.job import Connect
from include.log import line, logger
from include.pipelines.commerce.derived import record_failure
from include.pipelines.commerce.product_graph.read import TARGETS, read_rows
from include.postgres.errors import translated
from include.postgres.session import LoadSession, begin, lock, snapshot
from include.results import Counts, LoadResult, Reject, Status
from include.timing import Stopwatch
from include.writers.base import RefusedRow, WriteCounts
from include.writers.errors import repeat_transient
from include.writers.graph.rejects import as_reject, refused_element
from include.writers.graph.stores import GraphStore
from include.writers.graph.targets import GraphTarget

DATASET = "product_graph"
PIPELINE = "commerce_product_graph"

# Counts up when the same tables would give another graph than before: then every store is due.
METHOD = 1

# Digest of a store of which nothing is left.
NOTHING = ""

# Each store with what its graph is to show and what it shows by the last load into this graph. The load goes by the
# upload of the bundles' window, else of the newest master, else by that of the load before.
STORES = """
WITH wanted AS (
    SELECT store, md5(string_agg(concat_ws('+', load_id, replay_id), ',' ORDER BY load_id)) AS inputs,
        (array_agg(day ORDER BY dataset <> 'bundles', day DESC))[1] AS day,
        (array_agg(upload_id ORDER BY dataset <> 'bundles', day DESC))[1] AS upload_id
    FROM commerce.newest_uploads
    LEFT JOIN (
        SELECT load_id, max(replay_id) AS replay_id FROM ledger.replays WHERE passed > 0 GROUP BY load_id
    ) AS replayed USING (load_id)
    WHERE dataset IN ('catalog', 'variants', 'bundles') AND (%(store)s::text IS NULL OR store = %(store)s)
    GROUP BY store
),
shown AS (
    SELECT DISTINCT ON (store) store, day, upload_id, digest
    FROM ledger.loads
    WHERE dataset = 'product_graph' AND status = 'loaded' AND fingerprint = %(graph)s
        AND (%(store)s::text IS NULL OR store = %(store)s)
    ORDER BY store, load_id DESC
)
SELECT store, coalesce(wanted.day, shown.day), coalesce(wanted.upload_id, shown.upload_id)::text,
    coalesce(wanted.inputs, ''), shown.digest
FROM wanted
FULL JOIN shown USING (store)
ORDER BY store
"""


@dataclass(frozen=True, slots=True)
class StoreState:
    """A store, the load's day and upload, and the digest of what the graph is to show of it; see `NOTHING`."""

    store: str
    day: dt.date
    upload_id: str
    inputs: str


@dataclass(frozen=True, slots=True)
class BuiltGraph:
    """A store with the load that the ledger has of it, and that load's facts: `graph`, and `elements` by target."""

    state: StoreState
    result: LoadResult
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        state = {**asdict(self.state), "day": self.state.day.isoformat()}
        return {**state, **self.result.as_json(), "facts": dict(self.facts)}


def due(
    connection: Connection[TupleRow], graph: GraphStore, *, store: str | None = None, again: bool = False
) -> list[StoreState]:
    """The stores whose catalog, variants or bundles are others than the graph shows; reads only.

    Args:
        connection: to a migrated database.
        graph: where they are shown. All stores are due where it is new.
        store: only this one.
        again: those too that are not due.
    """
    again = again or graph.is_new()
    return [
        state
        for state, shown in states(connection, graph, store)
        if state.inputs != (shown or NOTHING) or (again and state.inputs != NOTHING)
    ]


def graph_fingerprint(graph: GraphStore) -> str:
    """Names the graph in the ledger, and how it is made."""
    return fingerprint(graph.name, METHOD)


def lock_name(store: str) -> str:
    """Name of the lock under which one load at a time writes a store's part of a graph."""
    return f"product graph/{store}"


def build(
    connect: Connect,
    wanted: Sequence[StoreState],
    graph: GraphStore,
    source: RunSource,
    *,
    statement_timeout_ms: int = 0,
) -> Iterator[BuiltGraph]:
    """Makes the graph show what the tables hold of each store, one load each; safe to repeat.

    Args:
        connect: opens an autocommit connection; called once for each attempt.
        wanted: see `due`.
        graph: where to write to.
        source: who asks, for the ledger.
        statement_timeout_ms: of every statement on the tables; 0 is none.

    Yields:
        Each store when it is done.

    Raises:
        LongshoreError: the first that a store met, when the others are done; the ledger has each as `failed`.
    """
    first_error: LongshoreError | None = None
    with connect() as connection:
        run_id = runs.open_run(connection, source)
    for state in wanted:
        building = Building(connect, state, graph, run_id, Stopwatch(), statement_timeout_ms)
        try:
            built = repeat_transient(building.attempt)
        except LongshoreError as error:
            first_error = first_error or error
            key = building.key(state)
            record_failure(connect, key, DATASET, graph_fingerprint(graph), error, building.stopwatch)
            continue
        _say(built)
        yield built
    with connect() as connection:
        runs.close_run(connection, run_id)
    if first_error:
        raise first_error


@dataclass(frozen=True, slots=True)
class Building:
    """One store on its way: read in one snapshot, written if no load came between, then noted in the ledger.

    The graph commits before the ledger does. What is killed between the two is due still, and finds nothing to change.
    """

    connect: Connect
    state: StoreState
    graph: GraphStore
    run_id: int
    stopwatch: Stopwatch
    statement_timeout_ms: int

    def attempt(self) -> BuiltGraph:
        """The whole load."""
        with self.connect() as connection:
            with self.stopwatch.phase("read"), snapshot(connection, self._session):
                state = self._now(connection)
                rows = {} if state.inputs == NOTHING else dict(read_rows(connection, state.store))
            with translated(), connection.transaction():
                begin(connection, self._session)
                lock(connection, lock_name(state.store))
                if self._now(connection).inputs != state.inputs:
                    raise TransientError(f"The tables of {state.store} changed while they were read.")
                written, refused = self._write(rows)
                return self._record(connection, state, rows, written, refused)

    def key(self, state: StoreState) -> loads.LoadKey:
        """Whose load it is in the ledger."""
        return loads.LoadKey(self.run_id, state.upload_id, state.store, state.day.isoformat())

    @property
    def _session(self) -> LoadSession:
        return LoadSession(f"longshore product graph {self.state.store}", self.statement_timeout_ms)

    def _now(self, connection: Connection[TupleRow]) -> StoreState:
        found = states(connection, self.graph, self.state.store)
        return found[0][0] if found else replace(self.state, inputs=NOTHING)

    def _write(self, rows: Mapping[GraphTarget, pa.Table]) -> tuple[tuple[WriteCounts, ...], list[Reject]]:
        with self.graph.writer(TARGETS, self.state.store, self.stopwatch) as writer:
            for target, table in rows.items():
                writer.write(table, target)
            counts = writer.finish()
            refused = writer.refused
        return counts, element_rejects(rows, refused)

    def _record(
        self,
        connection: Connection[TupleRow],
        state: StoreState,
        rows: Mapping[GraphTarget, pa.Table],
        written: Sequence[WriteCounts],
        refused: Sequence[Reject],
    ) -> BuiltGraph:
        total = sum(written, WriteCounts())
        counts = Counts(
            **asdict(total), rows_read=sum(table.num_rows for table in rows.values()), rejected=len(refused)
        )
        result = LoadResult(
            DATASET,
            Status.LOADED,
            counts,
            digest=state.inputs,
            ms=self.stopwatch.ms,
            phases=dict(self.stopwatch.phases),
            message="" if rows else "nothing is left of the store: it was taken out of the graph",
        )
        rules.check_balance(result)
        facts = {"graph": self.graph.name, "elements": _elements(rows, written)}
        named = graph_fingerprint(self.graph)
        [load_id] = loads.record(connection, self.key(state), [result], fingerprint=named, facts={DATASET: facts})
        reasons = rejects.write(connection, load_id, refused) if refused else {}
        return BuiltGraph(state, replace(result, load_id=load_id, reasons=dict(reasons)), facts)


def states(
    connection: Connection[TupleRow], graph: GraphStore, store: str | None
) -> list[tuple[StoreState, str | None]]:
    """Each store as it is to be shown, and the digest of what is shown; None where nothing ever was."""
    wanted = {"store": store, "graph": graph_fingerprint(graph)}
    with translated():
        return [(StoreState(*row), shown) for *row, shown in connection.execute(STORES, wanted).fetchall()]


def element_rejects(rows: Mapping[GraphTarget, pa.Table], refused: Sequence[RefusedRow]) -> list[Reject]:
    """The refused rows, found by their positions over all that was written, with what is needed to write them again."""
    found, first = [], 0
    for target, table in rows.items():
        for row in refused:
            if first <= row.position < first + table.num_rows:
                values = table.slice(row.position - first, 1).to_pylist()[0]
                found.append(as_reject(refused_element(row, target, values)))
        first += table.num_rows
    return found


def _elements(rows: Mapping[GraphTarget, pa.Table], written: Sequence[WriteCounts]) -> dict[str, dict[str, int]]:
    return {
        target.name: {"rows": rows[target].num_rows if target in rows else 0, **asdict(counts)}
        for target, counts in zip(TARGETS, written, strict=True)
    }


def _say(built: BuiltGraph) -> None:
    counts, state = built.result.counts, built.state
    fields = {"rows": counts.rows_read, "deleted": counts.deleted, "rejected": counts.rejected}
    logger(DATASET).info(line("built", store=state.store, day=state.day, **fields, ms=round(built.result.ms, 1)))

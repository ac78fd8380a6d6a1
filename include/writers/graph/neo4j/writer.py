"""The bulk writer for Neo4j: the difference to what is stored, by constant UNWIND statements, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
from neo4j import Driver, Session, Transaction
from neo4j.exceptions import DriverError, Neo4jError

from include.errors import DefectError, LongshoreError, RowError, SetupError
from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.errors import FIRST_WAIT_S, repeat_transient, write_isolating
from include.writers.graph.neo4j import cypher
from include.writers.graph.neo4j.errors import translated
from include.writers.graph.rejects import RefusedElement
from include.writers.graph.rows import Difference, TargetRows, difference, elements
from include.writers.graph.targets import SOURCE, TARGET, GraphTarget, NodeTarget, Property, RelationshipTarget

# Rows and bytes of one UNWIND: from 1,000 to 20,000 rows go equally fast, and wide texts are bounded by their bytes.
BATCH_ROWS = 10_000
BATCH_BYTES = 8 * 1024 * 1024

# Stored rows that the server is asked for in one list, which it makes in its heap (300 bytes a row) before it sends it.
STORED_ROWS = 100_000

# The server's own number of a stored relationship, within the transaction.
ELEMENT = Property("_element", pa.int64())

# Arrow types that have a place in Neo4j; lists of them too.
STORABLE = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_boolean,
    pa.types.is_signed_integer,
    pa.types.is_floating,
    pa.types.is_date,
    pa.types.is_timestamp,
)


class Neo4jUnwindWriter:
    """Writes Arrow data into labels and relationship types, wholly visible or not at all.

    What is stored of the scope is read first, and only what differs is written: a load that changes nothing writes
    nothing. All rows of a load are held in memory until the block is left.

    Args:
        driver: of a server or cluster; the writer opens one session on it.
        targets: labels and relationship types to fill; the labels of a relationship's ends need not be among them.
        scope: the value of the targets' scope properties for which this load speaks.
        partial: the rows are not all that there is of the scope: nothing is deleted.
        database: its name; None is the user's home database.
        first_wait_s: seconds before the first repetition after a transient error.
        stopwatch: takes the times of the phases begin, merge and commit.

    Raises:
        TransientError, SetupError: see include/errors.py; nothing is visible then.
    """

    def __init__(
        self,
        driver: Driver,
        targets: Sequence[GraphTarget],
        *,
        scope: str | int | None = None,
        partial: bool = False,
        database: str | None = None,
        first_wait_s: float = FIRST_WAIT_S,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self._driver = driver
        self._rows = {target: TargetRows(_checked(target, scope)) for target in targets}
        self._scope = scope
        self._partial = partial
        self._database = database
        self._first_wait_s = first_wait_s
        self._stopwatch = stopwatch or Stopwatch()
        self._session: Session
        self._transaction: Transaction | None = None
        self._orphans: list[RefusedElement] = []
        self._written = 0
        self._state = "new"

    @property
    def refused(self) -> tuple[RefusedElement, ...]:
        """Rows without a key or an end and rows that the server would not take, in the order they were written."""
        found = [*self._orphans, *(row for rows in self._rows.values() for row in rows.refused)]
        return tuple(sorted(found, key=lambda row: row.position))

    def __enter__(self) -> Self:
        # Without notifications: a property that no element has yet is no news to the first load.
        self._session = self._driver.session(database=self._database, notifications_min_severity="OFF")
        try:
            with self._stopwatch.phase("begin"):
                repeat_transient(self._ensure_schema, first_wait_s=self._first_wait_s)
        except LongshoreError:
            self._session.close()
            raise
        self._state = "open"
        return self

    def write(self, data: ArrowStream, target: GraphTarget | None = None) -> None:
        """Takes rows for a target; see `GraphWriter.write`."""
        self._expect("open")
        if target is None and len(self._rows) > 1:
            raise DefectError(f"The writer has {len(self._rows)} targets, and the rows do not say which is theirs.")
        rows = self._rows[target or next(iter(self._rows))]
        for batch in batches(data):
            rows.add(batch, self._written)
            self._written += batch.num_rows

    def finish(self) -> tuple[WriteCounts, ...]:
        """Makes the written rows the truth of their scope; see `Writer.finish`."""
        self._expect("open")
        with self._stopwatch.phase("merge"):
            counts = self._apply_but_for_refused()
        self._state = "finished"
        return tuple(counts[target] for target in self._rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finished, self._state = self._state == "finished", "closed"
        try:
            if error is None and finished and self._transaction is not None:
                with translated(), self._stopwatch.phase("commit"):
                    self._transaction.commit()
        finally:
            self._roll_back()
            self._session.close()

    def _expect(self, state: str) -> None:
        if self._state != state:
            raise DefectError(f"The writer is {self._state}, where {state} was expected.")

    def _ensure_schema(self) -> None:
        """Constraints and indexes of all labels, the relationships' ends included, ready to be used."""
        ends = [end for target in self._rows if isinstance(target, RelationshipTarget) for end in _ends(target)]
        labels = [*(target for target in self._rows if isinstance(target, NodeTarget)), *ends]
        wanted = dict.fromkeys(lookup for label in labels for lookup in cypher.schema(label))
        with translated():
            there = {cypher.Lookup(*record) for record in self._session.run(cypher.ready())}
            absent = [lookup for lookup in wanted if lookup not in there]
            for lookup in absent:
                self._session.run(lookup.statement).consume()
            if absent:
                self._session.run("CALL db.awaitIndexes()").consume()

    def _apply_but_for_refused(self) -> dict[GraphTarget, WriteCounts]:
        while True:
            try:
                return repeat_transient(self._apply, first_wait_s=self._first_wait_s)
            except _RefusedBatchError as fault:
                self._find_guilty(fault)

    def _find_guilty(self, fault: _RefusedBatchError) -> None:
        """Takes the rows out of the load for which the server refuses the batch: each stands alone at last."""
        self._roll_back()

        def probe(rows: pa.RecordBatch) -> None:
            repeat_transient(lambda: self._probe(fault.target, rows), first_wait_s=self._first_wait_s)

        refused = elements(fault.target, fault.batch, write_isolating(fault.batch, probe, 0))
        if not refused:
            # Rows that contradict each other over batches: none of them is at fault alone.
            raise fault.error
        self._rows[fault.target].drop(refused)

    def _probe(self, target: GraphTarget, rows: pa.RecordBatch) -> None:
        with translated(), self._session.begin_transaction() as transaction:
            transaction.run(cypher.probe(target), rows=_parameters(target, rows)).consume()
            transaction.rollback()

    def _apply(self) -> dict[GraphTarget, WriteCounts]:
        """All of the load but its commit, in a transaction of its own; can be repeated."""
        self._roll_back()
        with translated():
            self._transaction = self._session.begin_transaction()
        prepared = {target: rows.prepared() for target, rows in self._rows.items()}
        work = self._differences({target: rows for target, (rows, _) in prepared.items()})
        counts = {target: WriteCounts(duplicates=prepared[target][1]) for target in self._rows}
        nodes: list[GraphTarget] = [target for target in work if isinstance(target, NodeTarget)]
        relationships: list[GraphTarget] = [target for target in work if isinstance(target, RelationshipTarget)]
        for target in nodes:
            counts[target] += self._write(target, work[target])
        for target in [] if self._partial else [*relationships, *nodes]:
            counts[target] += self._delete(target, work[target].delete)
        for target in relationships:
            counts[target] += self._write(target, work[target])
        return counts

    def _differences(self, rows: dict[GraphTarget, pa.Table]) -> dict[GraphTarget, Difference]:
        """What each target needs, nodes first; relationships whose end this load removes are refused on the way."""
        self._orphans = []
        work: dict[GraphTarget, Difference] = {}
        for target in sorted(rows, key=lambda target: isinstance(target, RelationshipTarget)):
            own = rows[target]
            if isinstance(target, RelationshipTarget) and not self._partial:
                vanished = {side: work[end].delete.column(0) for side, end in _sides(target) if end in work}
                own = self._without_orphans(target, own, vanished)
            work[target] = difference(target, own, self._stored(target))
        return work

    def _attached(self, target: RelationshipTarget, rows: pa.Table) -> pa.Table:
        """The relationships both of whose ends the store has by now; the others are refused."""
        return self._without_orphans(
            target, rows, {side: self._unknown(end, rows[side]) for side, end in _sides(target)}
        )

    def _unknown(self, end: NodeTarget, keys: pa.ChunkedArray) -> pa.Array:
        """Those of the keys that no node has."""
        table = pa.table([pc.unique(keys)], names=[end.key.name])
        found = [
            record[0]
            for batch in batches(table, BATCH_ROWS, BATCH_BYTES)
            for record in self._ask(cypher.missing(end), rows=_columns_as_rows(batch, 1))
        ]
        return pa.array(found, end.key.type)

    def _without_orphans(
        self, target: RelationshipTarget, rows: pa.Table, absent: dict[str, pa.Array | pa.ChunkedArray]
    ) -> pa.Table:
        """The relationships but for those with an end among the absent keys of its side: these are refused."""
        for side, end in _sides(target):
            if side in absent and len(absent[side]):
                lost = pc.is_in(rows[side], value_set=absent[side])
                error = RowError(f"There is no {end.label} with this {side} key.", column=side, code="orphan")
                for batch in rows.filter(lost).to_batches():
                    everyone = [RefusedRow(place, error) for place in range(batch.num_rows)]
                    self._orphans += elements(target, batch, everyone)
                rows = rows.filter(pc.invert(lost))
        return rows

    def _stored(self, target: GraphTarget) -> pa.Table:
        wanted = [*target.columns, *([ELEMENT] if isinstance(target, RelationshipTarget) else [])]
        ((rows,),) = self._ask(cypher.count(target), scope=self._scope)
        parts = -(-rows // STORED_ROWS)
        found = []
        for part in range(parts):
            ((rows,),) = self._ask(cypher.stored(target), scope=self._scope, part=part, parts=parts)
            found.append(_as_table(target, wanted, rows))
        schema = pa.schema([(column.name, column.type) for column in wanted])
        return pa.concat_tables([schema.empty_table(), *found])

    def _ask(self, statement: str, **parameters: Any) -> list[list[Any]]:
        with translated():
            return self._open_transaction.run(statement, **parameters).values()

    def _write(self, target: GraphTarget, work: Difference) -> WriteCounts:
        created = attached = 0
        for batch in batches(work.write, BATCH_ROWS, BATCH_BYTES):
            with _blaming(target, batch), translated():
                result = self._open_transaction.run(cypher.write_counted(target), rows=_parameters(target, batch))
                written = result.value()[0]
                counters = result.consume().counters
            created += counters.relationships_created + counters.nodes_created
            if written != batch.num_rows and isinstance(target, RelationshipTarget):
                written = self._attached(target, pa.Table.from_batches([batch])).num_rows
            attached += written
        return WriteCounts(inserted=created, updated=attached - created, unchanged=work.unchanged)

    def _delete(self, target: GraphTarget, vanished: pa.Table) -> WriteCounts:
        deleted = 0
        identity = target.key if isinstance(target, NodeTarget) else ELEMENT
        for batch in batches(vanished.select([identity.name]), BATCH_ROWS, BATCH_BYTES):
            with translated():
                names = batch.column(0).to_pylist()
                counters = self._open_transaction.run(cypher.delete(target), names=names).consume().counters
            of_nodes = isinstance(target, NodeTarget)
            deleted += counters.nodes_deleted if of_nodes else counters.relationships_deleted
        return WriteCounts(deleted=deleted)

    @property
    def _open_transaction(self) -> Transaction:
        if self._transaction is None:
            raise DefectError("The writer has no transaction.")
        return self._transaction

    def _roll_back(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            with suppress(Neo4jError, DriverError):  # the server has ended it, or is gone: nothing of it is left
                transaction.close()


class _RefusedBatchError(LongshoreError):
    """A batch that the server refuses for one of its rows; nothing of the load's transaction is left."""

    def __init__(self, target: GraphTarget, batch: pa.RecordBatch, error: RowError) -> None:
        super().__init__(error.what, error.remedy)
        self.target = target
        self.batch = batch
        self.error = error


@contextmanager
def _blaming(target: GraphTarget, batch: pa.RecordBatch) -> Iterator[None]:
    try:
        yield
    except RowError as error:
        raise _RefusedBatchError(target, batch, error) from error


def _checked(target: GraphTarget, scope: object) -> GraphTarget:
    for column in target.columns:
        kind = column.type.value_type if pa.types.is_list(column.type) else column.type
        if not any(storable(kind) for storable in STORABLE):
            raise DefectError(f"{column.name} of {target.name} is {column.type}, which has no place in Neo4j.")
    if isinstance(target, NodeTarget) and target.scope is not None and scope is None:
        raise DefectError(f"{target.label} is divided by {target.scope}, and the load does not say its scope.")
    return target


def _ends(target: RelationshipTarget) -> tuple[NodeTarget, NodeTarget]:
    return target.source, target.target


def _sides(target: RelationshipTarget) -> tuple[tuple[str, NodeTarget], tuple[str, NodeTarget]]:
    return (SOURCE, target.source), (TARGET, target.target)


def _parameters(target: GraphTarget, batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
    return _columns_as_rows(batch, len(target.columns))


def _columns_as_rows(batch: pa.RecordBatch, count: int) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in batch.columns[:count]), strict=True))


def _as_table(target: GraphTarget, wanted: Sequence[Property], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """The server's rows in the wanted columns."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(wanted)
    arrays = []
    for column, values in zip(wanted, columns, strict=True):
        try:
            arrays.append(pa.array(_natives(values, column.type), column.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise SetupError(
                f"{target.name} holds values of {column.name} in the graph that are not {column.type}.",
                "Remove the elements that another program wrote, or correct the type.",
            ) from error
    return pa.table(arrays, names=[column.name for column in wanted])


def _natives(values: Sequence[Any], kind: pa.DataType) -> Sequence[Any]:
    """The driver's own dates and moments as Python's; other values are Python's already."""
    if pa.types.is_list(kind):
        return [_natives(value, kind.value_type) if isinstance(value, list) else value for value in values]
    return [_native(value) for value in values] if pa.types.is_temporal(kind) else values


def _native(value: Any) -> Any:
    return value.to_native() if hasattr(value, "to_native") else value

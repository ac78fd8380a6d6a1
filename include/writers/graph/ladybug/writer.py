"""The bulk writer for Ladybug, the embedded graph: one COPY for each table, only of what differs, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from include.errors import DefectError, RowError
from include.timing import Stopwatch
from include.writers.base import ArrowStream, RefusedRow, WriteCounts
from include.writers.batching import batches
from include.writers.errors import ATTEMPTS, FIRST_WAIT_S
from include.writers.graph.ladybug import cypher
from include.writers.graph.ladybug.probe import guilty_rows
from include.writers.graph.ladybug.schema import check_description, missing
from include.writers.graph.ladybug.session import Session, writing
from include.writers.graph.staging import Difference, StagedTarget, Staging
from include.writers.graph.targets import SOURCE, TARGET, GraphTarget, NodeTarget, RelationshipTarget

# A store that refuses rows one after the other would be asked for ever; each attempt finds all guilty rows of a target.
MAX_ATTEMPTS = 20


# Where more than this share of a table's relationships changes or goes, and more than so many, the table is written
# anew: SET and DELETE take 15 to 30 us a relationship, COPY 3 to 4 us for each that is there afterwards.
UPHEAVAL_SHARE = 0.15
UPHEAVAL_ROWS = 10_000

# Columns of staged relationships that hold their ends, and what rows call them.
ENDS = {"c0": SOURCE, "c1": TARGET}


class LadybugCopyWriter:
    """Writes Arrow data into one or more labels and relationship types, wholly visible or not at all.

    The file is held from entering the block to leaving it.

    Args:
        path: the database file; made where absent.
        targets: what to fill; tables are made where absent.
        scope: the value of the targets' scope property: the slice that this load is the truth of. Needed where a
            target has one.
        stopwatch: takes the times of the phases begin, stage, compare, copy and commit.
        attempts: how often to try to get hold of the file, with waits that double from `first_wait_s` seconds.
        first_wait_s: see `attempts`.

    Raises:
        TransientError: another process holds the file; the message names it.
        SetupError: the file is none of Ladybug's, or a table has other columns; the message says what to do.
    """

    def __init__(
        self,
        path: Path,
        targets: Sequence[GraphTarget],
        *,
        scope: str | int | None = None,
        stopwatch: Stopwatch | None = None,
        attempts: int = ATTEMPTS,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.path = path
        self._targets = tuple(targets)
        check_description(self._targets)
        if scope is None and any(cypher.slice_of(target) for target in self._targets):
            raise DefectError("A target has a scope, and the load names no value of it.")
        self._scope = scope
        self._stopwatch = stopwatch or Stopwatch()
        self._holding: AbstractContextManager[Session] = writing(path, attempts=attempts, first_wait_s=first_wait_s)
        self._session: Session
        self._staging: Staging
        self._refused: list[RefusedRow] = []
        self._differs = False
        self._state = "new"

    @property
    def written(self) -> int:
        """Rows given to `write` so far, refused ones included."""
        return self._staging.rows

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Rows that the graph would not take, in the order they were written; known once `finish` was called."""
        return tuple(sorted(self._refused, key=lambda row: row.position))

    def __enter__(self) -> Self:
        with self._stopwatch.phase("begin"):
            self._session = self._holding.__enter__()
            try:
                list(missing(self._targets, self._session.rows))
            except BaseException as error:
                self._holding.__exit__(type(error), error, error.__traceback__)
                raise
            self._staging = Staging(self._targets)
        self._state = "open"
        return self

    def write(self, data: ArrowStream, target: GraphTarget | None = None) -> None:
        """Stages rows for a target; None where there is only one. See `Writer.write`."""
        self._expect("open")
        staged = self._staged(target)
        with self._stopwatch.phase("stage"):
            for batch in batches(data):
                self._staging.add(staged, batch)

    def finish(self) -> tuple[WriteCounts, ...]:
        """Writes what differs; see `Writer.finish`. The counts stand in the order of the targets."""
        self._expect("open")
        self._state = "failed"
        for staged in self._staging.tables:
            self._refuse(staged.take_without_key(), "A key is null.", "null_key")
        for _ in range(MAX_ATTEMPTS):
            counts = self._attempt()
            if counts is not None:
                self._state = "finished"
                return counts
        raise DefectError(f"Ladybug went on refusing rows after {MAX_ATTEMPTS} attempts.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        finished, self._state = self._state == "finished", "closed"
        try:
            self._staging.close()
            if finished and error is None:
                with self._stopwatch.phase("commit"):
                    self._session.run("COMMIT")
                    self._session.keep = self._differs
        except BaseException as failure:
            self._holding.__exit__(type(failure), failure, failure.__traceback__)
            raise
        with self._stopwatch.phase("commit"):
            self._holding.__exit__(kind, error, trace)

    def _expect(self, state: str) -> None:
        if self._state != state:
            raise DefectError(f"The writer is {self._state}, where {state} was expected.")

    def _staged(self, target: GraphTarget | None) -> StagedTarget:
        found = [staged for staged in self._staging.tables if target in (None, staged.target)]
        if len(found) != 1:
            named = "no target" if target is None else target.name
            raise DefectError(f"A write names {named}; the writer has {', '.join(t.name for t in self._targets)}.")
        return found[0]

    def _attempt(self) -> tuple[WriteCounts, ...] | None:
        """The whole load in a new transaction; None where a COPY refused rows, which are taken out then.

        Ladybug rolls a transaction back as soon as one of its statements fails.
        """
        self._session.run("BEGIN TRANSACTION")
        new_tables = list(missing(self._targets, self._session.rows))
        for statement in new_tables:
            self._session.run(statement)
        nodes = {staged.target: staged for staged in self._staging.tables if isinstance(staged.target, NodeTarget)}
        differences: dict[GraphTarget, Difference] = {}
        for kind in (NodeTarget, RelationshipTarget):
            for staged in self._staging.tables:
                if not isinstance(staged.target, kind):
                    continue
                with self._stopwatch.phase("compare"):
                    differences[staged.target] = self._compared(staged, nodes)
                if not self._written_out(differences[staged.target]):
                    return None
        for staged in nodes.values():
            if differences[staged.target].gone:
                self._session.run(cypher.delete(staged.target), rows=staged.gone())
        self._differs = bool(new_tables) or any(d.new or d.changed or d.gone for d in differences.values())
        return tuple(_counts(differences[target]) for target in self._targets)

    def _compared(self, staged: StagedTarget, nodes: dict[NodeTarget, StagedTarget]) -> Difference:
        target = staged.target
        staged.forget_stored()
        if isinstance(target, RelationshipTarget):
            self._refuse_orphans(staged, "c0", target.source, nodes)
            self._refuse_orphans(staged, "c1", target.target, nodes)
        if self._session.rows(cypher.count(target)) != [[0]]:
            scope = {"scope": self._scope} if cypher.slice_of(target) else {}
            staged.stored(self._session.table(cypher.stored(target), **scope), in_slice=True)
            elsewhere = staged.keys_not_stored() if scope else None
            if elsewhere is not None and isinstance(target, RelationshipTarget):
                elsewhere = _beginning_outside(elsewhere, self._session.table(cypher.sources_in_slice(target), **scope))
            if elsewhere is not None and elsewhere.num_rows:
                staged.stored(self._session.table(cypher.look_up(target), rows=elsewhere), in_slice=False)
        return staged.compare()

    def _refuse_orphans(
        self, staged: StagedTarget, column: str, label: NodeTarget, nodes: dict[NodeTarget, StagedTarget]
    ) -> None:
        unknown = staged.ends(column, nodes.get(label))
        if unknown.num_rows:
            stored = self._session.table(cypher.present(label), rows=unknown)
            orphans = staged.take_orphans(column, nodes.get(label), stored)
            self._refuse(orphans, f"There is no {label.label} with the key in `{ENDS[column]}`.", "orphan")

    def _written_out(self, difference: Difference) -> bool:
        """Writes a target's new and changed rows and removes its relationships that are gone; False where it cannot."""
        staged, target = difference.rows, difference.rows.target
        with self._stopwatch.phase("copy"):
            try:
                if isinstance(target, RelationshipTarget) and self._is_upheaval(difference, target):
                    self._write_anew(staged, target)
                else:
                    self._write_difference(difference)
            except RowError:
                self._isolate(staged)
                return False
        return True

    def _write_difference(self, difference: Difference) -> None:
        staged, target = difference.rows, difference.rows.target
        if difference.gone and isinstance(target, RelationshipTarget):
            self._session.run(cypher.delete(target), rows=staged.gone())
        if difference.changed:
            self._session.run(cypher.update(target), rows=staged.changed())
        if difference.new:
            self._session.run(cypher.copy(target), rows=staged.new())

    def _is_upheaval(self, difference: Difference, target: RelationshipTarget) -> bool:
        touched = difference.changed + difference.gone
        if touched < UPHEAVAL_ROWS or len(self._session.rows(cypher.pairs(target))) != 1:
            return False
        ((stored,),) = self._session.rows(cypher.count(target))
        return bool(touched > stored * UPHEAVAL_SHARE)

    def _write_anew(self, staged: StagedTarget, target: RelationshipTarget) -> None:
        """The relationship table as it has to be, other slices included, in place of the one that is there."""
        rows = staged.whole(self._session.table(cypher.stored_anywhere(target)))
        self._session.run(cypher.drop(target))
        for statement in list(missing([target], self._session.rows)):
            self._session.run(statement)
        self._session.run(cypher.copy(target), rows=rows)

    def _isolate(self, staged: StagedTarget) -> None:
        refused = guilty_rows(staged.target, staged.to_write())
        staged.take_positions([row.position for row in refused])
        self._refused += refused

    def _refuse(self, positions: list[int], what: str, code: str) -> None:
        self._refused += [RefusedRow(position, RowError(what, code=code)) for position in positions]


def _beginning_outside(keys: pa.Table, sources: pa.Table) -> pa.Table:
    """Those keys of relationships whose source is none of these nodes."""
    inside = pc.is_in(keys["c0"], value_set=sources["c0"].combine_chunks())
    return keys.filter(pc.invert(inside))


def _counts(difference: Difference) -> WriteCounts:
    return WriteCounts(
        inserted=difference.new,
        updated=difference.changed,
        unchanged=difference.unchanged,
        deleted=difference.gone,
        duplicates=difference.duplicates,
    )

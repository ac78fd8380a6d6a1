"""Which rows does Ladybug refuse? Asked of an empty database in memory, where a failed statement costs nothing.

In the real one a failing COPY ends the load's transaction and seldom says which row it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import ladybug
import pyarrow as pa
import pyarrow.compute as pc

from include.errors import DefectError
from include.writers.base import RefusedRow
from include.writers.batching import batches
from include.writers.errors import write_isolating
from include.writers.graph.ladybug import cypher
from include.writers.graph.ladybug.schema import missing
from include.writers.graph.ladybug.session import MEGABYTE, Session
from include.writers.graph.targets import GraphTarget, NodeTarget, RelationshipTarget

POOL_BYTES = 256 * MEGABYTE


def guilty_rows(target: GraphTarget, rows: pa.Table) -> list[RefusedRow]:
    """The rows that Ladybug does not take, in order.

    Args:
        target: what they are for.
        rows: the target's columns as c0, c1, ... and `position`; each key once.

    Raises:
        DefectError: it takes all of them: then something else is wrong.
    """
    found: list[RefusedRow] = []
    bare = _bare(target)
    with _scratch(bare, rows) as session:

        def write(batch: pa.RecordBatch) -> None:
            session.run(cypher.copy(bare), rows=pa.table(batch).drop_columns(["position"]))

        for batch in batches(rows):
            for row in write_isolating(batch, write, 0):
                found.append(replace(row, position=batch["position"][row.position].as_py()))
    if not found:
        raise DefectError(f"Ladybug refused rows for {target.name} together, and takes each of them alone.")
    return sorted(found, key=lambda row: row.position)


@contextmanager
def _scratch(target: GraphTarget, rows: pa.Table) -> Iterator[Session]:
    """A database in memory with the target's tables, and the nodes at the ends of its relationships."""
    with (
        ladybug.Database(":memory:", buffer_pool_size=POOL_BYTES) as database,
        tempfile.TemporaryDirectory(prefix="longshore-graph-") as folder,
    ):
        session = Session(Path(":memory:"), database, Path(folder, "rows.parquet"))
        try:
            for statement in list(missing([target], session.rows)):
                session.run(statement)
            if isinstance(target, RelationshipTarget):
                _fill(session, target, rows)
            yield session
        finally:
            session.close()


def _bare(target: GraphTarget) -> GraphTarget:
    """A relationship whose ends are keys and nothing else."""
    if isinstance(target, NodeTarget):
        return target
    source, end = (NodeTarget(node.label, node.key) for node in (target.source, target.target))
    return replace(target, source=source, target=end)


def _fill(session: Session, target: RelationshipTarget, rows: pa.Table) -> None:
    keys: dict[NodeTarget, list[pa.ChunkedArray]] = {}
    for column, node in (("c0", target.source), ("c1", target.target)):
        keys.setdefault(node, []).append(rows[column])
    for node, columns in keys.items():
        chunks = [chunk for column in columns for chunk in column.chunks]
        distinct = pc.unique(pa.chunked_array(chunks, node.key.type))
        session.run(cypher.copy(node), rows=pa.table({"c0": distinct}))

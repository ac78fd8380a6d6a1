"""Neo4j: our writer beside a bare loop of the driver's best UNWIND, for nodes and relationships, new and again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import pyarrow as pa

from benchmarks.harness import Case, Row, measure
from include.stack.neo4j.server import LOGIN, EmbeddedNeo4j
from include.writers.graph.neo4j import cypher
from include.writers.graph.targets import NodeTarget, Property, RelationshipTarget

BENCH = "graph (Neo4j)"
SEED = 20250303

# Of the time of a bare loop, which commits batch by batch and neither counts, refuses nor removes anything. The bar is
# 0.8 of its rows a second.
BAR = 1.25

# Rows that the benchmark is asked for, per node and per relationship: a million make 100,000 and 300,000, which is what
# a transaction of 1.4 GB takes.
ROWS_PER_NODE, ROWS_PER_RELATIONSHIP = 10, 3.333

BATCH_ROWS = 10_000
STORE = "shop"

TEXT = pa.string()
VARIANT = NodeTarget(
    "Variant",
    Property("key", TEXT),
    (Property("title", TEXT), Property("price", pa.float64()), Property("store", TEXT)),
    scope="store",
)
WITH = RelationshipTarget(
    "BOUGHT_WITH", VARIANT, VARIANT, (Property("support", pa.int64()), Property("lift", pa.float64()))
)


@dataclass(frozen=True, slots=True)
class Work:
    """The server, and how large the graph is."""

    uri: str
    password: str
    nodes: int
    relationships: int


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures Neo4j alone; rows are nodes and relationships together, as `ROWS_PER_...` say."""
    server = EmbeddedNeo4j(home / "neo4j")
    uri = server.start()
    nodes, relationships = max(100, rows // ROWS_PER_NODE), max(300, int(rows / ROWS_PER_RELATIONSHIP))
    work = Work(uri, server.password, nodes, relationships)
    measured = measure(BENCH, CASES, work, rows=0, rounds=rounds, server_pid=server.status().pid)
    sizes = {"nodes": nodes, "relationships": relationships}
    return [replace(row, rows=sizes[row.case.split(",")[0]]) for row in measured]


def bare(target: NodeTarget | RelationshipTarget, work: Work) -> None:
    """What anyone would write at best: a managed transaction for each 10,000 sorted rows."""
    rows = _rows(target, work)
    columns = [column.name for column in target.columns]
    with _driver(work) as driver, driver.session() as session:
        for start in range(0, rows.num_rows, BATCH_ROWS):
            batch = rows.slice(start, BATCH_ROWS).select(columns)
            values = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
            session.execute_write(lambda tx, values=values: tx.run(cypher.write(target), rows=values).consume())


def longshore(target: NodeTarget | RelationshipTarget, work: Work) -> None:
    """Our writer, from the same table."""
    from include.writers.graph.neo4j.writer import Neo4jUnwindWriter

    with _driver(work) as driver, Neo4jUnwindWriter(driver, [target], scope=STORE) as writer:
        writer.write(_rows(target, work))
        writer.finish()


def _ready(target: NodeTarget | RelationshipTarget, work: Work) -> None:
    """Both ways find their libraries imported and the rows in memory."""
    import include.writers.graph.neo4j.writer  # noqa: F401

    _rows(target, work)


@cache
def _rows(target: NodeTarget | RelationshipTarget, work: Work) -> pa.Table:
    numbers = random.Random(SEED)  # noqa: S311 # the same input for everyone
    keys = [f"v{number:07}" for number in range(work.nodes)]
    if isinstance(target, NodeTarget):
        values = [[f"title {key}" for key in keys], [numbers.random() * 100 for _ in keys], [STORE] * len(keys)]
        return pa.table([keys, *values], names=["key", "title", "price", "store"])
    pairs = sorted({(numbers.choice(keys), numbers.choice(keys)) for _ in range(work.relationships)})
    ends = [list(side) for side in zip(*pairs, strict=True)]
    return pa.table([*ends, list(range(len(pairs))), [1.5] * len(pairs)], names=["source", "target", "support", "lift"])


def _driver(work: Work):  # type: ignore[no-untyped-def] # the driver stays unimported
    from neo4j import GraphDatabase

    return GraphDatabase.driver(work.uri, auth=(LOGIN, work.password), notifications_min_severity="OFF")


def _run(work: Work, *statements: str) -> None:
    with _driver(work) as driver, driver.session() as session:
        for statement in statements:
            session.run(statement).consume()


def _empty(work: Work) -> None:
    wipe = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 20000 ROWS"
    _run(work, wipe, *(lookup.statement for lookup in cypher.schema(VARIANT)), "CALL db.awaitIndexes()")


def _nodes_only(work: Work) -> None:
    _empty(work)
    bare(VARIANT, work)


def _both(work: Work) -> None:
    _nodes_only(work)
    bare(WITH, work)


def _cases(name: str, target: NodeTarget | RelationshipTarget, prepare: Callable[[Work], None]) -> tuple[Case, Case]:
    limit = f"{name}: a bare loop of UNWIND"
    ready = partial(_ready, target)
    return (
        Case(limit, partial(bare, target), prepare, ready, note="commits batch by batch; removes and counts nothing"),
        Case(f"{name}: longshore", partial(longshore, target), prepare, ready, reference=limit, bar=BAR),
    )


CASES = (
    *_cases("nodes, new", VARIANT, _empty),
    *_cases("nodes, again", VARIANT, _nodes_only),
    *_cases("relationships, new", WITH, _nodes_only),
    *_cases("relationships, again", WITH, _both),
)

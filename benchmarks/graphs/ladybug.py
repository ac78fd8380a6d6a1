"""Ladybug: our writer beside a bare COPY from Parquet, into a new graph and into a filled one."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import Case, Row, measure
from include.writers.graph.targets import NodeTarget, Property, RelationshipTarget

BENCH = "graph (Ladybug)"
SEED = 20250303

# Of a bare COPY from Parquet, which neither looks for duplicates, orphans and null keys nor counts anything.
BAR = 1.2

# Rows that the benchmark is asked for, per node and per relationship: a million make 100,000 and 500,000.
ROWS_PER_NODE, ROWS_PER_RELATIONSHIP = 10, 2

# What comes into the filled graph.
MORE_NODES, MORE_RELATIONSHIPS = 2_500, 5_000

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

SCHEMA = (
    "CREATE NODE TABLE Variant(key STRING PRIMARY KEY, title STRING, price DOUBLE, store STRING)",
    "CREATE REL TABLE BOUGHT_WITH(FROM Variant TO Variant, support INT64, lift DOUBLE)",
)
BUFFER_BYTES = 512 * 1024 * 1024
THREADS = 4
BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Work:
    """Where the files lie: Parquet files by store, the graph that a case fills, and a filled one to begin with."""

    folder: str

    def file(self, name: str) -> Path:
        return Path(self.folder) / name

    @property
    def graph(self) -> Path:
        return self.file("graph.lbdb")


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures Ladybug alone; rows are nodes and relationships together, as `ROWS_PER_...` say."""
    work = Work(str(home))
    nodes, relationships = max(100, rows // ROWS_PER_NODE), max(500, rows // ROWS_PER_RELATIONSHIP)
    _write_files(work, "first", nodes, relationships)
    _write_files(work, "second", MORE_NODES, MORE_RELATIONSHIPS)
    _remove(work)
    longshore("first", work)
    shutil.copyfile(work.graph, work.file("filled.lbdb"))
    return measure(BENCH, CASES, work, rows=nodes + relationships, rounds=rounds, server_pid=None)


def bare_copy(store: str, work: Work, *, suffix: str = "") -> None:
    """What anyone would write: two COPYs in one transaction."""
    import ladybug

    with ladybug.Database(work.graph, buffer_pool_size=BUFFER_BYTES, max_num_threads=THREADS) as database:
        connection = ladybug.Connection(database)
        if store == "first":
            for statement in SCHEMA:
                connection.execute(statement)
        connection.execute("BEGIN TRANSACTION")
        connection.execute(f"COPY Variant FROM '{work.file(f'{store}-nodes.parquet')}'")
        connection.execute(f"COPY BOUGHT_WITH FROM '{work.file(f'{store}-relationships{suffix}.parquet')}'")
        connection.execute("COMMIT")
        connection.close()


def longshore(store: str, work: Work) -> None:
    """Our writer, from the same files."""
    from include.writers.graph.ladybug.writer import LadybugCopyWriter

    with LadybugCopyWriter(work.graph, [VARIANT, WITH], scope=store) as writer:
        writer.write(_streamed(work.file(f"{store}-nodes.parquet")), VARIANT)
        writer.write(_streamed(work.file(f"{store}-relationships.parquet")), WITH)
        writer.finish()


def _streamed(path: Path) -> pa.RecordBatchReader:
    """A file's rows, never all at once; `read_table` would import pandas besides."""
    file = pq.ParquetFile(path)
    return pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(BATCH_ROWS))


def _ready(_work: Work) -> None:
    """Both ways find their libraries imported."""
    import duckdb  # noqa: F401
    import ladybug  # noqa: F401

    import include.writers.graph.ladybug.writer  # noqa: F401


def _remove(work: Work) -> None:
    for path in Path(work.folder).glob("graph.lbdb*"):
        path.unlink()


def _fill(work: Work) -> None:
    _remove(work)
    shutil.copyfile(work.file("filled.lbdb"), work.graph)


def _fill_with_both(work: Work) -> None:
    _fill(work)
    longshore("second", work)


def _case(name: str, run: Callable[..., None], prepare: Callable[[Work], None], **more: object) -> Case:
    return Case(name, run, prepare=prepare, ready=_ready, **more)  # type: ignore[arg-type]


MORE = MORE_NODES + MORE_RELATIONSHIPS

CASES = (
    _case("new: bare COPY from Parquet", partial(bare_copy, "first"), _remove),
    _case(
        "new: longshore",
        partial(longshore, "first"),
        _remove,
        reference="new: bare COPY from Parquet",
        bar=BAR,
        note="deduplicates, refuses orphans, counts",
    ),
    _case(
        "new: bare COPY, sorted before",
        partial(bare_copy, "first", suffix="-sorted"),
        _remove,
        reference="new: bare COPY from Parquet",
        note="the file was sorted by source and target outside of the clock",
    ),
    _case("filled: bare COPY from Parquet", partial(bare_copy, "second"), _fill, rows=MORE),
    _case(
        "filled: longshore",
        partial(longshore, "second"),
        _fill,
        reference="filled: bare COPY from Parquet",
        rows=MORE,
        note="compares with what is stored, works on a copy of the file",
    ),
    _case(
        "filled: longshore, again",
        partial(longshore, "second"),
        _fill_with_both,
        reference="filled: bare COPY from Parquet",
        rows=MORE,
        note="nothing differs, and nothing is written",
    ),
)


def _write_files(work: Work, store: str, nodes: int, relationships: int) -> None:
    draw = random.Random(f"{SEED} {store}")  # noqa: S311 # test data
    keys = [f"{store}-{number:07d}" for number in range(nodes)]
    variants = {
        "key": keys,
        "title": [f"Title of {number}" for number in range(nodes)],
        "price": [draw.random() * 100 for _ in keys],
        "store": [store] * nodes,
    }
    pairs = draw.sample(range(nodes * nodes), relationships)
    together = pa.table(
        {
            "source": [keys[pair // nodes] for pair in pairs],
            "target": [keys[pair % nodes] for pair in pairs],
            "support": [draw.randrange(1, 1000) for _ in pairs],
            "lift": [draw.random() * 5 for _ in pairs],
        }
    )
    pq.write_table(pa.table(variants), work.file(f"{store}-nodes.parquet"))
    pq.write_table(together, work.file(f"{store}-relationships.parquet"))
    by_ends = together.sort_by([("source", "ascending"), ("target", "ascending")])
    pq.write_table(by_ends, work.file(f"{store}-relationships-sorted.parquet"))

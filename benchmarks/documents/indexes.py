"""What the indexes beside the vectors take to build, and how many of the nearest ten they find."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from psycopg import Connection

from benchmarks.documents.truths import lines, truths
from include.embeddings import Embedder, Vectors
from include.pipelines.documents.index import hnsw
from include.pipelines.documents.index.faiss_index import VectorIndex, table_rows

TOP = 10


@dataclass(frozen=True, slots=True)
class Built:
    """An index: seconds to build, mean share of the exact ten nearest that it finds, milliseconds a question."""

    index: str
    vectors: int
    build_s: float
    recall: float
    ms: float


def measure(connection: Connection[Any], home: Path, embedder: Embedder) -> list[Built]:
    """Over the vectors that the table holds: NPL's, asked by its questions."""
    questions = [line["text"] for line in lines(truths() / "retrieval" / "npl" / "queries.jsonl")]
    asked = embedder.embed_queries(questions)
    batches = list(table_rows(connection, embedder.model))
    ids, vectors = np.concatenate([ids for ids, _ in batches]), np.concatenate([rows for _, rows in batches])
    exact = [set(ids[np.argsort(-row, kind="stable")[:TOP]].tolist()) for row in asked @ vectors.T]
    index = VectorIndex(home / "faiss", embedder.model, embedder.dimension)
    start = time.perf_counter()
    index.update(table_rows(connection, embedder.model))
    faiss_s = time.perf_counter() - start
    start = time.perf_counter()
    hnsw.build(connection, embedder.model, embedder.dimension)
    hnsw_s = time.perf_counter() - start
    return [
        _built("faiss", len(ids), faiss_s, exact, asked, lambda vector: [one for one, _ in index.search(vector, TOP)]),
        _built("hnsw", len(ids), hnsw_s, exact, asked, lambda vector: _near(connection, vector, embedder)),
    ]


def _built(
    name: str, count: int, build_s: float, exact: list[set[int]], asked: Vectors, near: Callable[[Vectors], list[int]]
) -> Built:
    start = time.perf_counter()
    shares = [len(wanted & set(near(vector))) / TOP for wanted, vector in zip(exact, asked, strict=True)]
    ms = (time.perf_counter() - start) * 1000 / len(exact)
    return Built(name, count, build_s, float(np.mean(shares)), ms)


def _near(connection: Connection[Any], vector: Vectors, embedder: Embedder) -> list[int]:
    shown = f"[{','.join(map(repr, vector.tolist()))}]"
    order = f"embedding::vector({embedder.dimension}) <=> '{shown}'::vector({embedder.dimension})"
    statement = f"SELECT chunk_id FROM documents.vectors WHERE model = '{embedder.model}' ORDER BY {order} LIMIT {TOP}"
    with connection.transaction():
        connection.execute("SET LOCAL hnsw.ef_search = 200")
        return [one for (one,) in connection.execute(statement.encode()).fetchall()]

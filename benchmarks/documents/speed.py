"""How long a question takes at 5,000 documents."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from psycopg import Connection

from benchmarks.documents.database import make_schema, store
from benchmarks.documents.truths import lines, truths
from include.embeddings import Embedder
from include.pipelines.documents.prepare import DocumentOptions, prepare
from include.pipelines.documents.search.search import Question, search

DOCUMENTS = 5000
BAR_MS = 50.0


def measure(connection: Connection[Any], home: Path, embedder: Embedder) -> float:
    """The median of NPL's questions over its first 5,000 documents, in milliseconds, by both kinds of score."""
    folder = truths() / "retrieval" / "npl"
    part = home / "part.jsonl"
    with (folder / "documents.jsonl").open(encoding="utf-8") as stream, part.open("w", encoding="utf-8") as out:
        out.writelines(line for _, line in zip(range(DOCUMENTS), stream, strict=False))
    make_schema(connection)
    store(connection, prepare(part, DocumentOptions(home, "npl", embedder=embedder)))
    times = []
    for line in lines(folder / "queries.jsonl"):
        start = time.perf_counter()
        search(connection, Question(line["text"]), embedder)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)

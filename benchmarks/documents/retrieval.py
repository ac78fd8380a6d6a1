"""How well and how fast the search finds: nDCG@10 by words, by vectors and by both, on eight collections."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection

from benchmarks.documents.database import make_schema, store
from benchmarks.documents.truths import grades, lines, truths
from include.embeddings import Embedder
from include.pipelines.documents.prepare import DocumentOptions, prepare
from include.pipelines.documents.search.search import Mode, Question, search

# What the fused ranking must reach; the others must reach their own full text's figure.
BARS = {"cranfield": 0.38, "npl": 0.44}
COLLECTIONS = ("cranfield", "npl", "xquad-en", "xquad-de", "xquad-es", "xquad-ru", "xquad-ar", "xquad-zh")

# XQuAD in English is no bar of its own; it stands beside the others to compare with.
TOP = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One collection by one mode: nDCG@10, and milliseconds a question."""

    collection: str
    mode: Mode
    ndcg: float
    p50_ms: float
    p95_ms: float


def measure(connection: Connection[Any], collection: str, embedder: Embedder) -> list[Found]:
    """Loads a collection into an empty schema, asks all its questions in each mode."""
    folder = truths() / "retrieval" / collection
    make_schema(connection)
    store(connection, prepare(folder / "documents.jsonl", DocumentOptions(folder, collection, embedder=embedder)))
    return [_asked(connection, folder, mode, embedder) for mode in (Mode.WORDS, Mode.VECTORS, Mode.HYBRID)]


def _asked(connection: Connection[Any], folder: Path, mode: Mode, embedder: Embedder) -> Found:
    wanted = grades(folder)
    scores, times = [], []
    for line in lines(folder / "queries.jsonl"):
        if line["id"] not in wanted:
            continue
        start = time.perf_counter()
        hits = search(connection, Question(line["text"], TOP, mode=mode), embedder)
        times.append((time.perf_counter() - start) * 1000)
        scores.append(ndcg([hit.name for hit in hits], wanted[line["id"]]))
    times.sort()
    return Found(folder.name, mode, statistics.mean(scores), statistics.median(times), times[int(len(times) * 0.95)])


def ndcg(ranking: Sequence[str], wanted: Mapping[str, float]) -> float:
    """Discounted gain (the grade itself) of the first ten, as a share of the best ranking's."""
    gain = sum(wanted.get(name, 0.0) / math.log2(place + 2) for place, name in enumerate(ranking[:TOP]))
    best = sorted(wanted.values(), reverse=True)[:TOP]
    return gain / sum(grade / math.log2(place + 2) for place, grade in enumerate(best))


def verdict(found: Sequence[Found]) -> bool:
    """Whether a collection's fused ranking reaches its bar and is not below BM25 alone."""
    by_mode = {one.mode: one.ndcg for one in found}
    return by_mode[Mode.HYBRID] >= max(by_mode[Mode.WORDS], BARS.get(found[0].collection, 0.0))

"""Search: what was asked for, in words and as a vector, and the chunks that answer it best."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg.rows import class_row

from include.embeddings import Embedder
from include.pipelines.documents.language import grams
from include.pipelines.documents.search import statements as said

SATURATION = {"k1": said.K1, "k1_1": said.K1 + 1, "b": said.B, "not_b": 1 - said.B}


class Mode(StrEnum):
    """By what chunks are ranked: both scores fused, BM25 alone, vectors alone."""

    HYBRID = "hybrid"
    WORDS = "words"
    VECTORS = "vectors"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: `k` documents at most, of one domain where that is given."""

    words: str
    k: int = 10
    domain: str | None = None
    mode: Mode = Mode.HYBRID
    vector_weight: float = said.VECTOR_WEIGHT


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers, by its best chunk; `score` is 0 to 1 and means something within one answer only."""

    source: str
    file: str
    name: str
    title: str | None
    chunk_id: int
    ordinal: int
    start_byte: int
    end_byte: int
    text: str
    context: str | None
    language: str | None
    domain: str | None
    score: float
    bm25: float | None
    similarity: float | None


class Term(NamedTuple):
    """One term of the question in one configuration, with what weighs it."""

    configuration: str
    lexeme: str
    chunks: int
    mean_lexemes: float
    holding: int

    @property
    def weight(self) -> float:
        """BM25's idf."""
        return math.log(1 + (self.chunks - self.holding + 0.5) / (self.holding + 0.5))


def search(connection: Connection[Any], question: Question, embedder: Embedder | None = None) -> list[Hit]:
    """The best documents, best first; [] where nothing answers.

    Reads only. `refresh_statistics` must have run since the first load.

    Args:
        connection: to the database with the schema `documents`.
        question: what is asked for.
        embedder: the one that made the stored vectors; None searches by words only.
    """
    if not any(character.isalnum() for character in question.words):
        return []
    terms = asked_terms(connection, question.words) if question.mode is not Mode.VECTORS else []
    vector = None
    if embedder and question.mode is not Mode.WORDS:
        found = embedder.embed_queries([question.words])[0]
        vector = found if found.any() else None
    if not terms and vector is None:
        return []
    parts, values = _parts(question, terms, vector, embedder)
    *tables, hits = (part.format(**values) for part in (*parts, said.HITS))
    statement = sql.SQL("WITH {}, {}").format(sql.SQL(", ").join(tables), hits)
    with connection.transaction(), connection.cursor(row_factory=class_row(Hit)) as cursor:
        connection.execute(said.REACH, {"depth": str(max(said.DEPTH, question.k))})
        return cursor.execute(statement).fetchall()


def asked_terms(connection: Connection[Any], words: str) -> list[Term]:
    """The question's terms in every configuration of the corpus; [] where it holds no words."""
    text = words.replace("\0", "")
    statement = said.TERMS.format(words=sql.Literal(grams(text) or text))
    return [Term(*row) for row in connection.execute(statement)]


def _parts(
    question: Question, terms: Sequence[Term], vector: Any, embedder: Embedder | None
) -> tuple[list[sql.SQL], dict[str, Any]]:
    """The statement's tables, and what stands in their gaps."""
    values: dict[str, Any] = {"k": question.k, "depth": max(said.DEPTH, question.k), "weight": question.vector_weight}
    parts: list[sql.SQL] = []
    if terms:
        parts.append(said.BM25)
        values["worded"] = sql.SQL(" UNION ALL ").join(_worded(terms, question.domain))
    if vector is not None and embedder is not None:
        parts.append(said.NEAREST)
        values |= {"model": embedder.model, "vector": "[" + ",".join(map(repr, vector.tolist())) + "]"}
        values |= {"dimension": int(embedder.dimension), "vector_filter": _vector_filter(question.domain)}
    both = len(parts) == 2
    parts.append(said.FUSED if both else said.WORDS_ONLY if terms else said.VECTORS_ONLY)
    return parts, values


def _vector_filter(domain: str | None) -> sql.Composable:
    if domain is None:
        return sql.SQL("true")
    return sql.SQL("chunk_id IN (SELECT chunk_id FROM documents.chunks WHERE domain = {})").format(domain)


def _worded(terms: Sequence[Term], domain: str | None) -> list[sql.Composed]:
    """One select a configuration."""
    by_configuration: dict[str, list[Term]] = defaultdict(list)
    for term in terms:
        by_configuration[term.configuration].append(term)
    chosen = sql.SQL("chunks.domain = {}").format(domain) if domain else sql.SQL("true")
    return [
        said.WORDED.format(
            configuration=configuration,
            candidates=_candidates(group),
            weights=json.dumps({term.lexeme: round(term.weight, 6) for term in group}),
            mean_lexemes=group[0].mean_lexemes,
            filter=chosen,
            **SATURATION,
        )
        for configuration, group in by_configuration.items()
    ]


def _candidates(terms: Sequence[Term]) -> str:
    """A tsquery of the terms any of which makes a chunk a candidate: the rarer ones, or all where all are common."""
    rare = [term for term in terms if term.holding <= said.COMMON * term.chunks] or terms
    return " | ".join(_quoted(term.lexeme) for term in rare)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"

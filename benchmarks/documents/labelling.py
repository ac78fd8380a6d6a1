"""How often the nearest prototype is right: 480 questions of six kinds, described in sentences and by bare names."""

from __future__ import annotations

from pathlib import Path

from benchmarks.documents.truths import lines, truths
from include.embeddings import Embedder
from include.pipelines.documents.labels.prototypes import PrototypeLabeller
from include.pipelines.documents.labels.vocabulary import Axis, Vocabulary, read_vocabulary

KINDS = Path(__file__).with_name("question_kinds.yaml")


def measure(embedder: Embedder) -> tuple[float, float]:
    """Shares of questions labelled right, by described prototypes and by the labels' names alone."""
    described = read_vocabulary(KINDS, None)
    bare = Vocabulary(
        tuple(Axis(axis.name, {name: (name,) for name in axis.labels}) for axis in described.axes), "bare"
    )
    return _share(embedder, described), _share(embedder, bare)


def _share(embedder: Embedder, vocabulary: Vocabulary) -> float:
    questions = lines(truths() / "labels" / "trec_questions.jsonl")
    labels = PrototypeLabeller(embedder, vocabulary).label(embedder.embed([line["text"] for line in questions]))
    right = sum(found["kind"].name == line["label"] for found, line in zip(labels, questions, strict=True))
    return right / len(questions)

"""How good a chunk is to read by itself, in four numbers.

| metric | formula | range |
| --- | --- | --- |
| length | words: runs of letters and digits; pairs of characters in unspaced scripts | 0 and up |
| density | different words / words | 0 to 1; low: it repeats itself |
| redundancy | largest cosine of its vector with another chunk's of the document | 0 to 1; NULL for a lone chunk |
| coherence | mean cosine between vectors of neighbouring sentences | -1 to 1; NULL for a single sentence |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from include.embeddings import Embedder, Vectors, normalised
from include.pipelines.documents.chunks.sentences import bounds
from include.pipelines.documents.language import grams

WORD = re.compile(r"\w+")

# A document of more chunks is compared with its neighbours only: all pairs of 2,000 chunks take 16 MB and 10 ms.
MAX_COMPARED = 2000


class Quality(NamedTuple):
    """The metrics of one chunk; see the module."""

    length: int
    density: float | None
    redundancy: float | None
    coherence: float | None


def qualities(texts: Sequence[str], vectors: Sequence[Vectors], similar: Embedder) -> list[Quality]:
    """The metrics of a document's chunks.

    Args:
        texts: of the chunks, in order.
        vectors: of the chunks, one each; those of another model's length are compared with none.
        similar: what sentences are compared by.
    """
    redundancies = _redundancies(vectors)
    coherences = _coherences(texts, similar)
    found = []
    for text, redundancy, coherence in zip(texts, redundancies, coherences, strict=True):
        words = WORD.findall((grams(text) or text).lower())
        density = round(len(set(words)) / len(words), 4) if words else None
        found.append(Quality(len(words), density, redundancy, coherence))
    return found


def _redundancies(vectors: Sequence[Vectors]) -> list[float | None]:
    if len(vectors) < 2 or len({len(vector) for vector in vectors}) > 1:
        return [None] * len(vectors)
    found: list[float | None] = []
    for first in range(0, len(vectors), MAX_COMPARED):
        block = normalised(np.stack(vectors[first : first + MAX_COMPARED]))
        cosines = block @ block.T
        np.fill_diagonal(cosines, -1.0 if len(block) > 1 else 0.0)
        found += [round(float(max(0.0, best)), 4) for best in cosines.max(axis=1)]
    return found


def _coherences(texts: Sequence[str], similar: Embedder) -> list[float | None]:
    """Sentences of all chunks are embedded in one call."""
    sentences: list[str] = []
    places = [0]
    for text in texts:
        ends = [0, *bounds(text, 0, len(text), len(text) or 1)]
        sentences += [text[start:end] for start, end in pairwise(ends)]
        places.append(len(sentences))
    vectors = similar.embed(sentences)
    return [_coherence(vectors[first:last]) for first, last in pairwise(places)]


def _coherence(vectors: Vectors) -> float | None:
    if len(vectors) < 2:
        return None
    return round(float((vectors[:-1] * vectors[1:]).sum(axis=1).mean()), 4)

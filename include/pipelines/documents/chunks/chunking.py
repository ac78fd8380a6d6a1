"""Chunks: sentences that belong together, within an episode, up to a size.

Where an episode is cut is found over all of it at once: each cut costs what its two sides have in common, each chunk
what it lacks of the target or exceeds it by; the cheapest cuts that keep every chunk within the maximum are taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from include.embeddings import Embedder, WordLlama
from include.errors import UsageError
from include.pipelines.documents.chunks.episodes import Episode, episodes
from include.pipelines.documents.chunks.sentences import PARAGRAPH, bounds
from include.pipelines.documents.formats.document import Document

Costs = npt.NDArray[np.float64]

# Characters: about 170 words, a long paragraph, and 280, what every embedder reads whole. A target
# of 0.6 of the maximum leaves room to cut where the subject changes.
TARGET = 1000
MAXIMUM = 1600

# A tsvector holds one megabyte, which pairs of Chinese characters fill soonest.
LARGEST = 50_000

# Sentences on each side of a cut that are compared: with one, chance decides; with three, short subjects are missed.
WINDOW = 2

# In units of cost: two sides that are alike (cosine 1), a cut within a paragraph, an empty chunk, one of twice the
# target. Found on two long texts by what questions find; doubling or halving one of them costs about 1 % of that.
ALIKE = 2.0
WITHIN_PARAGRAPH = 0.75
TOO_SHORT = 1.0
TOO_LONG = 0.45


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """Characters that a chunk should have, and may have at most."""

    target: int = TARGET
    maximum: int = MAXIMUM

    def __post_init__(self) -> None:
        if not 0 < self.target <= self.maximum <= LARGEST:
            what = f"A chunk's target is {self.target} characters, its maximum {self.maximum}."
            raise UsageError(what, f"Give a target above 0, and a maximum that is not below it nor above {LARGEST}.")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of the document's text: characters start to end, the episode's number (from 0) and its headings."""

    start: int
    end: int
    episode: int
    path: str


def chunks(document: Document, size: ChunkSize | None = None, similar: Embedder | None = None) -> list[Chunk]:
    """The document's chunks in order: they tile its text, and none is longer than the maximum.

    Args:
        document: what is cut.
        size: in characters.
        similar: what sentences are compared by; WordLlama, whatever the chunks' own vectors are made by.
    """
    size = size or ChunkSize()
    similar = similar or WordLlama()
    return [
        Chunk(start, end, number, episode.path)
        for number, episode in enumerate(episodes(document.text, document.headings))
        for start, end in _divided(document.text, episode, size, similar)
    ]


def _divided(text: str, episode: Episode, size: ChunkSize, similar: Embedder) -> Iterator[tuple[int, int]]:
    if episode.end - episode.start <= size.target:
        yield episode.start, episode.end
        return
    ends = bounds(text, episode.start, episode.end, size.maximum)
    places = [episode.start, *ends]
    costs = _cut_costs(text, places, similar)
    start = episode.start
    for place in _cheapest(np.asarray(places), costs, size):
        yield start, places[place]
        start = places[place]


def _cut_costs(text: str, places: Sequence[int], similar: Embedder) -> Costs:
    """What a cut at each place costs; the first and the last one cost nothing.

    Vectors are taken from the episode's mean: what all its sentences share says nothing about where it turns.
    """
    units = [text[start:end] for start, end in pairwise(places)]
    vectors = similar.embed(units).astype(np.float64)
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors - vectors.mean(axis=0), axis=0)])
    inner = np.arange(1, len(units))
    before = sums[inner] - sums[np.maximum(0, inner - WINDOW)]
    after = sums[np.minimum(len(units), inner + WINDOW)] - sums[inner]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    products = np.einsum("ij,ij->i", before, after)
    within = np.array([PARAGRAPH.search(unit) is None for unit in units[:-1]], dtype=np.float64)
    alike = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return np.concatenate([[0.0], ALIKE * alike + WITHIN_PARAGRAPH * within, [0.0]])


def _cheapest(places: npt.NDArray[np.int64], costs: Costs, size: ChunkSize) -> list[int]:
    """Indexes of the places at which chunks end, the last one always."""
    best = np.full(len(places), np.inf)
    best[0] = 0.0
    previous = np.zeros(len(places), np.int64)
    firsts = np.searchsorted(places, places - size.maximum)
    for end in range(1, len(places)):
        first = firsts[end]
        excess = (places[end] - places[first:end]) / size.target - 1
        totals = best[first:end] + np.where(excess < 0, TOO_SHORT, TOO_LONG) * np.square(excess)
        chosen = int(np.argmin(totals))
        best[end], previous[end] = totals[chosen] + costs[end], first + chosen
    ends = []
    place = len(places) - 1
    while place:
        ends.append(place)
        place = int(previous[place])
    return ends[::-1]

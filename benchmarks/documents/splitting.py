"""How much of what answers a question lies in five chunks, and how much of these answers: beside other splitters.

Chunks of a text are ranked by the vectors of the default embedder; recall is the share of the marked characters that
the first five hold, precision the share of the five's characters that are marked; both are means over questions.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.documents.truths import lines, truths
from include.embeddings import Embedder
from include.pipelines.documents.chunks.chunking import ChunkSize, chunks
from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.markdown import read_markdown

Spans = list[tuple[int, int]]
Splitter = Callable[[str, int], Spans]

MAXIMA = (400, 800)
TOP = 5


@dataclass(frozen=True, slots=True)
class Split:
    """One splitter at one maximum. `overshoot` counts chunks above it, `lost` those that are not where they say."""

    splitter: str
    maximum: int
    chunks: int
    recall: float
    precision: float
    iou: float
    overshoot: int
    lost: int


def own(text: str, maximum: int) -> Spans:
    """Longshore's chunks, at a target of 0.6 of the maximum."""
    document = read_markdown(Decoded(text, "utf-8"), "text")
    cut = chunks(document, ChunkSize(maximum * 6 // 10, maximum))
    return [(chunk.start, chunk.start + len(text[chunk.start : chunk.end].rstrip())) for chunk in cut]


def _semantic_text_splitter(module: Any, text: str, maximum: int) -> Spans:
    return [(start, start + len(chunk)) for start, chunk in module.TextSplitter(maximum).chunk_indices(text)]


def _langchain(module: Any, text: str, maximum: int) -> Spans:
    splitter = module.RecursiveCharacterTextSplitter(chunk_size=maximum, chunk_overlap=0, add_start_index=True)
    found = splitter.create_documents([text])
    return [(one.metadata["start_index"], one.metadata["start_index"] + len(one.page_content)) for one in found]


def _chonkie(kind: str) -> Callable[[Any, str, int], Spans]:
    def split(module: Any, text: str, maximum: int) -> Spans:
        chunker = getattr(module, kind)(tokenizer="character", chunk_size=maximum)
        return [(chunk.start_index, chunk.end_index) for chunk in chunker(text)]

    return split


PEERS: dict[str, tuple[str, Callable[[Any, str, int], Spans]]] = {
    "semantic-text-splitter": ("semantic_text_splitter", _semantic_text_splitter),
    "langchain recursive": ("langchain_text_splitters", _langchain),
    "chonkie recursive": ("chonkie", _chonkie("RecursiveChunker")),
    "chonkie sentence": ("chonkie", _chonkie("SentenceChunker")),
}


def splitters() -> Iterator[tuple[str, Splitter]]:
    """Longshore's, and the peers that are installed; the others are said."""
    yield "longshore", own
    for name, (module, split) in PEERS.items():
        try:
            loaded = import_module(module)
        except ImportError:
            print(f"chunks: {name} is not installed here")
            continue
        yield name, lambda text, maximum, split=split, loaded=loaded: split(loaded, text, maximum)


def measure(name: str, splitter: Splitter, maximum: int, embedder: Embedder) -> Split:
    """Both texts, all questions."""
    folder = truths() / "chunking"
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}
    cut = {text: splitter(words, maximum) for text, words in texts.items()}
    marked: dict[str, Spans] = defaultdict(list)
    for span in lines(folder / "spans.jsonl"):
        marked[span["query"]].append((span["start"], span["end"]))
    scores = [score for text in texts for score in _scores(texts[text], cut[text], marked, embedder, text)]
    lengths = [end - start for spans in cut.values() for start, end in spans]
    lost = sum(start < 0 or end > len(texts[text]) for text, spans in cut.items() for start, end in spans)
    recall, precision, iou = (statistics.mean(column) for column in zip(*scores, strict=True))
    overshoot = sum(length > maximum for length in lengths)
    return Split(name, maximum, len(lengths), recall, precision, iou, overshoot, lost)


def _scores(
    text: str, spans: Spans, marked: Mapping[str, Spans], embedder: Embedder, name: str
) -> Iterator[tuple[float, float, float]]:
    vectors = embedder.embed([text[start:end] for start, end in spans])
    questions = [line for line in lines(truths() / "chunking" / "queries.jsonl") if line["doc"] == name]
    cosines = embedder.embed_queries([line["text"] for line in questions]) @ vectors.T
    for line, row in zip(questions, cosines, strict=True):
        chosen = [spans[place] for place in np.argsort(-row, kind="stable")[:TOP]]
        wanted, got = _characters(marked[line["id"]]), _characters(chosen)
        shared = len(wanted & got)
        yield shared / len(wanted), shared / len(got), shared / len(wanted | got)


def _characters(spans: Sequence[tuple[int, int]]) -> set[int]:
    return {character for start, end in spans for character in range(start, end)}

"""One file to rows: read, chunked, embedded, labelled. Pure and picklable: what a worker process runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa

from include.embeddings import Embedder, Vectors, WordLlama
from include.pipelines.documents.chunks.chunking import Chunk, ChunkSize, chunks
from include.pipelines.documents.chunks.episodes import BETWEEN_HEADINGS
from include.pipelines.documents.chunks.quality import qualities
from include.pipelines.documents.formats.document import Document
from include.pipelines.documents.formats.read import read_file
from include.pipelines.documents.labels.prototypes import NONE, Label, default_labeller
from include.pipelines.documents.language import common_language, configuration, grams, language_of
from include.pipelines.documents.rows import CHUNKS, DOCUMENTS, VECTORS, row_id
from include.results import Reject

# Part of a file's fingerprint: rows of an older version are made anew.
VERSION = 1

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """What decides a file's rows. `root`: the folder that names of files are relative to."""

    root: Path
    source: str
    size: ChunkSize = ChunkSize()
    embedder: Embedder = field(default_factory=WordLlama)
    label: bool = True

    @property
    def fingerprint(self) -> str:
        """Differs as soon as the same file would give other rows."""
        labeller = default_labeller(self.embedder).name if self.label else ""
        said = (VERSION, self.source, self.size.target, self.size.maximum, self.embedder.model, labeller)
        return hashlib.sha256(repr(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file's rows (see rows.py), its rejects and blank lines, and milliseconds by phase.

    seen = documents + rejects + blank, on the file's own grain: one for a page, lines for a dump.
    """

    documents: pa.Table
    chunks: pa.Table
    vectors: pa.Table
    rejects: tuple[Reject, ...] = ()
    blank: int = 0
    ms: dict[str, float] = field(default_factory=dict)


def prepare(path: Path, options: DocumentOptions) -> PreparedFile:
    """A file's rows: deterministic, no database, nothing kept between calls but models.

    Raises:
        FileError: the file as a whole cannot be read.
    """
    name = _name(path, options.root)
    clock = _Clock()
    read = read_file(path, name)
    clock.mark("read")
    found = [language_of(document.text, document.language) for document in read.documents]
    common = common_language(found)
    clock.mark("language")
    prepared = [
        _prepared(document, language.code if language.sure else common or language.code, name, options, clock)
        for document, language in zip(read.documents, found, strict=True)
    ]
    tables = (
        pa.Table.from_pylist([document for document, _, _ in prepared], DOCUMENTS),
        pa.Table.from_pylist([row for _, rows, _ in prepared for row in rows], CHUNKS),
        pa.Table.from_pylist([row for _, _, rows in prepared for row in rows], VECTORS),
    )
    clock.mark("rows")
    return PreparedFile(*tables, read.rejects, read.blank, clock.ms)


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


class _Clock:
    """Milliseconds by phase, each from the mark before."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._last = perf_counter()

    def mark(self, phase: str) -> None:
        now = perf_counter()
        self.ms[phase] = self.ms.get(phase, 0.0) + (now - self._last) * 1000
        self._last = now


def _prepared(
    document: Document, language: str | None, file: str, options: DocumentOptions, clock: _Clock
) -> tuple[Row, list[Row], list[Row]]:
    similar = WordLlama()
    cut = chunks(document, options.size, similar)
    clock.mark("chunk")
    texts = [document.text[chunk.start : chunk.end] for chunk in cut]
    contexts = [_context(document.title, chunk) for chunk in cut]
    whole = [f"{context}\n{text}" if context else text for context, text in zip(contexts, texts, strict=True)]
    vectors = options.embedder.embed(whole)
    clock.mark("embed")
    labels, labeller = _labels(vectors, options)
    clock.mark("label")
    measured = qualities(texts, vectors, similar)
    clock.mark("quality")
    document_id = row_id(options.source, file, document.name)
    place = {"source": options.source, "file": file}
    rows = [
        {
            "chunk_id": row_id(document_id, ordinal),
            "document_id": document_id,
            **place,
            "ordinal": ordinal,
            "episode": chunk.episode,
            "start_byte": start,
            "end_byte": end,
            "text": text,
            "context": context,
            "language": language,
            "configuration": configuration(language),
            "words": grams(both),
            "sha256": hashlib.sha256(both.encode()).hexdigest(),
            "labeller": labeller,
            **_columns(found),
            **quality._asdict(),
        }
        for ordinal, (chunk, (start, end), text, context, both, found, quality) in enumerate(
            zip(cut, _bytes(document, cut), texts, contexts, whole, labels, measured, strict=True)
        )
    ]
    embedded = [
        {"chunk_id": row["chunk_id"], "model": options.embedder.model, **place, "embedding": vector}
        for row, vector in zip(rows, vectors, strict=True)
        if vector.any()
    ]
    return {"document_id": document_id, **place, **_document(document, language, len(rows))}, rows, embedded


def _document(document: Document, language: str | None, chunk_count: int) -> Row:
    return {
        "name": document.name,
        "title": document.title,
        "format": document.format,
        "encoding": document.encoding,
        "language": language,
        "sha256": hashlib.sha256(document.text.encode()).hexdigest(),
        "characters": len(document.text),
        "chunks": chunk_count,
        "metadata": json.dumps(document.metadata, ensure_ascii=False, default=str) if document.metadata else None,
        "notes": list(document.notes),
    }


def _context(title: str | None, chunk: Chunk) -> str | None:
    """Title and headings, each said once."""
    parts = [title, *chunk.path.split(BETWEEN_HEADINGS)]
    return "\n".join(dict.fromkeys(part for part in parts if part)) or None


def _bytes(document: Document, cut: Sequence[Chunk]) -> Iterator[tuple[int, int]]:
    """First byte and the one behind the last of each chunk, counted in the source as UTF-8."""
    ends = [document.offset]
    for chunk in cut:
        ends.append(ends[-1] + len(document.text[chunk.start : chunk.end].encode()))
    return pairwise(ends)


def _labels(vectors: Vectors, options: DocumentOptions) -> tuple[list[dict[str, Label]], str | None]:
    if not options.label:
        return [{} for _ in vectors], None
    labeller = default_labeller(options.embedder)
    return labeller.label(vectors), labeller.name


def _columns(labels: dict[str, Label]) -> Row:
    return {
        f"{axis}{ending}": value
        for axis in ("task", "modifier", "domain")
        for ending, value in zip(("", "_confidence"), labels.get(axis, NONE), strict=True)
    }

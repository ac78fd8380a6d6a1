"""One document to rows: its chunks with context, vectors, labels and metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from include.embeddings import Embedder, Remembering, Vectors, WordLlama
from include.pipelines.documents.chunks.chunking import ChunkSize, chunks
from include.pipelines.documents.chunks.episodes import BETWEEN_HEADINGS
from include.pipelines.documents.chunks.quality import Quality, qualities
from include.pipelines.documents.formats.decoding import clean_text
from include.pipelines.documents.formats.document import Document
from include.pipelines.documents.formats.metadata import as_json
from include.pipelines.documents.formats.precomputed import given_chunks
from include.pipelines.documents.labels.endpoint import EndpointLabeller
from include.pipelines.documents.labels.prototypes import Label, PrototypeLabeller, default_labeller
from include.pipelines.documents.labels.vocabulary import AXES
from include.pipelines.documents.language import configuration, grams
from include.pipelines.documents.rows import row_id

# Part of a file's fingerprint: rows of an older version are made anew.
VERSION = 1

# Characters of title and headings that go with each chunk: they are said with every one, and some are whole paragraphs.
MAX_CONTEXT = 1000

Row = dict[str, Any]
Mark = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """What decides a file's rows.

    Args:
        root: the folder that names of files are relative to.
        source: whose documents they are.
        size: of chunks, in characters.
        embedder: makes the chunks' vectors.
        labeller: the prototypes of the project's own vocabulary where none is given; an endpoint's calls stand in
            `label` of the phases.
        label: False leaves chunks without labels.
    """

    root: Path
    source: str
    size: ChunkSize = field(default_factory=ChunkSize)
    embedder: Embedder = field(default_factory=WordLlama)
    labeller: PrototypeLabeller | EndpointLabeller | None = None
    label: bool = True

    @property
    def labels(self) -> PrototypeLabeller | EndpointLabeller | None:
        """The labeller that is asked; None where there shall be no labels."""
        return (self.labeller or default_labeller(self.embedder)) if self.label else None

    @property
    def fingerprint(self) -> str:
        """Differs as soon as the same file would give other rows."""
        labeller = self.labels.name if self.labels else ""
        said = (VERSION, self.source, self.size.target, self.size.maximum, self.embedder.model, labeller)
        return hashlib.sha256(repr(said).encode()).hexdigest()


class _Piece(NamedTuple):
    """A chunk on its way: where it stands, its words with and without context, and what came with it."""

    start: int
    end: int
    episode: int
    text: str
    context: str | None
    given: Row

    @property
    def whole(self) -> str:
        return f"{self.context}\n{self.text}" if self.context else self.text


def entries(
    document: Document, language: str | None, file: str, options: DocumentOptions, mark: Mark
) -> tuple[Row, list[Row], list[Row]]:
    """The document's row, those of its chunks, and those of their vectors (see rows.py).

    Args:
        document: as it was read.
        language: its ISO 639-1 code.
        file: its file's name, relative to the folder.
        options: what decides the rows.
        mark: called behind each phase with its name.
    """
    similar = Remembering(WordLlama())
    pieces = _pieces(document, options, similar)
    mark("chunk")
    models, vectors = _vectors(pieces, options.embedder)
    mark("embed")
    labels = _labels(pieces, models, vectors, _labeller(options, language))
    mark("label")
    measured = qualities([piece.text for piece in pieces], vectors, similar)
    mark("quality")
    document_id = row_id(options.source, file, document.name)
    place = {"source": options.source, "file": file}
    rows = [
        {"chunk_id": row_id(document_id, ordinal), "document_id": document_id, **place, "ordinal": ordinal, **columns}
        for ordinal, columns in enumerate(_chunk_rows(document, language, pieces, labels, measured))
    ]
    embedded = [
        {"chunk_id": row["chunk_id"], "model": model, **place, "embedding": vector}
        for row, model, vector in zip(rows, models, vectors, strict=True)
        if vector.any()
    ]
    return {"document_id": document_id, **place, **_document(document, language, len(rows))}, rows, embedded


def _pieces(document: Document, options: DocumentOptions, similar: Embedder) -> list[_Piece]:
    given = given_chunks(document)
    if given is None:
        return [
            _Piece(
                cut.start, cut.end, cut.episode, document.text[cut.start : cut.end], _context(document, cut.path), {}
            )
            for cut in chunks(document, options.size, similar)
        ]
    return [
        _Piece(
            chunk.start,
            chunk.end,
            0,
            document.text[chunk.start : chunk.end],
            chunk.columns.get("context", document.title),
            {**chunk.columns, "embedding": chunk.embedding, "model": chunk.model},
        )
        for chunk in given
    ]


def _context(document: Document, path: str) -> str | None:
    """Title and headings, each said once."""
    parts = [document.title, *path.split(BETWEEN_HEADINGS)]
    return clean_text("\n".join(dict.fromkeys(part for part in parts if part)))[0][:MAX_CONTEXT] or None


def _vectors(pieces: Sequence[_Piece], embedder: Embedder) -> tuple[list[str], list[Vectors]]:
    """Of each chunk the model's name and the vector: the given one, else the embedder's."""
    missing = [piece.whole for piece in pieces if piece.given.get("embedding") is None]
    made = iter(embedder.embed(missing))
    models = [piece.given.get("model") or embedder.model for piece in pieces]
    vectors = [next(made) if piece.given.get("embedding") is None else piece.given["embedding"] for piece in pieces]
    return models, vectors


def _labeller(options: DocumentOptions, language: str | None) -> PrototypeLabeller | EndpointLabeller | None:
    """The labeller that is asked; None where it would guess: a label that is missing is NULL, never made up."""
    labeller = options.labels
    return None if isinstance(labeller, PrototypeLabeller) and not labeller.reads(language) else labeller


def _labels(
    pieces: Sequence[_Piece],
    models: Sequence[str],
    vectors: Sequence[Vectors],
    labeller: PrototypeLabeller | EndpointLabeller | None,
) -> list[Row]:
    """Columns of labels and of what comes with them; a chunk that brings a label is not labelled again."""
    wanted = [not any(axis in piece.given for axis in AXES) for piece in pieces] if labeller else []
    asked = [piece for piece, want in zip(pieces, wanted, strict=False) if want]
    made: Iterator[Row] = iter(())
    if isinstance(labeller, EndpointLabeller):
        made = ({**_named(entry.labels), **entry.texts} for entry in labeller.label([piece.whole for piece in asked]))
    elif labeller is not None and asked:
        made = map(_named, labeller.label(_comparable(asked, models, vectors, wanted, labeller.embedder)))
    rows: list[Row] = []
    for place, piece in enumerate(pieces):
        brought = {name: value for name, value in piece.given.items() if name not in {"context", "embedding", "model"}}
        rows.append({**next(made), "labeller": labeller.name} if labeller and wanted[place] else brought)
    return rows


def _comparable(
    asked: Sequence[_Piece],
    models: Sequence[str],
    vectors: Sequence[Vectors],
    wanted: Sequence[bool],
    embedder: Embedder,
) -> Vectors:
    """Vectors by the labeller's own model: the chunks' where these are of it."""
    if all(model == embedder.model for model, want in zip(models, wanted, strict=True) if want):
        return np.stack([vector for vector, want in zip(vectors, wanted, strict=True) if want])
    return embedder.embed([piece.whole for piece in asked])


def _named(labels: Any) -> Row:
    found: dict[str, Label] = dict(labels)
    return {
        f"{axis}{ending}": value
        for axis, label in found.items()
        for ending, value in zip(("", "_confidence"), label, strict=True)
    }


def _chunk_rows(
    document: Document,
    language: str | None,
    pieces: Sequence[_Piece],
    labels: Sequence[Row],
    measured: Sequence[Quality],
) -> Iterator[Row]:
    for piece, (start, end), label, quality in zip(pieces, _bytes(document, pieces), labels, measured, strict=True):
        yield {
            "episode": piece.episode,
            "start_byte": start,
            "end_byte": end,
            "text": piece.text,
            "context": piece.context,
            "language": language,
            "configuration": configuration(language),
            "words": grams(piece.whole),
            "sha256": hashlib.sha256(piece.whole.encode()).hexdigest(),
            **label,
            **quality._asdict(),
        }


def _bytes(document: Document, pieces: Sequence[_Piece]) -> Iterator[tuple[int, int]]:
    """First byte and the one behind the last of each chunk, counted in the source as UTF-8."""
    ends = [document.offset]
    for piece in pieces:
        ends.append(ends[-1] + len(piece.text.encode()))
    return pairwise(ends)


def _document(document: Document, language: str | None, chunk_count: int) -> Row:
    return {
        "name": document.name,
        "title": clean_text(document.title)[0] if document.title else None,
        "format": document.format,
        "encoding": document.encoding,
        "language": language,
        "sha256": hashlib.sha256(document.text.encode()).hexdigest(),
        "characters": len(document.text),
        "chunks": chunk_count,
        "metadata": as_json(document.metadata),
        "notes": list(document.notes),
    }

"""One file to rows: read, chunked, embedded, labelled. Pure and picklable: what a worker process runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from include.errors import FileError
from include.pipelines.documents.entries import DocumentOptions, entries
from include.pipelines.documents.formats.read import read_file
from include.pipelines.documents.language import common_language, language_of
from include.pipelines.documents.rows import CHUNKS, DOCUMENTS, VECTORS
from include.results import Reject

# Bytes of a file's path within its folder: an index row holds 2,704, and a source stands beside it.
MAX_NAME_BYTES = 1024

__all__ = ["DocumentOptions", "PreparedFile", "prepare"]


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
    if len(name.encode()) > MAX_NAME_BYTES:
        what = f"The file's name has {len(name.encode())} bytes within its folder, {MAX_NAME_BYTES} are allowed."
        raise FileError(what, "Shorten its path.")
    clock = _Clock()
    read = read_file(path, name)
    clock.mark("read")
    found = [language_of(document.text, document.language) for document in read.documents]
    common = common_language(found)
    clock.mark("language")
    prepared = [
        entries(document, language.code if language.sure else common or language.code, name, options, clock.mark)
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

"""Parquet: precomputed chunks, a row each, with `id`, `text` and what else is known of them (see precomputed.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.errors import FileError
from include.pipelines.documents.formats.decoding import clean_text
from include.pipelines.documents.formats.document import Document, ReadFile
from include.pipelines.documents.formats.json_lines import MAX_ID_BYTES
from include.pipelines.documents.formats.precomputed import KINDS, GivenError, given_chunks, joined
from include.results import Reject

# Columns that say of which document a chunk is; rows of one document stand in its order, others may stand between.
OF_DOCUMENT = ("id", "title", "language")

# Rows that are Python objects at once.
BATCH_ROWS = 4096


def read_parquet(path: Path, name: str) -> ReadFile:
    """Documents by their chunks; one whose chunks cannot be taken is a reject.

    Raises:
        FileError: it is no Parquet, or has no columns `id` and `text`.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileError(f"The file {name} is no Parquet: {type(error).__name__}.", "Deliver it again.") from error
    missing = {"id", "text"} - set(file.schema_arrow.names)
    if missing:
        there = ", ".join(file.schema_arrow.names)
        what = f"The file {name} lacks the columns {', '.join(sorted(missing))}; it has {there}."
        raise FileError(what, "Name the chunks' document `id`, their words `text`.")
    columns = [column for column in (*OF_DOCUMENT, "text", "embedding", *KINDS) if column in file.schema_arrow.names]
    grouped: dict[str, list[dict[str, Any]]] = {}
    for batch in file.iter_batches(BATCH_ROWS, columns=columns):
        for row in batch.to_pylist():
            grouped.setdefault("" if row["id"] is None else str(row["id"]), []).append(row)
    documents, rejects = [], []
    for number, (identity, rows) in enumerate(grouped.items(), 1):
        try:
            documents.append(_checked(identity, rows))
        except GivenError as error:
            rejects.append(Reject(name, number, number, number, "chunks", "chunks", error.reason))
    return ReadFile(tuple(documents), tuple(rejects))


def _checked(identity: str, rows: list[dict[str, Any]]) -> Document:
    if not 0 < len(identity.encode()) <= MAX_ID_BYTES or "\0" in identity:
        raise GivenError(f"the id has {len(identity.encode())} bytes, 1 to {MAX_ID_BYTES} without NUL are allowed")
    document = _document(identity, rows)
    given_chunks(document)
    return document


def _document(identity: str, rows: list[dict[str, Any]]) -> Document:
    chunks = [{**row, "text": clean_text(str(row["text"] or ""))[0]} for row in rows]
    return Document(
        name=identity,
        text=joined(chunks),
        format="parquet",
        title=title if isinstance(title := rows[0].get("title"), str) else None,
        language=language if isinstance(language := rows[0].get("language"), str) else None,
        given={"chunks": chunks},
    )

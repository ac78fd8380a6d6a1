"""Chunks, labels and vectors that an input brings along: taken as they are, never computed again.

A dump's document holds them under `chunks`, a list of objects; a Parquet file has a row a chunk. Keys of a chunk are
`text`, and where they are known `context`, `embedding` (a list of numbers) with `model`, `labeller`, `task`,
`modifier`, `domain` (each with `_confidence`), `concept`, `question`, `answer`, `soft_negatives`, `hard_negatives`.

Example: {"id": "4711", "text": "Tea. Hot.", "chunks": [{"text": "Tea. "}, {"text": "Hot.", "domain": "everyday"}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from include.pipelines.documents.formats.decoding import clean_text
from include.pipelines.documents.formats.document import Document

STRINGS = ("context", "model", "labeller", "task", "modifier", "domain", "concept", "question", "answer")
NUMBERS = ("task_confidence", "modifier_confidence", "domain_confidence")
LISTS = ("soft_negatives", "hard_negatives")
KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(STRINGS, str),
    **dict.fromkeys(NUMBERS, (int, float)),
    **dict.fromkeys(LISTS, list),
}

# Characters of a chunk: a tsvector holds one megabyte.
LARGEST = 50_000

# pgvector's limit.
MAX_DIMENSION = 16_000


class GivenError(Exception):
    """What a document brings along cannot be taken; `reason` speaks of its shape."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GivenChunk:
    """One chunk as it came: characters start to end of the document's text, and what else is known of it."""

    start: int
    end: int
    columns: Mapping[str, Any]
    embedding: npt.NDArray[np.float32] | None = None
    model: str | None = None


def given_chunks(document: Document) -> list[GivenChunk] | None:
    """The chunks that a document brings along; None where it brings none.

    Chunks must stand in the text in order and hold all of it: white space between them goes to the one before.

    Raises:
        GivenError: they are no such chunks, or a value is of another type.
    """
    given = (document.given or {}).get("chunks")
    if given is None:
        return None
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise GivenError("`chunks` is no list of chunks")
    found, end = [], 0
    for number, chunk in enumerate(given, 1):
        stop = _end(chunk, number, document.text, end)
        following = len(document.text) if number == len(given) else _skipped(document.text, stop)
        if document.text[stop:following].strip():
            raise GivenError("text behind the last chunk is in none")
        found.append(_given(chunk, number, end, following))
        end = following
    return found


def joined(chunks: Sequence[Mapping[str, Any]]) -> str:
    """The text of a document that is given by its chunks alone: each on a line of its own."""
    return "\n".join(str(chunk.get("text") or "") for chunk in chunks)


def _end(chunk: object, number: int, text: str, end: int) -> int:
    """Where a chunk's last sign stands, its first one being the next that is not white space."""
    words = chunk.get("text") if isinstance(chunk, Mapping) else None
    if not isinstance(words, str) or not words.strip():
        raise GivenError(f"chunk {number} has no text")
    start = _skipped(text, end)
    if not text.startswith(words.strip(), start):
        raise GivenError(f"chunk {number} does not stand in the text behind the one before it")
    return start + len(words.strip())


def _skipped(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _given(chunk: Mapping[str, Any], number: int, start: int, end: int) -> GivenChunk:
    columns = {name: chunk[name] for name in KINDS if chunk.get(name) is not None}
    for name, value in columns.items():
        if not isinstance(value, KINDS[name]) or isinstance(value, bool):
            raise GivenError(f"`{name}` of chunk {number} is of another type")
    if end - start > LARGEST:
        raise GivenError(f"chunk {number} has {end - start} characters, {LARGEST} are allowed")
    columns = {name: _cleaned(value) for name, value in columns.items()}
    model = columns.pop("model", None)
    vector = _vector(chunk.get("embedding"), number)
    if vector is not None and not model:
        raise GivenError(f"the embedding of chunk {number} names no model")
    return GivenChunk(start, end, columns, vector, model)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)[0]
    return [clean_text(str(item))[0] for item in value] if isinstance(value, list) else value


def _vector(value: Any, number: int) -> npt.NDArray[np.float32] | None:
    if value is None:
        return None
    try:
        vector = np.asarray(value, np.float32)
    except (TypeError, ValueError) as error:
        raise GivenError(f"the embedding of chunk {number} is no list of numbers") from error
    if vector.ndim != 1 or not 0 < len(vector) <= MAX_DIMENSION or not np.isfinite(vector).all():
        raise GivenError(f"the embedding of chunk {number} is no list of 1 to {MAX_DIMENSION} finite numbers")
    return vector

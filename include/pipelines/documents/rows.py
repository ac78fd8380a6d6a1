"""Rows of the schema `documents`: their Arrow schemas, and their keys."""

from __future__ import annotations

import hashlib

import pyarrow as pa

DOCUMENTS = pa.schema(
    [
        pa.field("document_id", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("format", pa.string(), nullable=False),
        pa.field("encoding", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("characters", pa.int32(), nullable=False),
        pa.field("chunks", pa.int32(), nullable=False),
        pa.field("metadata", pa.string()),
        pa.field("notes", pa.list_(pa.string()), nullable=False),
    ]
)

CHUNKS = pa.schema(
    [
        pa.field("chunk_id", pa.int64(), nullable=False),
        pa.field("document_id", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("ordinal", pa.int32(), nullable=False),
        pa.field("episode", pa.int32(), nullable=False),
        pa.field("start_byte", pa.int64(), nullable=False),
        pa.field("end_byte", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("context", pa.string()),
        pa.field("language", pa.string()),
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("words", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("labeller", pa.string()),
        pa.field("task", pa.string()),
        pa.field("task_confidence", pa.float32()),
        pa.field("modifier", pa.string()),
        pa.field("modifier_confidence", pa.float32()),
        pa.field("domain", pa.string()),
        pa.field("domain_confidence", pa.float32()),
        pa.field("length", pa.int32(), nullable=False),
        pa.field("density", pa.float32()),
        pa.field("redundancy", pa.float32()),
        pa.field("coherence", pa.float32()),
        pa.field("concept", pa.string()),
        pa.field("question", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("soft_negatives", pa.list_(pa.string())),
        pa.field("hard_negatives", pa.list_(pa.string())),
    ]
)

VECTORS = pa.schema(
    [
        pa.field("chunk_id", pa.int64(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("embedding", pa.list_(pa.float32()), nullable=False),
    ]
)


def row_id(*parts: str | int) -> int:
    """A key that is the same in every run: 63 bits of SHA-256. Two of a million rows share one once in 18 million runs.

    Example: row_id("manuals", "tea.md", "tea.md", 0) for the first chunk of a file.
    """
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1

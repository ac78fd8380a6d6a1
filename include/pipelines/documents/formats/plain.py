"""Plain text: nothing but its paragraphs."""

from __future__ import annotations

from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.document import Document

# A first line longer than this is a sentence, no title.
MAX_TITLE = 120


def read_plain(decoded: Decoded, name: str) -> Document:
    """The document; its text is the file's own. Its title is the first line, where a blank one follows it."""
    lines = decoded.text.lstrip("\ufeff").lstrip().split("\n", 2)
    alone = len(lines) > 1 and not lines[1].strip() and len(lines[0].strip()) <= MAX_TITLE
    return Document(
        name=name,
        text=decoded.text,
        format="text",
        title=lines[0].strip() or None if alone else None,
        encoding=decoded.encoding,
        notes=decoded.notes,
    )

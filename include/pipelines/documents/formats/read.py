"""A file to documents, by its name's ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.errors import FileError
from include.pipelines.documents.formats.decoding import Decoded, decode
from include.pipelines.documents.formats.document import Document, ReadFile
from include.pipelines.documents.formats.html import read_html
from include.pipelines.documents.formats.json_lines import read_json_lines
from include.pipelines.documents.formats.markdown import read_markdown
from include.pipelines.documents.formats.parquet import read_parquet
from include.pipelines.documents.formats.plain import read_plain
from include.pipelines.documents.formats.restructured import read_restructured

Reader = Callable[[Decoded, str], Document]

ONE_DOCUMENT: dict[str, Reader] = {
    **dict.fromkeys((".txt", ".text", ".srt", ".vtt", ".log"), read_plain),
    **dict.fromkeys((".md", ".markdown", ".mdown", ".mkd"), read_markdown),
    **dict.fromkeys((".rst", ".rest"), read_restructured),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xml", ".rss", ".atom"), read_html),
}
DUMPS = {".jsonl": read_json_lines, ".ndjson": read_json_lines, ".parquet": read_parquet}

# What a walk of a folder takes.
SUFFIXES = (*ONE_DOCUMENT, *DUMPS)

# What is neither seen nor white space to Python: byte order marks and zero-width signs.
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"

# A document is text that somebody wrote; a hundred megabytes are a dump with the wrong ending.
MAX_DOCUMENT_BYTES = 100 << 20


def read_file(path: Path, name: str) -> ReadFile:
    """Reads a file whole.

    Args:
        path: of the file.
        name: what messages and, where the file is one document, its name call it: the path within its folder.

    Raises:
        FileError: it is of no known format, no text, empty, or of more bytes than a document has.
    """
    suffix = path.suffix.lower()
    if suffix in DUMPS:
        return DUMPS[suffix](path, name)
    reader = ONE_DOCUMENT.get(suffix)
    if reader is None:
        what = f"The file {name} ends in {suffix or 'nothing'}; documents end in {', '.join(SUFFIXES)}."
        raise FileError(what, "Rename it, or leave it out.")
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        what = f"The file {name} has {path.stat().st_size} bytes, a document at most {MAX_DOCUMENT_BYTES}."
        raise FileError(what, "Divide it, or deliver its documents as JSON lines.")
    document = reader(decode(path.read_bytes(), name), name)
    if not document.text.strip().strip(INVISIBLE):
        raise FileError(f"The file {name} is empty: it holds no text.", "Deliver it again, or leave it out.")
    return ReadFile((document,))

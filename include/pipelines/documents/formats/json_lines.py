"""JSON lines: many documents in a file, one object a line with `id`, `title` and `text`."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from include.errors import FileError
from include.pipelines.documents.formats.decoding import clean_text
from include.pipelines.documents.formats.document import Document, ReadFile
from include.pipelines.documents.formats.precomputed import GivenError, given_chunks, joined
from include.readers.encoding import MARKS, UTF_8
from include.results import Reject

# Keys that a dump's identity, title and text go by, the first that is there.
ID_KEYS = ("id", "_id", "doc_id", "docid", "pageid")
TITLE_KEYS = ("title", "name", "headline")
TEXT_KEYS = ("text", "body", "content", "contents", "document")
LANGUAGE_KEYS = ("language", "lang")
GIVEN_KEYS = ("chunks",)

# A language as code, with or without region: de, pt-BR.
CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?")

# Bytes of an id as UTF-8: an index row holds 2,704, two ids and a file's name must fit.
MAX_ID_BYTES = 512

# A line is one document (see read.py); longer is no dump.
MAX_LINE_BYTES = 100 << 20


class _LineError(Exception):
    """Why a line is no document."""

    def __init__(self, column: str | None, code: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.code, self.reason = column, code, reason


def read_json_lines(path: Path, name: str) -> ReadFile:
    """Reads a dump; a line that is no document is a reject, and the others are read.

    Of two documents with one id the first is kept and the second a reject (code `duplicate_id`). A document without id
    is named after its text's digest. NULs and lone surrogates are taken out of texts, which `notes` say.

    Raises:
        FileError: the file holds no line at all, or lines of more than 100 MiB.
    """
    documents: dict[str, Document] = {}
    rejects: list[Reject] = []
    blank = record = 0
    for line, raw in enumerate(_lines(path, name), 1):
        if not raw.strip():
            blank += 1
            continue
        record += 1
        try:
            _keep(documents, _document(raw))
        except _LineError as refused:
            rejects.append(_reject(name, line, record, refused, raw))
    if not record:
        raise FileError(f"The file {name} is empty: it holds no documents.", "Deliver it again, or leave it out.")
    return ReadFile(tuple(documents.values()), tuple(rejects), blank)


def _keep(documents: dict[str, Document], document: Document) -> None:
    """Adds a document to those of a file, unless one of its name is there."""
    if document.name in documents:
        raise _LineError("id", "duplicate_id", "an earlier line of the file has the same id")
    documents[document.name] = document


def _lines(path: Path, name: str) -> Iterator[bytes]:
    """The file's lines as UTF-8 without byte order mark and line end."""
    with path.open("rb") as stream:
        start = stream.read(4)
        mark, encoding = next((pair for pair in MARKS if start.startswith(pair[0])), (b"", UTF_8))
        stream.seek(len(mark))
        if encoding != UTF_8:
            yield from _recoded(stream.read(), encoding, name).split(b"\n")
            return
        while raw := stream.readline(MAX_LINE_BYTES):
            if len(raw) == MAX_LINE_BYTES:
                what = f"The file {name} has a line of more than {MAX_LINE_BYTES} bytes."
                raise FileError(what, "Check that it is JSON lines: one object a line.")
            yield raw.rstrip(b"\r\n")


def _recoded(raw: bytes, encoding: str, name: str) -> bytes:
    try:
        return codecs.decode(raw, encoding).encode()
    except UnicodeDecodeError as error:
        what = f"The file {name} is not text in {encoding}: byte {error.start} cannot be read."
        raise FileError(what, "Ask for the file as UTF-8.") from error


def _document(raw: bytes) -> Document:
    value = _parsed(raw)
    text, notes = clean_text(_text(value))
    if not text.strip():
        raise _LineError("text", "empty", "the text is empty")
    return _checked(_built(value, text, notes))


def _checked(document: Document) -> Document:
    try:
        given_chunks(document)
    except GivenError as error:
        raise _LineError("chunks", "chunks", error.reason) from error
    return document


def _built(value: Mapping[str, Any], text: str, notes: tuple[str, ...]) -> Document:
    title = _first(value, TITLE_KEYS)
    language = _first(value, LANGUAGE_KEYS)
    return Document(
        name=_id(value, text),
        text=text,
        format="jsonl",
        title=clean_text(title)[0].strip() or None if isinstance(title, str) else None,
        language=language.lower() if isinstance(language, str) and CODE.fullmatch(language) else None,
        metadata=_rest(value),
        notes=notes,
        given={key: value[key] for key in GIVEN_KEYS if key in value} or None,
    )


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(raw.decode(UTF_8), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise _LineError(None, "encoding", f"byte {error.start} of the line is not UTF-8") from error
    except RecursionError as error:
        raise _LineError(None, "json", "the line nests deeper than JSON is read") from error
    except json.JSONDecodeError as error:
        raise _LineError(None, "json", f"the line is no JSON: {error.msg} at character {error.pos}") from error
    if not isinstance(value, dict):
        raise _LineError(None, "no_object", f"the line holds {_kind(value)} where an object is expected")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _LineError(None, "duplicate_key", "the object has a key twice")
    return value


def _text(value: Mapping[str, Any]) -> str:
    key = next((key for key in TEXT_KEYS if key in value), None)
    text = value[key] if key else _of_chunks(value)
    if text is None:
        raise _LineError("text", "no_text", f"the object has no text (keys that are read: {', '.join(TEXT_KEYS)})")
    if not isinstance(text, str):
        raise _LineError(key, "type", f"the text is {_kind(text)} where a string is expected")
    return text


def _of_chunks(value: Mapping[str, Any]) -> str | None:
    given = value.get("chunks")
    return joined(given) if isinstance(given, list) and all(isinstance(chunk, dict) for chunk in given) else None


def _id(value: Mapping[str, Any], text: str) -> str:
    found = _first(value, ID_KEYS)
    if found is None or found == "":
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    if isinstance(found, bool | list | dict):
        raise _LineError("id", "type", f"the id is {_kind(found)} where a string or a number is expected")
    name = clean_text(str(found))[0]
    if len(name.encode()) > MAX_ID_BYTES:
        raise _LineError("id", "too_long", f"the id has {len(name.encode())} bytes, {MAX_ID_BYTES} are allowed")
    return name


def _first(value: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _rest(value: Mapping[str, Any]) -> dict[str, Any]:
    read = {*ID_KEYS, *TITLE_KEYS, *TEXT_KEYS, *LANGUAGE_KEYS, *GIVEN_KEYS}
    return {key: item for key, item in value.items() if key not in read}


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _reject(part: str, line: int, record: int, refused: _LineError, raw: bytes) -> Reject:
    text = clean_text(raw.decode(UTF_8, "replace"))[0]
    return Reject(part, line, record, record, refused.column, refused.code, refused.reason, text)

"""What a reader makes of a file: documents with their headings, and the places in it that are no document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include.results import Reject


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: level 1 (topmost) to 6, its words, and where its section begins.

    `start` counts characters of the document's text; None is a heading outside the main text (page furniture).
    """

    level: int
    text: str
    start: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it is chunked and stored.

    `text` is what chunks are cut from, and joined chunks give back: the file's own text without front matter, or the
    main text of a page. `name` is its identity within the file: the dump's id, else the file's name. `offset` is where
    `text` begins, in bytes of the file's text as UTF-8 without byte order mark (0 where it is not a slice of it).
    `notes` say what was mended on the way, by kind and number: ("nul: 2",). `given` holds what a precomputed input
    brings along.

    Example: name "4711", title "Tea", text "Tea is a drink.", format "jsonl", encoding "utf-8", language "en".
    """

    name: str
    text: str
    format: str
    title: str | None = None
    encoding: str = "utf-8"
    language: str | None = None
    headings: tuple[Heading, ...] = ()
    offset: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    given: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """All of a file: documents and rejects in the file's order. `blank`: lines of a dump that hold nothing."""

    documents: tuple[Document, ...]
    rejects: tuple[Reject, ...] = ()
    blank: int = 0

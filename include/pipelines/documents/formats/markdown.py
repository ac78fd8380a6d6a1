"""Markdown: front matter apart from the text, headings where a CommonMark parser sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from markdown_it import MarkdownIt

from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.document import Document, Heading
from include.pipelines.documents.formats.lines import line_starts

# YAML between `---`, TOML between `+++`. What is opened and never closed is text: nothing of it is lost.
FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*(?:\r\n|\r|\n)(.*?)(?:\r\n|\r|\n)(?:\1|\.\.\.)[ \t]*(?:\r\n|\r|\n|\Z)", re.S
)

# A site's generators read no more than some kilobytes there; longer is a text between two rules.
MAX_FRONT_MATTER = 64 << 10


def read_markdown(decoded: Decoded, name: str) -> Document:
    """The document; its text is the file's without front matter, whose keys are its metadata."""
    match = FRONT_MATTER.match(decoded.text)
    metadata = _metadata(match) if match else None
    body = match.end() if match and metadata is not None else 0
    text = decoded.text[body:]
    headings = _headings(text)
    title = metadata.get("title") if metadata else None
    return Document(
        name=name,
        text=text,
        format="markdown",
        title=str(title) if title else next((heading.text for heading in headings if heading.level == 1), None),
        encoding=decoded.encoding,
        headings=headings,
        offset=len(decoded.text[:body].encode()),
        metadata=metadata or {},
        notes=decoded.notes,
    )


def _metadata(match: re.Match[str]) -> Mapping[str, Any] | None:
    """The front matter's keys as JSON types; None where it is none, but text between two rules."""
    if len(match.group(2)) > MAX_FRONT_MATTER:
        return None
    try:
        value = _toml(match.group(2)) if match.group(1) == "+++" else yaml.load(match.group(2), _Plain)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return {"front_matter": match.group(2)}
    if value is None:
        return {}
    return value if isinstance(value, dict) else None


class _Plain(yaml.SafeLoader):
    """Dates stay as they are written: metadata is JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class's own attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _toml(text: str) -> dict[str, Any]:
    import tomllib

    return {key: value if isinstance(value, str | int | float | list | dict) else str(value)
            for key, value in tomllib.loads(text).items()}  # fmt: skip


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _headings(text: str) -> tuple[Heading, ...]:
    """ATX and setext headings, those within quotes and lists too."""
    starts = line_starts(text)
    tokens = _parser().parse(text)
    return tuple(
        Heading(int(token.tag[1]), tokens[position + 1].content, starts[token.map[0]])
        for position, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    )

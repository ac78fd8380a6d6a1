"""reStructuredText: section titles by their adornments, without running directives or roles.

docutils takes about a hundred times as long, and stops at the directives of other tools; its specification's rules
for titles are few: text at the margin, underlined by one repeated sign at least as long, after a blank line.
"""

from __future__ import annotations

import re
from itertools import pairwise

from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.document import Document, Heading
from include.pipelines.documents.formats.lines import columns, line_starts

ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*[ \t]*\Z")

# Literal, strong, emphasis, link with a target, reference.
SIGNS = re.compile(r"``(.+?)``|\*\*(.+?)\*\*|(?<!\w)\*(\S.*?)\*(?!\w)|(?<![:`\w])`([^`<]+?)(?: <[^`>]*>)?`__?(?!\w)")

# Shorter adornments than their title are titles from this many signs on (docutils warns); else they are text.
LEAST_SIGNS = 4


def read_restructured(decoded: Decoded, name: str) -> Document:
    """The document; its text is the file's own."""
    headings = _headings(decoded.text)
    return Document(
        name=name,
        text=decoded.text,
        format="rst",
        title=headings[0].text if headings else None,
        encoding=decoded.encoding,
        headings=headings,
        notes=decoded.notes,
    )


def _words(title: str) -> str:
    """A title as it is read: literals, emphasis and links without their signs."""
    return SIGNS.sub(lambda match: next(group for group in match.groups() if group is not None), title)


def _headings(text: str) -> tuple[Heading, ...]:
    starts = line_starts(text)
    lines = [text[start:end].rstrip() for start, end in pairwise([*starts, len(text)])]
    styles: list[tuple[str, bool]] = []
    found = []
    position = 0
    while position < len(lines):
        title, style, length = _title(lines, position)
        if title is not None:
            if style not in styles:
                styles.append(style)
            found.append(Heading(min(styles.index(style) + 1, 6), _words(title), starts[position]))
        position += length
    return tuple(found)


def _title(lines: list[str], position: int) -> tuple[str | None, tuple[str, bool], int]:
    """The title that begins on a line, its style (sign, overlined) and the lines that it takes; None, and 1."""
    nothing = None, ("", False), 1
    line, below = lines[position], lines[position + 1] if position + 1 < len(lines) else ""
    if position and lines[position - 1] and not ADORNMENT.match(lines[position - 1]):
        return nothing
    under = lines[position + 2] if position + 2 < len(lines) else ""
    if ADORNMENT.match(line) and below.strip() and line == under and columns(below.strip()) <= len(line):
        return below.strip(), (line[0], True), 3
    if not line or line[0].isspace() or not ADORNMENT.match(below) or ADORNMENT.match(line):
        return nothing
    if columns(line) > len(below) and len(below) < LEAST_SIGNS:
        return nothing
    return line, (below[0], False), 2

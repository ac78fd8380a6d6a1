"""Where the lines of a text begin, and how wide they are."""

from __future__ import annotations

import re
import unicodedata

# The line ends of Markdown and reStructuredText; form feeds and Unicode's separators end no line there.
LINE_END = re.compile(r"\r\n|\r|\n")


def line_starts(text: str) -> list[int]:
    """Characters before each line of the text; the first is 0."""
    return [0, *(match.end() for match in LINE_END.finditer(text))]


def columns(text: str) -> int:
    """Columns of a fixed-width screen: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1

"""Where the lines of a text begin."""

from __future__ import annotations

import re

# The line ends of Markdown and reStructuredText; form feeds and Unicode's separators end no line there.
LINE_END = re.compile(r"\r\n|\r|\n")


def line_starts(text: str) -> list[int]:
    """Characters before each line of the text; the first is 0."""
    return [0, *(match.end() for match in LINE_END.finditer(text))]

"""Episodes: a document's sections, each a run of its text that chunks never cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.pipelines.documents.formats.document import Heading

# A section of fewer characters (a bare heading, a line) is no chunk of its own: it begins the next one.
LEAST_CHARACTERS = 100

BETWEEN_HEADINGS = " > "


@dataclass(frozen=True, slots=True)
class Episode:
    """A section: characters start to end of the document's text, below the headings of `path` ("Tea > Green")."""

    start: int
    end: int
    path: str


def episodes(text: str, headings: Sequence[Heading]) -> list[Episode]:
    r"""The sections that tile the text; [] for an empty one.

    Example: "# Tea\n...\n## Green\n..." is two episodes, of paths "Tea" and "Tea > Green".
    """
    starts = sorted((heading.start, heading) for heading in headings if heading.start is not None)
    path: list[Heading] = []
    found: list[Episode] = []
    begin = 0
    name = ""
    for start, heading in starts:
        if start - begin >= LEAST_CHARACTERS and text[begin:start].strip():
            found.append(Episode(begin, start, name))
            begin = start
        path = [above for above in path if above.level < heading.level] + [heading]
        name = BETWEEN_HEADINGS.join(above.text for above in path)
    if begin < len(text):
        found.append(Episode(begin, len(text), name))
    return found

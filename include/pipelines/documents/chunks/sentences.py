"""Where sentences end, in any script, and where a sentence that is too long may be cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# Bounds, best first, each right before the next unit: the white space behind a sentence belongs to it.
# Nobody breaks lines at more than 120 characters: a line end behind a longer line ends a paragraph too.
PARAGRAPH = re.compile(
    r"\n[ \t]*(?:\r?\n[ \t]*)+|\r[ \t]*(?:\r[ \t]*)+|\n(?:(?<=[^\n\r]{120}\n)|(?<=[^\n\r]{120}\r\n))\s*"
)
SENTENCE = re.compile(
    r"(?<=[.!?…؟\u06d4।॥])(?<![\s.][A-Z]\.)(?<!\b(?:cf|vs|Dr|Mr|St|No)\.)(?<!\b(?:Mrs|etc)\.)(?<!\b(?:e\.g|i\.e)\.)"
    r"[\"'”’»)\]]*\s+(?=[^\s.,;:!?a-z)\]])"  # noqa: RUF001
    r"|(?<=[。！？｡])[”’」』）》\"']*\s*"  # noqa: RUF001
)
ITEM = re.compile(r"\n(?=[ \t]*(?:[-*+•‣]|\d{1,3}[.)]|[a-z][.)]|#{1,6}|\|)[ \t])")

# Where a unit longer than the maximum is cut, best first; the last resort is any character.
CUTS = (
    re.compile(r"\n\s*"),
    re.compile(r"(?<=[;:；：])\s*"),  # noqa: RUF001
    re.compile(r"(?<=[,،、，])\s*"),  # noqa: RUF001
    re.compile(r"\s+"),
)

# Characters that belong to the one before: a cut never stands before them.
JOINED = re.compile(
    "[\u0300-\u036f\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
)


def bounds(text: str, start: int, end: int, maximum: int) -> list[int]:
    """Ends of the units that tile text[start:end], none of more than `maximum` characters.

    A unit is a sentence, a paragraph without full stop or a list's item, with the white space behind it.
    """
    found = {end}
    for pattern in (PARAGRAPH, SENTENCE, ITEM):
        found.update(match.end() for match in pattern.finditer(text, start, end))
    found.discard(start)
    return [bound for first, last in _spans(start, sorted(found)) for bound in _cut(text, first, last, maximum, CUTS)]


def _spans(start: int, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    for end in ends:
        yield start, end
        start = end


def _cut(text: str, start: int, end: int, maximum: int, cuts: Sequence[re.Pattern[str]]) -> Iterator[int]:
    """Ends of pieces of a unit: as few and as full as the best kind of cut allows."""
    while end - start > maximum:
        cut = _last_cut(text, start, start + maximum, cuts)
        yield cut
        start = cut
    yield end


def _last_cut(text: str, start: int, limit: int, cuts: Sequence[re.Pattern[str]]) -> int:
    """The last place in the second half of text[start:limit] for the best kind of cut that is there."""
    middle = start + (limit - start + 1) // 2
    for pattern in cuts:
        ends = [match.end() for match in pattern.finditer(text, middle, limit) if match.end() < limit]
        if ends:
            return ends[-1]
    cut = limit
    while cut > middle and JOINED.match(text, cut):
        cut -= 1
    return cut if cut > start else limit

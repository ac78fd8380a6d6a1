"""HTML: main text apart from page furniture, and headings wherever they stand.

Before the kept extractor runs, each heading of the parsed page is marked by noncharacters of Unicode, which no text
holds; where the marks come out is where sections begin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from include.pipelines.documents.formats.decoding import Decoded
from include.pipelines.documents.formats.document import Document, Heading

# U+FDD0 is the mark before a heading of level 1, U+FDD5 of level 6; U+FDD6 stands after each.
FIRST_MARK = 0xFDD0
END_MARK = chr(FIRST_MARK + 6)
MARKS = re.compile(f"[{chr(FIRST_MARK)}-{END_MARK}]")
MARKED = re.compile(f"([{chr(FIRST_MARK)}-{chr(FIRST_MARK + 5)}])([^{END_MARK}]*){END_MARK}")

# A file without any of these is a fragment of a page (a content system's body field): all of it is main text.
PAGE = re.compile(r"<(?:html|head|body|main|!doctype)[\s>]", re.I)

# Looking for the main text takes time by the square of the depth: 0.4 s at 5,000 elements, a minute at 50,000.
MAX_DEPTH = 10_000

HEADINGS = "h1, h2, h3, h4, h5, h6"
BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Extracted:
    text: str
    inside: tuple[Heading, ...]


def read_html(decoded: Decoded, name: str) -> Document:
    """The document; its text is the page's main text, all text where the file is a fragment of a page or XML."""
    tree = HTMLTree.parse(MARKS.sub("", decoded.text))
    title = _spaced(tree.title or "") or None
    language = _language(tree)
    everywhere = _mark(tree)
    extracted = _extract(tree, decoded.text)
    return Document(
        name=name,
        text=extracted.text,
        format="html",
        title=title or next((heading.text for heading in everywhere), None),
        encoding=decoded.encoding,
        language=language,
        headings=_placed(everywhere, extracted.inside),
        notes=decoded.notes,
    )


def _language(tree: HTMLTree) -> str | None:
    root = tree.document
    element = root.query_selector("html[lang]") if root else None
    return str(element.getattr("lang")).strip().lower().split("-")[0] or None if element else None


def _mark(tree: HTMLTree) -> list[Heading]:
    """Puts marks around all headings, and returns these as they stand in the page; empty ones are none."""
    if tree.document is None:
        return []
    found = []
    for element in tree.document.query_selector_all(HEADINGS):
        level = int((element.tag or "h1")[1])
        found.append(Heading(level, _spaced(element.text), None))
        _surround(tree, element, level)
    return found


def _surround(tree: HTMLTree, element: Any, level: int) -> None:
    """Marks go into the heading's own first and last words: the extractor drops nodes that hold no words."""
    worded = [node for node in _texts(element) if node.value.strip()]
    if worded:
        last = worded[-1]
        opening = chr(FIRST_MARK + level - 1)
        if len(worded) == 1:
            last.parent.replace_child(tree.create_text_node(f"{opening}{last.value}{END_MARK}"), last)
            return
        worded[0].parent.replace_child(tree.create_text_node(f"{opening}{worded[0].value}"), worded[0])
        last.parent.replace_child(tree.create_text_node(f"{last.value}{END_MARK}"), last)


def _texts(element: Any) -> list[Any]:
    """Text nodes beneath an element, in order."""
    found, waiting = [], [element]
    while waiting:
        node = waiting.pop()
        if node.node_name == "#text":
            found.append(node)
        else:
            waiting += reversed(node.child_nodes)
    return found


def _extract(tree: HTMLTree, source: str) -> _Extracted:
    page = PAGE.search(source) is not None and _depth(tree) <= MAX_DEPTH
    text = extract_plain_text(tree, preserve_formatting=True, main_content=page, alt_texts=False, comments=False)
    if page and not text.strip():
        text = extract_plain_text(tree, preserve_formatting=True, alt_texts=False)
    parts, inside, end, length = [], [], 0, 0
    for match in MARKED.finditer(text):
        parts += [text[end : match.start()], match.group(2)]
        length += match.start() - end
        inside.append(Heading(ord(match.group(1)) - FIRST_MARK + 1, _spaced(match.group(2)), length))
        length += len(match.group(2))
        end = match.end()
    return _Extracted(MARKS.sub("", "".join([*parts, text[end:]])), tuple(inside))


def _depth(tree: HTMLTree) -> int:
    """Elements above the deepest one, along the first children: what makes a page deep is such a chain."""
    depth = 0
    node: Any = tree.body
    while node is not None and depth <= MAX_DEPTH:
        depth, node = depth + 1, node.first_child
    return depth


def _placed(everywhere: list[Heading], inside: tuple[Heading, ...]) -> tuple[Heading, ...]:
    """All headings of the page in its order, with the places of those that the main text has."""
    left = list(inside)
    placed = []
    for heading in everywhere:
        here = bool(left) and left[0].text == heading.text
        placed.append(left.pop(0) if here else heading)
    return tuple(placed)


def _spaced(text: str | None) -> str:
    return BLANK.sub(" ", MARKS.sub("", text or "")).strip()

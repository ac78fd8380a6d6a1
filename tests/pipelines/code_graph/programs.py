"""Programs written down in a test, and the edges found in them."""

from __future__ import annotations

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.prepare import language_of
from include.pipelines.code_graph.resolve import resolve


def parsed(path: str, text: str) -> ParsedFile:
    """The facts of a file that is only a text."""
    language = language_of(path)
    assert language is not None, path
    return language.parse(path, text.encode())


def edges(files: dict[str, str], type_: str = "CALLS", root: str = "") -> set[str]:
    """Relationships as `path::caller > path::callee`, the path left out where there is one file."""
    found = resolve([parsed(path, text) for path, text in files.items()], root).files
    rows = [
        row
        for each in found.values()
        for place, rows in each.relationships.items()
        if place[0] == type_
        for row in rows
    ]
    before = f"{next(iter(files))}::" if len(files) == 1 else ""
    return {f"{str(row[0]).removeprefix(before)} > {str(row[1]).removeprefix(before)}" for row in rows}


def expected(text: str) -> set[str]:
    """Edges written one a line."""
    lines = (line.strip() for line in text.splitlines())
    return {f" {line}" if line.startswith(">") else line for line in lines if line}

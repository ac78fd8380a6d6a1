"""Which files of the tree a file imports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from include.pipelines.code_graph.facts import ParsedFile

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program


def imported(program: Program, file: File) -> tuple[tuple[str, int], ...]:
    """The paths that the file's imports lead to, each once, with the first line that does."""
    found: dict[str, int] = {}
    for name, line in _named(file.facts):
        module = program.module(file, name)
        for path in module.paths if module is not None else ():
            if path != file.path:
                found.setdefault(path, line)
    return tuple(found.items())


def _named(facts: ParsedFile) -> Iterator[tuple[str, int]]:
    """What the imports name; `from . import x` may mean a module x."""
    for each in facts.imports:
        yield each.module, each.line
        for name in each.names:
            yield f"{each.module}{'' if each.module.endswith('.') else '.'}{name}", each.line

"""Python, read by its own parser."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.languages.python import modules, natives
from include.pipelines.code_graph.languages.python.statements import PythonWalk
from include.pipelines.code_graph.scopes import Facts


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a Python file; one that does not parse gives what stands before the fault, and a reject."""
    facts = Facts(path, "python", _module_of(path))
    tree = _tree(source, facts)
    walk = PythonWalk(facts)
    walk.run(tree)
    return facts.parsed(source.count(b"\n") + 1)


def _module_of(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _tree(source: bytes, facts: Facts) -> ast.Module:
    """The module, or its longest beginning that parses."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        facts.reject(line, "syntax", f"The file does not parse: {type(error).__name__} on line {line}.")
        return _beginning(source, line)


def _beginning(source: bytes, line: int) -> ast.Module:
    """What stands before the fault, cut at the last statement of the module that ends before it."""
    lines = source.splitlines(keepends=True)
    starts = [n for n in range(min(line, len(lines))) if lines[n][:1].strip() and lines[n][:1] not in b"#)]}"]
    for start in reversed(starts[-20:]):
        try:
            return ast.parse(b"".join(lines[:start]))
        except (SyntaxError, ValueError):
            continue
    return ast.Module([], [])


PYTHON = Language(
    "python",
    (".py", ".pyi"),
    parse,
    module=modules.module,
    submodule=modules.submodule,
    constructors=("__new__", "__init__"),
    natives=natives.NATIVES,
    site_member=natives.site_member,
)

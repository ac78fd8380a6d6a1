"""Where Go's imports lead: folders below the module that go.mod names."""

from __future__ import annotations

import re

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.language import Language, Module
from include.pipelines.code_graph.scopes import Facts
from include.pipelines.code_graph.tree import Tree, joined, parent

# What a file's own package is asked for by.
SAME = "."
_MODULE = re.compile(rb"^\s*module\s+\"?([^\s\"]+)", re.MULTILINE)


def module(tree: Tree, path: str, name: str) -> Module | None:
    """The package's files; those of tests only for files of the same folder."""
    if name == SAME:
        return _package(tree, parent(path), tests=path.endswith("_test.go"))
    best = ("", "")
    for config, settings in tree.settings.items():
        own = settings.get("module")
        if config.endswith("go.mod") and isinstance(own, str) and (name + "/").startswith(own + "/"):
            best = max(best, (own, parent(config)), key=lambda found: len(found[0]))
    own, folder = best
    return _package(tree, joined(folder, name[len(own) + 1 :]).strip("/"), tests=False) if own else None


def _package(tree: Tree, folder: str, *, tests: bool) -> Module | None:
    paths = tree.in_folder(folder, ".go")
    found = tuple(path for path in paths if tests or not path.endswith("_test.go"))
    return Module(found) if found else None


def parse_settings(path: str, source: bytes) -> ParsedFile:
    """The module's name in a go.mod."""
    facts = Facts(path, "go.mod", path)
    found = _MODULE.search(source)
    if found is None:
        facts.reject(1, "settings", "The file names no module; a line `module NAME` was expected.")
    else:
        facts.settings = [("module", found.group(1).decode("utf-8", "replace"))]
    return facts.parsed(source.count(b"\n") + 1)


SETTINGS = Language("go.mod", ("go.mod",), parse_settings)

"""TypeScript, with JSX where the file's name says so."""

from __future__ import annotations

import tree_sitter_typescript
from tree_sitter import Language as Grammar
from tree_sitter import Parser

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.script.javascript import script, walked

_PARSERS = {
    False: Parser(Grammar(tree_sitter_typescript.language_typescript())),
    True: Parser(Grammar(tree_sitter_typescript.language_tsx())),
}


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a TypeScript file; parts that do not parse are left out, each with a reject."""
    return walked(path, source, _PARSERS[path.endswith(".tsx")].parse(source), "typescript")


TYPESCRIPT = script("typescript", (".ts", ".tsx", ".mts", ".cts"), parse)

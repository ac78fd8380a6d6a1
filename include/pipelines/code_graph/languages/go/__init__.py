"""Go: packages of files, structs with what they embed, interfaces."""

from __future__ import annotations

import tree_sitter_go
from tree_sitter import Language as Grammar
from tree_sitter import Parser

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.go.modules import module
from include.pipelines.code_graph.languages.go.statements import GoWalk
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.languages.syntax import note_errors
from include.pipelines.code_graph.scopes import Facts

_PARSER = Parser(Grammar(tree_sitter_go.language()))


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a Go file; parts that do not parse are left out, each with a reject."""
    root = _PARSER.parse(source).root_node
    facts = Facts(path, "go", path.rpartition("/")[0])
    note_errors(root, facts)
    GoWalk(facts).run(root)
    return facts.parsed(source.count(b"\n") + 1)


GO = Language("go", (".go",), parse, module=module, conversions=True)

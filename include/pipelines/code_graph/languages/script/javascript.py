"""JavaScript with JSX."""

from __future__ import annotations

from collections.abc import Callable

import tree_sitter_javascript
from tree_sitter import Language as Grammar
from tree_sitter import Parser, Tree

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.languages.script import modules
from include.pipelines.code_graph.languages.script.natives import FUNCTION_NATIVES, NATIVES
from include.pipelines.code_graph.languages.script.objects import function_member, instance_of, site_member
from include.pipelines.code_graph.languages.script.walk import ScriptWalk
from include.pipelines.code_graph.languages.syntax import note_errors
from include.pipelines.code_graph.scopes import Facts

_PARSER = Parser(Grammar(tree_sitter_javascript.language()))


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a JavaScript file; parts that do not parse are left out, each with a reject."""
    return walked(path, source, _PARSER.parse(source), "javascript")


def walked(path: str, source: bytes, tree: Tree, language: str) -> ParsedFile:
    """The facts of a parsed file of either language."""
    facts = Facts(path, language, path)
    note_errors(tree.root_node, facts)
    ScriptWalk(facts).run(tree.root_node)
    return facts.parsed(source.count(b"\n") + 1)


def script(name: str, suffixes: tuple[str, ...], parse: Callable[[str, bytes], ParsedFile]) -> Language:
    """A language with JavaScript's modules and objects."""
    return Language(
        name, suffixes, parse,
        module=modules.module, members=modules.members, constructors=("constructor",),
        natives={**NATIVES, **FUNCTION_NATIVES}, site_member=site_member, function_member=function_member,
        instance_of=instance_of, class_name="static {}".format,
    )  # fmt: skip


JAVASCRIPT = script("javascript", (".js", ".jsx", ".mjs", ".cjs"), parse)

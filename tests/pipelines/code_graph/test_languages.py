from __future__ import annotations

import re

from include.pipelines.code_graph.facts import Call, Definition, Function, Import, ParsedFile
from include.pipelines.code_graph.languages.language import Language, Module
from include.pipelines.code_graph.registry import LANGUAGES
from include.pipelines.code_graph.resolve import Resolver
from include.pipelines.code_graph.scopes import Facts
from include.pipelines.code_graph.tree import Tree


def parse(path: str, source: bytes) -> ParsedFile:
    """Lines `to NAME` define, `do NAME` call from what was defined last, `use FILE` imports all names of a file."""
    facts = Facts(path, "turtle", path)
    scope = ""
    for number, line in enumerate(source.decode().splitlines(), 1):
        word, _, name = line.partition(" ")
        if word == "to":
            scope = name
            facts.definitions.append(Definition(name, name, "function", "", number, number))
            facts.functions[name] = Function(())
            facts.slot("", name, [("f", name)])
        elif word == "do":
            facts.calls[f"{scope}@{name}"] = Call(scope, ("v", f":{name}"))
            facts.lines[f"{scope}@{name}"] = number
        elif word == "use":
            facts.imports.append(Import(name, number))
            facts.stars.append(name)
    return facts.parsed(number)


def module(tree: Tree, path: str, name: str) -> Module | None:
    return Module((name,)) if name in tree.paths else None


def test_a_tiny_language_is_one_value_and_meets_the_same_resolution() -> None:
    turtle = Language("turtle", (".turtle",), parse, module=module)
    resolver = Resolver(languages={"turtle": turtle})
    files = {"a.turtle": b"use b.turtle\nto walk\ndo step\n", "b.turtle": b"to step\n"}
    found = resolver.update([turtle.parse(path, text) for path, text in files.items()])
    assert found.files["a.turtle"].relationships["CALLS", "Function", "Function"] == [
        ("a.turtle::walk", "b.turtle::step", 3, 1, "name", 1.0, "a.turtle")
    ]
    again = resolver.update([turtle.parse("b.turtle", b"\nto leap\n")])
    assert sorted(again.files) == ["a.turtle", "b.turtle"]


def test_no_two_languages_claim_an_ending() -> None:
    endings = [suffix for language in LANGUAGES.values() for suffix in language.suffixes]
    assert len(endings) == len(set(endings))
    assert all(re.fullmatch(r"\.?[\w.]+", ending) for ending in endings)

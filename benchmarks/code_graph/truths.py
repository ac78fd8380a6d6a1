"""Precision and recall against call graphs that others wrote down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from include.pipelines.code_graph.flow.callees import targets
from include.pipelines.code_graph.flow.changes import update
from include.pipelines.code_graph.flow.objects import ClassValue, FunctionValue
from include.pipelines.code_graph.flow.program import Program
from include.pipelines.code_graph.registry import LANGUAGES

Edge = tuple[Any, Any]


class Score(NamedTuple):
    """Edges found rightly, found wrongly, missed; snippets without a fault."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    exact: int = 0
    cases: int = 0

    def plus(self, other: Score) -> Score:
        return Score(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def cases(folder: Path) -> Iterator[dict[str, Any]]:
    """The cases of a folder of truths."""
    with (folder / "call-graph-truths.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def solved(tree: Path) -> Program:
    """A small tree, parsed and solved."""
    program = Program(LANGUAGES)
    parsed = []
    for path in sorted(tree.rglob("*")):
        for language in LANGUAGES.values():
            if path.is_file() and path.name.endswith(language.suffixes):
                parsed.append(language.parse(path.relative_to(tree).as_posix(), path.read_bytes()))
    update(program, parsed)
    return program


def python_edges(program: Program, case: dict[str, Any]) -> set[Edge]:
    """Edges by qualified names; a class without a constructor of its own is no callee there."""
    found = set()
    for path, file in program.files.items():
        for _, call, target, _ in targets(program, path):
            if isinstance(target, FunctionValue):
                caller = f"{file.facts.module}.{call.scope}".rstrip(".")
                found.add((caller, f"{target.file.facts.module}.{target.qual}"))
    return found


def _python_truth(case: dict[str, Any]) -> set[Edge]:
    return {(edge[0], edge[1]) for edge in case["edges"]}


def _script_calls(program: Program) -> Iterator[tuple[str, Any, int, str, Any, str]]:
    """Caller's file and definition, line of the call, callee's file and definition, how it was found."""
    at = {(path, each.qual): each for path, file in program.files.items() for each in file.facts.definitions}
    for path, file in program.files.items():
        for key, call, target, how in targets(program, path):
            callee = at.get((target.file.path, target.qual))
            yield path, at.get((path, call.scope)), file.facts.lines[key], target.file.path, callee, how


def script_edges(program: Program, case: dict[str, Any]) -> set[Edge]:
    """Edges as the two suites name them; callbacks of the language's own methods are no calls of the caller there."""
    found: set[Edge] = set()
    jelly = case["suite"].startswith("Jelly")
    owners = {(path, each.qual): each for path, file in program.files.items() for each in file.facts.definitions}
    for path, caller, line, target, callee, how in _script_calls(program):
        if how == "callback" or callee is None:
            continue
        if jelly:
            ends = [(path, caller), (target, callee)]
            ends = [(p, owners[p, d.scope] if d is not None and d.name == "constructor" else d) for p, d in ends]
            found.add(tuple((p, d.line, d.column + 1) if d is not None else (p, 0, 0) for p, d in ends))  # type: ignore[arg-type]
        elif callee.kind != "class":
            found.add(((path, line), (target, callee.line)))
    return found


def _script_truth(case: dict[str, Any]) -> set[Edge]:
    if case["suite"].startswith("Jelly"):
        return {
            tuple((e["file"], 0, 0) if e.get("module") else (e["file"], e["line"], e["column"]) for e in edge[:2])  # type: ignore[misc]
            for edge in case["edges"]
        }
    return {((a["file"], a["call_line"]), (b["file"], b["line"])) for a, b in case["edges"]}


def go_name(qual: str) -> str:
    """`Do.<func1>` as `Do$1`; receivers and type arguments left aside."""
    return re.sub(r"\.<func(\d+)>", r"$\1", qual)


def _plain_go(name: str) -> str:
    name = re.sub(r"\[[^\]]*\]|\$bound$", "", name)
    head, dot, method = name.rpartition(").")
    return f"{head.lstrip('(*').rpartition('.')[2]}.{method}" if dot else name.rpartition("/")[2].rpartition(".")[2]


def go_edges(program: Program, case: dict[str, Any]) -> set[Edge]:
    """Edges by function and type name; where the truth lists callers, edges of those alone."""
    callers = {_go_truth_name(edge[0], case) for edge in case["edges"]}
    found = {
        (go_name(call.scope) or "init", go_name(target.qual))
        for path in program.files
        for _, call, target, _ in targets(program, path)
    }
    return {edge for edge in found if edge[0] in callers}


def _go_truth_name(name: str, case: dict[str, Any]) -> str:
    return _plain_go(name) if case["key"].startswith("as go/ssa") else name


def _go_truth(case: dict[str, Any]) -> set[Edge]:
    """Without what the compiler makes: wrappers of a method around itself, init, calls into libraries."""
    edges = {(_go_truth_name(edge[0], case), _go_truth_name(edge[1], case)) for edge in case["edges"]}
    return {(a, b) for a, b in edges if a != b or case["id"].startswith("go-vta")}


FOUND: dict[str, tuple[Callable[[Program, dict[str, Any]], set[Edge]], Callable[[dict[str, Any]], set[Edge]]]] = {
    "python": (python_edges, _python_truth),
    "go": (go_edges, _go_truth),
    "javascript": (script_edges, _script_truth),
}


# What is scored on its own: the beginning of the suite's name, and the language.
SUITES = (
    ("PyCG micro-benchmark", "python"),
    ("js-callgraph tests", "javascript"),
    ("Jelly micro tests", "javascript"),
    ("golang.org/x/tools go/callgraph/vta", "go"),
    ("golang.org/x/tools go/callgraph/rta", "go"),
    ("golang.org/x/tools go/callgraph/cha", "go"),
)


def compare(folder: Path, language: str, suite: str = "", show: bool = False) -> Score:
    """The score over all cases of a language and suite."""
    total = Score()
    edges_of, truth_of = FOUND[language]
    for case in cases(folder):
        if case["language"] != language or not case["suite"].startswith(suite):
            continue
        program = solved(folder / "trees" / case["tree"])
        found, truth = edges_of(program, case), truth_of(case)
        score = Score(len(found & truth), len(found - truth), len(truth - found), int(found == truth), 1)
        total = total.plus(score)
        if show and found != truth:
            print(case["id"], "wrong:", sorted(map(str, found - truth)), "missed:", sorted(map(str, truth - found)))
    return total


__all__ = ["ClassValue", "Score", "cases", "compare", "solved"]

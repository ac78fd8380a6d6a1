"""What the calls of a file may call, once a program is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from include.pipelines.code_graph.facts import Call
from include.pipelines.code_graph.flow.implementers import implementers
from include.pipelines.code_graph.flow.objects import ClassValue, FunctionValue, Value
from include.pipelines.code_graph.flow.program import Program

Callee = FunctionValue | ClassValue


def calls_of(program: Program, path: str) -> Iterator[tuple[int, str, Call, list[tuple[Callee, str]]]]:
    """The calls of a file that may call something: line, key, call, callees and how each was found."""
    file = program.files[path]
    for key, call in file.facts.calls.items():
        node = file.nodes.get(("c", key))
        targets = node.targets if node is not None else None
        if targets:
            yield file.facts.lines[key], key, call, list(_concrete(program, path, targets))


def label_of(target: Callee) -> str | None:
    """The label of a callee's node."""
    if isinstance(target, ClassValue):
        return "Class"
    facts = target.file.facts.functions.get(target.qual)
    if facts is None:
        return None
    return target.file.labels().get(target.qual)


def targets(program: Program, path: str) -> Iterator[tuple[str, Call, Callee, str]]:
    """What each call of a file may call: the call's key, the call, the callee, how it was found."""
    file = program.files[path]
    for key, call in file.facts.calls.items():
        node = file.nodes.get(("c", key))
        if node is not None and node.targets:
            for target, how in _concrete(program, path, node.targets):
                yield key, call, target, how


def _concrete(program: Program, path: str, targets: dict[Callee, str]) -> Iterator[tuple[Callee, str]]:
    """Methods of interfaces give way to those that a call of them runs, where these are known."""
    abstract = [target for target in targets if is_abstract(target)]
    if not abstract:
        yield from targets.items()
        return
    program.interfaced.add(path)
    if len(abstract) < len(targets):
        yield from ((target, how) for target, how in targets.items() if target not in abstract)
        return
    for method in abstract:
        found = list(implementers(program, method)) if method.file.language.conversions else []
        yield from ((each, "interface") for each in found or [method])


def is_abstract(target: Value) -> TypeGuard[FunctionValue]:
    """Whether a callee is an interface's method."""
    if not isinstance(target, FunctionValue):
        return False
    facts = target.file.facts.functions.get(target.qual)
    return facts is not None and "abstract" in facts.kind

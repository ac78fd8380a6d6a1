"""The unknowns that facts define: variables, parameters, what functions return and yield."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import BoundValue, FunctionValue, Value

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.program import Program

Values = Set[Value]


def union(sets: list[Values]) -> Values:
    """All values of all sets; a lone set itself, which nobody may change."""
    if len(sets) == 1:
        return sets[0]
    return set().union(*sets) if sets else EMPTY


def slot_rule(program: Program, node: Node) -> Values:
    """A variable: all that it is ever given; a name of the module that only star imports can bring, by these."""
    file, key = node.file, node.key[1]
    assert file is not None  # noqa: S101
    terms = file.facts.slots.get(key)
    if terms is None:
        return program.starred(file, key.rpartition(":")[2], node)
    return union([program.values(term, file, node) for term in terms])


def parameter(function: FunctionValue, number: int) -> Node:
    """The node of a function's parameter."""
    node = function.nodes.get(number)
    if node is None:
        node = function.nodes[number] = Node(function.file, (function, number), parameter_rule)
    return node


def parameter_rule(program: Program, node: Node) -> Values:
    """A parameter: its receiver, default and declared type; calls put in the rest."""
    function, number = node.key
    file = function.file
    facts = file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    found: set[Value] = set()
    if number == 0 and facts.owner and "static" not in facts.kind:
        owner = file.class_(facts.owner)
        found.add(owner if "class" in facts.kind else owner.instance)
    if number in (facts.star, facts.keywords):
        found.add(file.site(f"{function.qual}*{number}"))
    for pairs in (facts.defaults, facts.types):
        for n, term in pairs:
            if n == number:
                found |= program.values(term, file, node)
    return found


def returned(function: FunctionValue) -> Node:
    """The node of what a function returns."""
    node = function.nodes.get("return")
    if node is None:
        node = function.nodes["return"] = Node(function.file, (function, "return"), return_rule)
    return node


def return_rule(program: Program, node: Node) -> Values:
    """What a function returns: a generator where it yields."""
    function, _ = node.key
    facts = function.file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    if facts.yields:
        return program.generator(function).only
    return union([program.values(term, function.file, node) for term in facts.returns])


def yielded(function: FunctionValue) -> Node:
    """The node of what a generator function yields."""
    node = function.nodes.get("yield")
    if node is None:
        node = function.nodes["yield"] = Node(function.file, (function, "yield"), yield_rule)
    return node


def yield_rule(program: Program, node: Node) -> Values:
    """What a generator yields."""
    function, _ = node.key
    facts = function.file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    return union([program.values(term, function.file, node) for term in facts.yields if term is not None])


def bound(function: FunctionValue, receiver: Value) -> BoundValue:
    """The function with its receiver, the only such value."""
    value = function.bindings.get(receiver)
    if value is None:
        value = function.bindings[receiver] = BoundValue(function, receiver)
    return value

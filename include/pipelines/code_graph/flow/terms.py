"""What a term may evaluate to."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Any

from include.pipelines.code_graph.flow.lookup import element, field, iterated
from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import (
    BoundValue, ClassValue, ConstantValue, FunctionValue, InstanceValue, SuperValue, Value,
)  # fmt: skip

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program

Values = Set[Value]


def values(program: Program, term: tuple[Any, ...] | None, file: File, node: Node) -> Values:
    """The values of a term of a file, read on behalf of a node."""
    return EMPTY if term is None else _OPERATIONS[term[0]](program, term, file, node)


def _variable(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return program.read(file.node(term, slot_rule), node)


def _imported(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return program.read(file.node(term, import_rule), node)


def _parameter(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return program.read(parameter(file.function(term[1]), term[2]), node)


def _function(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return file.function(term[1]).only


def _class(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return file.class_(term[1]).only


def _site(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return file.site(term[1]).only


def _result(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    call = file.nodes.get(term)
    return EMPTY if call is None else program.read(call, node)


def _constant(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return program.constant(term[1]).only


def _attribute(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    base = values(program, term[1], file, node)
    name = term[2]
    return _union([program.read(found, node) for value in list(base) if (found := field(program, value, name))])


def _element(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    keys = _keys(program, term[2], file, node)
    base = values(program, term[1], file, node)
    return _union([element(program, value, key, node) for value in list(base) for key in keys])


def _keys(program: Program, key: object, file: File, node: Node) -> list[object]:
    """The constants that a key may be; None where it may be any."""
    if not isinstance(key, tuple):
        return [key]
    return [value.value for value in values(program, key, file, node) if isinstance(value, ConstantValue)]


def _iterated(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    base = values(program, term[1], file, node)
    return _union([iterated(program, value, node) for value in list(base)])


def _instance(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    found: set[Value] = set()
    for value in list(values(program, term[1], file, node)):
        if isinstance(value, ClassValue):
            found.add(value.instance)
        elif isinstance(value, InstanceValue):
            found.add(value)
    return found


def _super(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    of = file.class_(term[1])
    found: set[Value] = set()
    for receiver in list(values(program, term[2], file, node)):
        if receiver not in of.supers:
            of.supers[receiver] = SuperValue(of, receiver)
        found.add(of.supers[receiver])
    return found


def _any_of(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    return _union([values(program, part, file, node) for part in term[1:]])


def _union(sets: list[Values]) -> Values:
    if len(sets) == 1:
        return sets[0]
    return set().union(*sets) if sets else EMPTY


_OPERATIONS: dict[str, Callable[[Program, tuple[Any, ...], File, Node], Values]] = {
    "v": _variable, "i": _imported, "p": _parameter, "f": _function, "k": _class, "o": _site, "c": _result,
    "#": _constant, "a": _attribute, "x": _element, "e": _iterated, "n": _instance, "s": _super, "u": _any_of,
}  # fmt: skip


# Rules of nodes ---------------------------------------------------------------------------------------------------
def slot_rule(program: Program, node: Node) -> Values:
    """A variable: all that it is ever given; a name of the module that only star imports can bring, by these."""
    file, key = node.file, node.key[1]  # type: ignore[index]
    assert file is not None  # noqa: S101
    terms = file.facts.slots.get(key)
    if terms is None:
        return program.starred(file, key.rpartition(":")[2], node)
    return _union([values(program, term, file, node) for term in terms])


def import_rule(program: Program, node: Node) -> Values:
    """What an import brings."""
    file, (_, module, name) = node.file, node.key  # type: ignore[misc]
    assert file is not None  # noqa: S101
    found = node.extra = program.module(file, module)
    if found is None:
        return EMPTY
    if name is None:
        return found.only
    return program.read(field(program, found, name), node)  # type: ignore[arg-type]


def parameter(function: FunctionValue, number: int) -> Node:
    """The node of a function's parameter."""
    node = function.nodes.get(number)
    if node is None:
        node = function.nodes[number] = Node(function.file, (function, number), parameter_rule)
    return node


def parameter_rule(program: Program, node: Node) -> Values:
    """A parameter: its receiver, default and declared type; calls put in the rest."""
    function, number = node.key  # type: ignore[misc]
    file = function.file
    facts = file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    found: set[Value] = set()
    if number == 0 and facts.owner and "static" not in facts.kind:
        owner = file.class_(facts.owner)
        found.add(owner if "class" in facts.kind else owner.instance)
    if number == facts.star or number == facts.keywords:
        found.add(file.site(f"{function.qual}*{number}"))
    for pairs in (facts.defaults, facts.types):
        for n, term in pairs:
            if n == number:
                found |= values(program, term, file, node)
    return found


def returned(function: FunctionValue) -> Node:
    """The node of what a function returns."""
    node = function.nodes.get("return")
    if node is None:
        node = function.nodes["return"] = Node(function.file, (function, "return"), return_rule)
    return node


def return_rule(program: Program, node: Node) -> Values:
    """What a function returns: a generator where it yields."""
    function, _ = node.key  # type: ignore[misc]
    facts = function.file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    if facts.yields:
        return program.generator(function).only
    return _union([values(program, term, function.file, node) for term in facts.returns])


def yielded(function: FunctionValue) -> Node:
    """The node of what a generator function yields."""
    node = function.nodes.get("yield")
    if node is None:
        node = function.nodes["yield"] = Node(function.file, (function, "yield"), yield_rule)
    return node


def yield_rule(program: Program, node: Node) -> Values:
    """What a generator yields."""
    function, _ = node.key  # type: ignore[misc]
    facts = function.file.facts.functions.get(function.qual)
    if facts is None:
        return EMPTY
    return _union([values(program, term, function.file, node) for term in facts.yields if term is not None])


def bound(function: FunctionValue, receiver: Value) -> BoundValue:
    """The function with its receiver, the only such value."""
    value = function.bindings.get(receiver)
    if value is None:
        value = function.bindings[receiver] = BoundValue(function, receiver)
    return value

"""What a call, a store and what amounts to one do."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import TYPE_CHECKING

from include.pipelines.code_graph import facts
from include.pipelines.code_graph.flow.lookup import element, field, iterated, read_field, store_element
from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import (
    BoundValue,
    ClassValue,
    ConstantValue,
    FunctionValue,
    InstanceValue,
    NativeValue,
    SiteValue,
    Value,
)  # fmt: skip
from include.pipelines.code_graph.flow.unknowns import parameter, returned

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program

Values = Set[Value]


class Applied:
    """One evaluation of a call: what it calls and what it gives."""

    __slots__ = ("call", "file", "filled", "node", "program", "result", "silent")

    def __init__(self, program: Program, node: Node) -> None:
        self.program, self.node = program, node
        assert node.file is not None  # noqa: S101
        self.file: File = node.file
        self.call = node.file.facts.calls[node.key[1]]
        self.result: set[Value] = set()
        # Of `partial`: what was filled in, and that it calls nothing yet.
        self.filled: set[Value] = set()
        self.silent = False

    def values(self, term: facts.Term) -> Values:
        return self.program.values(term, self.file, self.node)

    def target(self, value: FunctionValue | ClassValue, how: str = "") -> None:
        if self.silent:
            return
        if self.node.targets is None:
            self.node.targets = {}
        if value not in self.node.targets:
            self.node.targets[value] = how
            self.program.touched.add(self.file.path)

    def argument(self, number: int) -> Values:
        """What is passed at a position."""
        arguments = self.call.arguments
        return self.values(arguments[number]) if number < len(arguments) else EMPTY


def call_rule(program: Program, node: Node) -> Values:
    """A call: it passes its arguments to whatever its callee may be, and gives what that returns."""
    applied = Applied(program, node)
    call = applied.call
    special = _SPECIAL.get(call.kind)
    for value in list(applied.values(call.callee)):
        if special is not None:
            special(applied, value)
        else:
            apply(applied, value)
    return applied.result


def apply(applied: Applied, value: Value) -> None:
    """Calls a value."""
    if isinstance(value, FunctionValue):
        made = value.file.language.instance_of if applied.call.kind == facts.NEW else None
        if made is not None:
            applied.result.add(made(value))
            link(applied, value, made(value), "constructor")
        else:
            link(applied, value, None)
    elif isinstance(value, BoundValue):
        link(applied, value.function, value.receiver)
    elif isinstance(value, ClassValue):
        construct(applied, value)
    elif isinstance(value, InstanceValue):
        invoke(applied, value, "__call__")
    elif isinstance(value, NativeValue):
        native = applied.file.language.natives.get(value.name)
        if native is not None:
            native(applied, value.receiver)


def construct(applied: Applied, owner: ClassValue) -> None:
    """Makes an instance: its constructor is called where the tree has one, else the class is what is called."""
    program, node = applied.program, applied.node
    applied.result.add(owner.instance)
    if owner.file.language.conversions:
        for value in list(applied.argument(0)):
            store_element(program, node, owner.instance, None, set(iterated(program, value, node)))
        return
    called = False
    for name in owner.file.language.constructors:
        for method in list(read_field(program, owner.instance, name, node)):
            if isinstance(method, BoundValue):
                link(applied, method.function, method.receiver, "constructor", returns=False)
                called = True
    if not called:
        applied.target(owner, "constructor")


def invoke(applied: Applied, value: Value, name: str) -> set[Value]:
    """Calls a method by its name; returns what it returns."""
    result: set[Value] = set()
    node = field(applied.program, value, name)
    if node is None:
        return result
    for method in list(applied.program.read(node, applied.node)):
        if isinstance(method, BoundValue):
            link(applied, method.function, method.receiver, "protocol")
            result |= applied.program.read(returned(method.function), applied.node)
    return result


def link(
    applied: Applied, function: FunctionValue, receiver: Value | None, how: str = "", *, returns: bool = True
) -> None:
    """An edge to a function: arguments to parameters, what it returns to the result."""
    program, node, call = applied.program, applied.node, applied.call
    declared = function.file.facts.functions.get(function.qual)
    if declared is None:
        return
    applied.target(function, how)
    result = program.read(returned(function), node)
    if returns:
        applied.result |= result
    if program.narrow or function.name in program.popular:
        return
    if receiver is not None:
        program.give(node, parameter(function, 0), receiver.only)
    shift = 1 if receiver is not None or "this" in declared.kind else 0
    for n, term in enumerate(call.arguments):
        if term is not None:
            pass_positional(applied, function, declared, n + shift, applied.values(term))
    for name, term in call.keywords:
        if term is not None:
            _pass_keyword(applied, function, declared, name, applied.values(term))


def pass_positional(
    applied: Applied, function: FunctionValue, declared: facts.Function, number: int, given: Values
) -> None:
    """Gives values to the parameter at a position, or to the one that takes the rest."""
    if not given:
        return
    if declared.star != -1 and number >= declared.star:
        store_element(
            applied.program, applied.node, function.file.site(f"{function.qual}*{declared.star}"), None, given
        )
    elif number < len(declared.parameters):
        applied.program.give(applied.node, parameter(function, number), given)


def link_values(
    applied: Applied, value: Value, given: Iterable[Values], receiver: Value | None, how: str
) -> set[Value]:
    """Calls a function with values instead of the call's own arguments; returns what it returns."""
    function = value
    if isinstance(value, BoundValue):
        function, receiver = value.function, value.receiver
    if not isinstance(function, FunctionValue):
        return set()
    declared = function.file.facts.functions.get(function.qual)
    if declared is None:
        return set()
    applied.target(function, how)
    result = set(applied.program.read(returned(function), applied.node))
    if applied.program.narrow or function.name in applied.program.popular:
        return result
    if receiver is not None:
        applied.program.give(applied.node, parameter(function, 0), receiver.only)
    shift = 1 if receiver is not None or "this" in declared.kind else 0
    for n, values in enumerate(given):
        pass_positional(applied, function, declared, n + shift, values)
    return result


def _pass_keyword(
    applied: Applied, function: FunctionValue, declared: facts.Function, name: str | None, given: Values
) -> None:
    if not given:
        return
    if name is None:
        _pass_mapping(applied, function, declared, given)
    elif name in declared.parameters:
        applied.program.give(applied.node, parameter(function, declared.parameters.index(name)), given)
    elif declared.keywords != -1:
        site = function.file.site(f"{function.qual}*{declared.keywords}")
        store_element(applied.program, applied.node, site, name, given)


def _pass_mapping(applied: Applied, function: FunctionValue, declared: facts.Function, given: Values) -> None:
    """`**options`: each parameter gets what the mapping holds under its name."""
    for value in list(given):
        if isinstance(value, SiteValue):
            for n, name in enumerate(declared.parameters):
                found = element(applied.program, value, name, applied.node)
                if found:
                    applied.program.give(applied.node, parameter(function, n), set(found))


def _iterate(applied: Applied, value: Value) -> None:
    if isinstance(value, InstanceValue):
        for iterator in list(invoke(applied, value, "__iter__")):
            if isinstance(iterator, InstanceValue):
                applied.result |= invoke(applied, iterator, "__next__")
            else:
                applied.result |= iterated(applied.program, iterator, applied.node)
    else:
        applied.result |= iterated(applied.program, value, applied.node)


def _enter(applied: Applied, value: Value) -> None:
    if isinstance(value, InstanceValue):
        names = (("__enter__", "__exit__"), ("__aenter__", "__aexit__"))
        for enter, leave in names:
            applied.result |= invoke(applied, value, enter)
            invoke(applied, value, leave)
    else:
        applied.result |= iterated(applied.program, value, applied.node)


def _filled_in(applied: Applied, value: Value) -> None:
    """`partial(f, a)`: f gets what is filled in, and is what is called later."""
    applied.silent = True
    apply(applied, value)
    applied.result = applied.filled = {*applied.filled, value}


def _raise(applied: Applied, value: Value) -> None:
    if isinstance(value, ClassValue):
        construct(applied, value)


_SPECIAL = {
    facts.ITERATION: _iterate,
    facts.CONTEXT: _enter,
    facts.RAISE: _raise,
    facts.PARTIAL: _filled_in,
}


# Stores -----------------------------------------------------------------------------------------------------------
def attribute_store_rule(program: Program, node: Node) -> Values:
    """`base.name = value`."""
    base, name, term = node.key[1:]
    file = node.file
    assert file is not None  # noqa: S101
    stored = set(program.values(term, file, node))
    if stored:
        for value in list(program.values(base, file, node)):
            target = field(program, value, name)
            if target is not None:
                program.give(node, target, stored)
            if isinstance(value, SiteValue):
                store_element(program, node, value, name, stored)
    return EMPTY


def item_store_rule(program: Program, node: Node) -> Values:
    """`base[key] = value`."""
    base, key, term = node.key[1:]
    file = node.file
    assert file is not None  # noqa: S101
    stored = set(program.values(term, file, node))
    if stored:
        keys: list[object] = [key]
        if isinstance(key, tuple):
            found = program.values(key, file, node)
            keys = [value.value for value in found if isinstance(value, ConstantValue)]
        for value in list(program.values(base, file, node)):
            for each in keys:
                store_element(program, node, value, each, stored)
    return EMPTY

"""What a term may evaluate to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from include.pipelines.code_graph.flow.lookup import element, field, iterated, read_field
from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import (
    ClassValue,
    ConstantValue,
    InstanceValue,
    SuperValue,
    Value,
)  # fmt: skip
from include.pipelines.code_graph.flow.unknowns import Values, parameter, slot_rule, union

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program


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
    return union([program.read(found, node) for value in list(base) if (found := field(program, value, name))])


def _element(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    keys = _keys(program, term[2], file, node)
    base = values(program, term[1], file, node)
    return union([element(program, value, key, node) for value in list(base) for key in keys])


def _keys(program: Program, key: object, file: File, node: Node) -> list[object]:
    """The constants that a key may be; None where it may be any."""
    if not isinstance(key, tuple):
        return [key]
    return [value.value for value in values(program, key, file, node) if isinstance(value, ConstantValue)]


def _iterated(program: Program, term: tuple[Any, ...], file: File, node: Node) -> Values:
    base = values(program, term[1], file, node)
    return union([iterated(program, value, node) for value in list(base)])


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
    return union([values(program, part, file, node) for part in term[1:]])


_OPERATIONS: dict[str, Callable[[Program, tuple[Any, ...], File, Node], Values]] = {
    "v": _variable, "i": _imported, "p": _parameter, "f": _function, "k": _class, "o": _site, "c": _result,
    "#": _constant, "a": _attribute, "x": _element, "e": _iterated, "n": _instance, "s": _super, "u": _any_of,
}  # fmt: skip


def import_rule(program: Program, node: Node) -> Values:
    """What an import brings."""
    file, (_, module, name) = node.file, node.key
    assert file is not None  # noqa: S101
    found = node.extra = program.module(file, module)
    if found is None:
        return EMPTY
    if name is None:
        return found.only
    return read_field(program, found, name, node)

"""What JavaScript's own methods do with the functions and containers that they are given."""

from __future__ import annotations

from collections.abc import Callable, Set

from include.pipelines.code_graph.flow.calls import Applied, link_values
from include.pipelines.code_graph.flow.lookup import ANY_INDEX, element, iterated, store_element
from include.pipelines.code_graph.flow.objects import BoundValue, FunctionValue, SiteValue, Value
from include.pipelines.code_graph.flow.unknowns import bound

Native = Callable[[Applied, Value], None]
Values = Set[Value]


def _elements(applied: Applied, receiver: Value) -> Values:
    return iterated(applied.program, receiver, applied.node)


def _call_back(applied: Applied, given: list[Values]) -> set[Value]:
    """Calls the first argument with these values."""
    found: set[Value] = set()
    for value in list(applied.argument(0)):
        found |= link_values(applied, value, given, None, "callback")
    return found


def _each(applied: Applied, receiver: Value) -> None:
    elements = _elements(applied, receiver)
    _call_back(applied, [elements, elements, receiver.only])


def _mapped(applied: Applied, receiver: Value) -> None:
    elements = _elements(applied, receiver)
    _made(applied, _call_back(applied, [elements, frozenset(), receiver.only]))


def _flat_mapped(applied: Applied, receiver: Value) -> None:
    elements = _elements(applied, receiver)
    found = _call_back(applied, [elements, frozenset(), receiver.only])
    _made(applied, set().union(found, *(_elements(applied, value) for value in list(found))))


def _made(applied: Applied, values: Values) -> None:
    """The result is a new container that holds the values."""
    site = applied.file.site(f"{applied.node.key[1]} result")
    store_element(applied.program, applied.node, site, ANY_INDEX, set(values))
    applied.result.add(site)


def _kept(applied: Applied, receiver: Value) -> None:
    """Calls back for each element; the result holds the same."""
    _each(applied, receiver)
    applied.result.add(receiver)


def _found(applied: Applied, receiver: Value) -> None:
    _each(applied, receiver)
    applied.result |= _elements(applied, receiver)


def _reduced(applied: Applied, receiver: Value) -> None:
    elements = _elements(applied, receiver)
    start = applied.argument(1) or elements
    applied.result |= start | _call_back(applied, [start, elements])


def _same(applied: Applied, receiver: Value) -> None:
    applied.result.add(receiver)


def _taken(applied: Applied, receiver: Value) -> None:
    applied.result |= _elements(applied, receiver)


def _put(applied: Applied, receiver: Value) -> None:
    for number in range(len(applied.call.arguments)):
        store_element(applied.program, applied.node, receiver, ANY_INDEX, set(applied.argument(number)))
    applied.result.add(receiver)


def _joined(applied: Applied, receiver: Value) -> None:
    found = set(_elements(applied, receiver))
    for number in range(len(applied.call.arguments)):
        for value in list(applied.argument(number)):
            found |= _elements(applied, value) if isinstance(value, SiteValue) else value.only
    _made(applied, found)


def _flat(applied: Applied, receiver: Value) -> None:
    found = set(_elements(applied, receiver))
    for value in list(found):
        found |= _elements(applied, value)
    _made(applied, found)


def _set_key(applied: Applied, receiver: Value) -> None:
    """`map.set(k, v)`: entries are pairs when they are walked, values when they are asked for."""
    store_element(applied.program, applied.node, receiver, 0, set(applied.argument(0)))
    store_element(applied.program, applied.node, receiver, 1, set(applied.argument(1)))
    applied.result.add(receiver)


def _get_key(applied: Applied, receiver: Value) -> None:
    applied.result |= element(applied.program, receiver, None, applied.node)


def _entries(applied: Applied, receiver: Value) -> None:
    """Pairs; both parts may be any element."""
    site = applied.file.site(f"{applied.node.key[1]} pair")
    store_element(applied.program, applied.node, site, ANY_INDEX, set(_elements(applied, receiver)))
    outer = applied.file.site(f"{applied.node.key[1]} result")
    store_element(applied.program, applied.node, outer, ANY_INDEX, {site})
    applied.result.add(outer)


def _then(applied: Applied, receiver: Value) -> None:
    applied.result |= _call_back(applied, [receiver.only])
    applied.result.add(receiver)


def _receivers(applied: Applied) -> list[Value | None]:
    """What the first argument may be; a call goes on where it is nothing that is known."""
    return [None, *applied.argument(0)]


def _called(applied: Applied, receiver: Value) -> None:
    """`f.call(this, a, b)`."""
    given = [applied.argument(n) for n in range(1, len(applied.call.arguments))]
    for this in _receivers(applied):
        applied.result |= link_values(applied, receiver, given, this, "native")


def _applied(applied: Applied, receiver: Value) -> None:
    """`f.apply(this, arguments)`."""
    given: list[Values] = [
        set().union(*(element(applied.program, value, n, applied.node) for value in list(applied.argument(1))))
        for n in range(6)
    ]
    for this in _receivers(applied):
        applied.result |= link_values(applied, receiver, given, this, "native")


def _bound(applied: Applied, receiver: Value) -> None:
    function = receiver.function if isinstance(receiver, BoundValue) else receiver
    if isinstance(function, FunctionValue):
        applied.result.add(function)
        for this in list(applied.argument(0)):
            applied.result.add(bound(function, this))


NATIVES: dict[str, Native] = {
    **dict.fromkeys(("forEach", "some", "every", "findIndex"), _each),
    **dict.fromkeys(("filter", "sort", "toSorted"), _kept),
    **dict.fromkeys(("find", "findLast"), _found),
    **dict.fromkeys(("reduce", "reduceRight"), _reduced),
    **dict.fromkeys(("slice", "splice", "reverse", "values", "finally", "catch"), _same),
    **dict.fromkeys(("pop", "shift", "at"), _taken),
    **dict.fromkeys(("push", "unshift", "add", "fill", "resolve"), _put),
    "map": _mapped, "flatMap": _flat_mapped, "concat": _joined, "flat": _flat, "set": _set_key, "get": _get_key,
    "entries": _entries, "then": _then,
}  # fmt: skip
FUNCTION_NATIVES: dict[str, Native] = {"call": _called, "apply": _applied, "bind": _bound}

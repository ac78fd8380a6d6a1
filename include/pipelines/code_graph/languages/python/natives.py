"""What methods of Python's own containers do."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING

from include.pipelines.code_graph.facts import SPREAD
from include.pipelines.code_graph.flow.calls import Applied
from include.pipelines.code_graph.flow.lookup import ANY_INDEX, element, iterated, native, store_element
from include.pipelines.code_graph.flow.nodes import Node
from include.pipelines.code_graph.flow.objects import SiteValue, Value

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.program import Program


def site_member(program: Program, site: SiteValue, name: str, node: Node) -> Set[Value]:
    """A container's attribute: one of its own methods."""
    return native(program, site, name).only if name in NATIVES else frozenset()


def _put(applied: Applied, receiver: Value) -> None:
    last = len(applied.call.arguments) - 1
    store_element(applied.program, applied.node, receiver, ANY_INDEX, applied.argument(last))


def _put_all(applied: Applied, receiver: Value) -> None:
    for value in list(applied.argument(0)):
        store_element(
            applied.program, applied.node, receiver, ANY_INDEX, iterated(applied.program, value, applied.node)
        )


def _updated(applied: Applied, receiver: Value) -> None:
    store_element(applied.program, applied.node, receiver, SPREAD, applied.argument(0))
    for name, term in applied.call.keywords:
        store_element(applied.program, applied.node, receiver, name, applied.values(term))


def _taken(applied: Applied, receiver: Value) -> None:
    """`get` and `pop`: under a constant key what is there, else anything; and the default."""
    applied.result |= element(applied.program, receiver, _key(applied), applied.node)
    applied.result |= applied.argument(1)


def _key(applied: Applied) -> object:
    """The key, where a constant stands there; None: any."""
    term = applied.call.arguments[0] if applied.call.arguments else None
    return term[1] if term is not None and term[0] == "#" else None


def _set_default(applied: Applied, receiver: Value) -> None:
    key = _key(applied)
    store_element(applied.program, applied.node, receiver, key, applied.argument(1))
    applied.result |= element(applied.program, receiver, key, applied.node)


def _same(applied: Applied, receiver: Value) -> None:
    applied.result.add(receiver)


def _pairs(applied: Applied, receiver: Value) -> None:
    """`items()`: pairs whose second part is an element."""
    pair = applied.file.site(f"{applied.node.key[1]} pair")
    store_element(applied.program, applied.node, pair, 1, iterated(applied.program, receiver, applied.node))
    every = applied.file.site(f"{applied.node.key[1]} result")
    store_element(applied.program, applied.node, every, ANY_INDEX, pair.only)
    applied.result.add(every)


NATIVES: dict[str, Callable[[Applied, Value], None]] = {
    **dict.fromkeys(("append", "add", "insert", "appendleft"), _put),
    **dict.fromkeys(("extend", "extendleft"), _put_all),
    **dict.fromkeys(("get", "pop", "popleft"), _taken),
    **dict.fromkeys(("values", "copy", "__iter__"), _same),
    "update": _updated, "setdefault": _set_default, "items": _pairs,
}  # fmt: skip

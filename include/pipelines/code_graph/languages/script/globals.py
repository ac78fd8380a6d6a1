"""What functions of JavaScript's own objects do: `Object.assign`, `Array.from`, `Promise.all` and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tree_sitter import Node

from include.pipelines.code_graph.facts import SPREAD, Call, Term

if TYPE_CHECKING:
    from include.pipelines.code_graph.languages.script.expressions import ScriptExpressions

Given = tuple[Term, ...]


def _first(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    return given[0] if given else None


def _assign(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    target = given[0] if given else None
    for source in given[1:]:
        if target is not None and source is not None:
            walk.facts.items.append((target, SPREAD, source))
    return target


def _create(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    return walk.site("{}", [("__proto__", given[0] if given else None)])


def _prototype(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    return ("u", given[0], ("a", given[0], "__proto__")) if given and given[0] else None


def _set_prototype(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    if len(given) > 1 and given[0] and given[1]:
        walk.facts.attributes.append((given[0], "__proto__", given[1]))
    return given[0] if given else None


def _define(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    arguments = node.child_by_field_name("arguments")
    key = walk.key(arguments.named_children[1]) if arguments is not None and len(given) > 2 else None
    if isinstance(key, str) and given[0] and given[2]:
        walk.facts.attributes.append((given[0], key, ("a", given[2], "value")))
    return given[0] if given else None


def _define_all(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    """`{name: {value: f}}`: each of a literal's properties."""
    if len(given) > 1 and given[0] and given[1] and given[1][0] == "o":
        for key, term in walk.facts.sites.get(str(given[1][1]), ()):
            if isinstance(key, str) and term is not None:
                walk.facts.attributes.append((given[0], key, ("a", term, "value")))
    return given[0] if given else None


def _elements(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    if not given or given[0] is None:
        return None
    element: Term = ("e", given[0])
    if len(given) > 1 and given[1] is not None:
        element = walk.call("from", walk.line(node), Call(walk.scope.caller, given[1], (element,), kind="native"))
    return walk.site("[]", [(None, element)])


def _of(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    return walk.site("[]", list(enumerate(given)))


def _pairs(walk: ScriptExpressions, node: Node, given: Given) -> Term:
    if not given or given[0] is None:
        return None
    return walk.site("[]", [(None, walk.site("[]", [(1, ("e", given[0]))]))])


GLOBALS: dict[str, Callable[[ScriptExpressions, Node, Given], Term]] = {
    **dict.fromkeys(("Object", "Object.freeze", "Object.seal", "Promise.resolve", "Promise.all"), _first),
    "Object.assign": _assign, "Object.create": _create, "Object.getPrototypeOf": _prototype,
    "Object.setPrototypeOf": _set_prototype, "Object.defineProperty": _define,
    "Object.defineProperties": _define_all, "Object.values": _elements, "Object.entries": _pairs,
    "Array.from": _elements, "Array.of": _of, "Promise.race": _elements, "Reflect.construct": _first,
}  # fmt: skip

"""What Python's own functions do with functions and containers that they are given."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from include.pipelines.code_graph.facts import Call, Term

if TYPE_CHECKING:
    from include.pipelines.code_graph.languages.python.expressions import PythonExpressions


def _nothing(walk: PythonExpressions, node: ast.Call) -> Term:
    """Reads the arguments for the calls in them."""
    for argument in node.args:
        walk.value(argument)
    for keyword in node.keywords:
        term = walk.value(keyword.value)
        if keyword.arg in ("key", "default") and term is not None:
            walk.call("key", node.lineno, Call(walk.scope.caller, term))
    return None


def _super(walk: PythonExpressions, node: ast.Call) -> Term:
    scope = walk.scope
    while scope.parent is not None and scope.parent.kind != "class":
        scope = scope.parent
    return ("s", scope.owner, ("p", scope.qual, 0)) if scope.owner and scope.kind == "function" else None


def _mapped(walk: PythonExpressions, node: ast.Call) -> Term:
    """`map(f, xs)`: f is called with elements; whichever of the arguments is the function."""
    terms = [walk.value(argument) for argument in node.args]
    results = []
    for n, term in enumerate(terms):
        if term is not None:
            others = tuple(("e", other) if other else None for m, other in enumerate(terms) if m != n)
            results.append((None, walk.call("map", node.lineno, Call(walk.scope.caller, term, others))))
    return walk.site("[]", results) if results else None


def _filtered(walk: PythonExpressions, node: ast.Call) -> Term:
    terms = [walk.value(argument) for argument in node.args]
    if len(terms) == 2 and terms[0] is not None:
        elements = (("e", terms[1]) if terms[1] else None,)
        walk.call("filter", node.lineno, Call(walk.scope.caller, terms[0], elements))
    return terms[-1] if terms else None


def _same(walk: PythonExpressions, node: ast.Call) -> Term:
    """`list(xs)` and the like hold what they are given."""
    terms = [walk.value(argument) for argument in node.args]
    for keyword in node.keywords:
        walk.value(keyword.value)
    if not terms:
        return walk.site("[]", [])
    return walk.site("[]", [(None, ("e", terms[0]))]) if terms[0] is not None else None


def _dict(walk: PythonExpressions, node: ast.Call) -> Term:
    given = [(keyword.arg, walk.value(keyword.value)) for keyword in node.keywords]
    terms = [walk.value(argument) for argument in node.args]
    if terms and not given:
        return terms[0]
    entries: list[tuple[object, Term]] = [(key, term) for key, term in given if term is not None]
    return walk.site("{}", entries) if entries or not given else None


def _next(walk: PythonExpressions, node: ast.Call) -> Term:
    terms = [walk.value(argument) for argument in node.args]
    return ("e", terms[0]) if terms and terms[0] is not None else None


def _iter(walk: PythonExpressions, node: ast.Call) -> Term:
    return walk.value(node.args[0]) if node.args else None


def _zipped(walk: PythonExpressions, node: ast.Call) -> Term:
    parts = [("e", term) if term else None for term in map(walk.value, node.args)]
    if not any(parts):
        return None
    return walk.site("[]", [(None, walk.site("()", list(enumerate(parts))))])


def _enumerated(walk: PythonExpressions, node: ast.Call) -> Term:
    terms = [walk.value(argument) for argument in node.args]
    if not terms or terms[0] is None:
        return None
    return walk.site("[]", [(None, walk.site("()", [(1, ("e", terms[0]))]))])


def _getattr(walk: PythonExpressions, node: ast.Call) -> Term:
    base = walk.value(node.args[0]) if node.args else None
    fallback = walk.value(node.args[2]) if len(node.args) > 2 else None
    name = node.args[1] if len(node.args) > 1 else None
    if base is None or not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return fallback
    return walk.merged("?", [("a", base, name.value), fallback])


def _setattr(walk: PythonExpressions, node: ast.Call) -> Term:
    terms = [walk.value(argument) for argument in node.args]
    name = node.args[1] if len(node.args) > 2 else None
    if isinstance(name, ast.Constant) and isinstance(name.value, str) and terms[0] and terms[2]:
        walk.facts.attributes.append((terms[0], name.value, terms[2]))
    return None


def _evaluated(walk: PythonExpressions, node: ast.Call) -> Term:
    """`eval` of a text that stands there is the code in it."""
    text = node.args[0] if node.args else None
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        try:
            tree = ast.parse(text.value, mode="eval")
        except SyntaxError:
            return None
        for inner in ast.walk(tree):
            if isinstance(inner, ast.expr):
                inner.lineno = node.lineno
        return walk.value(tree.body)
    return _nothing(walk, node)


BUILTINS: dict[str, Callable[[PythonExpressions, ast.Call], Term]] = {
    **dict.fromkeys((name for name in dir(builtins) if name[:1] != "_"), _nothing),
    **dict.fromkeys(("list", "tuple", "set", "sorted", "reversed", "frozenset"), _same),
    "super": _super, "map": _mapped, "filter": _filtered, "dict": _dict, "next": _next, "iter": _iter,
    "zip": _zipped, "enumerate": _enumerated, "getattr": _getattr, "setattr": _setattr, "eval": _evaluated,
}  # fmt: skip

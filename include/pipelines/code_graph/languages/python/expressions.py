"""Expressions of Python, and what assignments store."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from include.pipelines.code_graph.facts import ITERATION, PARTIAL, SPREAD, Call, Term
from include.pipelines.code_graph.languages.python.builtins import BUILTINS
from include.pipelines.code_graph.scopes import Scope, Walk, key_of

# Arguments after a spread may be at any of so many further positions.
MAX_SPREAD = 6
_PARTIAL = (("i", "functools", "partial"), ("a", ("i", "functools", None), "partial"))


class PythonExpressions(Walk):
    """Each method reads one kind of expression and returns its term."""

    waiting: list[tuple[Scope, Any]]

    def lambda_(self, node: ast.Lambda) -> Term:
        """Declares a function without a name."""
        raise NotImplementedError

    def value(self, node: ast.expr) -> Term:
        handler = _EXPRESSIONS.get(type(node))
        return handler(self, node) if handler is not None else None

    def name(self, node: ast.Name) -> Term:
        name = node.id
        env = self.scope.env
        if name in env:
            return env[name]
        found, term = self.outside(name)
        if not found and self.facts.stars and self.scope.kind != "class":
            return ("v", f":{name}")
        return term

    def attribute(self, node: ast.Attribute) -> Term:
        if self.scope.paths and (path := self.path(node)) in self.scope.env:
            return self.scope.env[path]
        base = self.value(node.value)
        return ("a", base, node.attr) if base is not None else None

    def subscript(self, node: ast.Subscript) -> Term:
        if self.scope.paths and (path := self.path(node)) in self.scope.env:
            return self.scope.env[path]
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return base
        key = self.key(node.slice)
        return ("x", base, key) if base is not None else None

    def path(self, node: Any) -> str | None:
        """`self.x` or `d['a'][0]`, where it begins with a name and all keys are constants."""
        kind = type(node)
        if kind is ast.Name:
            return str(node.id)
        if kind is ast.Attribute:
            base = self.path(node.value)
            return base and f"{base}.{node.attr}"
        if kind is ast.Subscript and isinstance(node.slice, ast.Constant):
            base = self.path(node.value)
            return base and f"{base}[{node.slice.value!r}]"
        return None

    def key(self, node: ast.expr) -> object:
        """A constant, a term, or None where the key may be any."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | int) else None
        term = self.value(node)
        return key_of(term)

    def called(self, node: ast.Call) -> Term:
        target = node.func
        if type(target) is ast.Name:
            if target.id in BUILTINS and target.id not in self.scope.env and not self.outside(target.id)[0]:
                return BUILTINS[target.id](self, node)
            callee, text = self.name(target), target.id
        else:
            callee, text = self.value(target), getattr(target, "attr", "()")
        arguments = self.arguments(node.args)
        keywords = tuple([(word.arg, self.value(word.value)) for word in node.keywords])
        if callee is None:
            return None
        if text == "partial" and arguments and callee in _PARTIAL:
            call = Call(self.scope.caller, arguments[0], arguments[1:], keywords, PARTIAL)
            return self.call(text, node.lineno, call) if arguments[0] is not None else None
        return self.call(text, node.lineno, Call(self.scope.caller, callee, arguments, keywords))

    def arguments(self, nodes: list[ast.expr]) -> tuple[Term, ...]:
        """The terms of positional arguments; what is spread, and what stands after it, may be at later positions."""
        terms: list[Term] = []
        for n, node in enumerate(nodes):
            if isinstance(node, ast.Starred):
                return (*terms, *self.spread(nodes[n:]))
            terms.append(self.value(node))
        return tuple(terms)

    def spread(self, nodes: list[ast.expr]) -> list[Term]:
        first, *rest = [self.value(node) for node in nodes]
        after = [term for term in rest if term is not None]
        positions: list[list[Term]] = [
            [("x", first, n), *after] if first is not None else [*after] for n in range(MAX_SPREAD)
        ]
        return [("u", *position) if position else None for position in positions]

    def sequence(self, node: ast.List) -> Term:
        terms = [self.value(element) for element in node.elts]
        if terms and not any(terms):
            return None
        starred = [isinstance(element, ast.Starred) for element in node.elts]
        many = any(starred)
        entries: list[tuple[object, Term]] = [
            (None if many else n, ("e", term) if starred[n] and term else term) for n, term in enumerate(terms)
        ]
        return self.site("[]", entries)

    def dictionary(self, node: ast.Dict) -> Term:
        terms = [self.value(value) for value in node.values]
        keys = [self.key(key) if key is not None else None for key in node.keys]
        if terms and not any(terms):
            return None
        entries = [
            (key if node.keys[n] is not None else SPREAD, term)
            for n, (key, term) in enumerate(zip(keys, terms, strict=True))
        ]
        return self.site("{}", entries)

    def comprehension(self, node: ast.ListComp) -> Term:
        outer = self.begin_branch()
        for generator in node.generators:
            self.store(generator.target, self.iterated(generator.iter))
            for test in generator.ifs:
                self.value(test)
        if isinstance(node, ast.DictComp):
            self.value(node.key)
            term = self.value(node.value)
        else:
            term = self.value(node.elt)
        self.end_branch(outer)
        return self.site("[]", [(None, term)]) if term is not None else None

    def either_way(self, node: ast.IfExp) -> Term:
        self.value(node.test)
        return self.merged("?", [self.value(node.body), self.value(node.orelse)])

    def any_of(self, node: ast.BoolOp) -> Term:
        return self.merged("?", [self.value(value) for value in node.values])

    def inside(self, node: ast.Await) -> Term:
        return self.value(node.value)

    def yielded(self, node: ast.Yield) -> Term:
        if node.value is not None:
            term = self.value(node.value)
            self.scope.yields.append(("e", term) if isinstance(node, ast.YieldFrom) and term else term)
        self.scope.yields.append(None)
        return None

    def walrus(self, node: ast.NamedExpr) -> Term:
        term = self.value(node.value)
        self.store(node.target, term)
        return term

    def constant(self, node: ast.Constant) -> Term:
        value = node.value
        if self.scope.kind == "module" and (type(value) is int or (type(value) is str and len(value) <= 40)):
            return ("#", value)
        return None

    def operands(self, node: ast.expr) -> Term:
        """Reads the parts for the calls in them; the result is nothing that is called."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return None

    def iterated(self, node: ast.expr) -> Term:
        """What iterating gives; instances with `__iter__` are called by it."""
        term = self.value(node)
        if term is None:
            return None
        if term[0] == "o":
            return ("e", term)
        return self.call("iter", node.lineno, Call(self.scope.caller, term, kind=ITERATION))

    def store(self, target: Any, term: Term) -> None:
        kind = type(target)
        if kind is ast.Name:
            self.scope.bind(target.id, term)
        elif kind is ast.Attribute:
            self.store_attribute(target, term)
        elif kind is ast.Subscript:
            self.store_item(target, term)
        elif kind is ast.Starred:
            self.store(target.value, self.site("[]", [(None, ("e", term) if term else None)]))
        elif is_pattern(target):
            for n, name in enumerate(target.elts):
                self.store(name, ("x", term, n) if term else None)

    def store_attribute(self, target: ast.Attribute, term: Term) -> None:
        base = self.value(target.value)
        if term is not None and base is not None:
            self.facts.attributes.append((base, target.attr, term))
            if path := self.path(target):
                self.scope.put_path(path, term)
        elif self.scope.paths and (path := self.path(target)):
            self.scope.put(path, term)

    def store_item(self, target: ast.Subscript, term: Term) -> None:
        base = self.value(target.value)
        key = self.key(target.slice)
        if term is not None:
            if base is not None:
                self.facts.items.append((base, key, term))
            if path := self.path(target):
                self.scope.put_path(path, term)


def is_pattern(node: ast.expr) -> bool:
    """Whether a target has parts."""
    return isinstance(node, ast.Tuple | ast.List)


_EXPRESSIONS: dict[type[ast.AST], Callable[[Any, Any], Term]] = {
    ast.Name: PythonExpressions.name, ast.Attribute: PythonExpressions.attribute,
    ast.Subscript: PythonExpressions.subscript, ast.Call: PythonExpressions.called,
    ast.Lambda: lambda walk, node: walk.lambda_(node), ast.List: PythonExpressions.sequence,
    ast.Tuple: PythonExpressions.sequence, ast.Set: PythonExpressions.sequence, ast.Dict: PythonExpressions.dictionary,
    ast.ListComp: PythonExpressions.comprehension, ast.SetComp: PythonExpressions.comprehension,
    ast.GeneratorExp: PythonExpressions.comprehension, ast.DictComp: PythonExpressions.comprehension,
    ast.IfExp: PythonExpressions.either_way, ast.BoolOp: PythonExpressions.any_of,
    ast.Await: PythonExpressions.inside, ast.Starred: PythonExpressions.inside,
    ast.Yield: PythonExpressions.yielded, ast.YieldFrom: PythonExpressions.yielded,
    ast.NamedExpr: PythonExpressions.walrus, ast.Constant: PythonExpressions.constant,
    ast.BinOp: PythonExpressions.operands, ast.UnaryOp: PythonExpressions.operands,
    ast.Compare: PythonExpressions.operands, ast.JoinedStr: PythonExpressions.operands,
    ast.FormattedValue: PythonExpressions.operands,
}  # fmt: skip

"""Functions, classes and declared types of Python."""

from __future__ import annotations

import ast
from typing import Any

from include.pipelines.code_graph.facts import DECORATOR, Call, Class, Definition, Function, Term
from include.pipelines.code_graph.languages.python.expressions import PythonExpressions
from include.pipelines.code_graph.scopes import Scope

_WRAPPERS = {"staticmethod": "static", "classmethod": "class", "property": "property", "cached_property": "property"}
# What a declared type may stand in without being another type.
_TRANSPARENT = {"Optional", "Union", "Annotated", "Final", "ClassVar", "Required", "NotRequired"}
_SELF_TYPES = {"Self"}
# Types of containers, of whose arguments the last is the elements'; a generator's is the first.
_GENERATORS = {"Generator", "AsyncGenerator"}
_CONTAINERS = _GENERATORS | {
    "list", "List", "set", "Set", "frozenset", "tuple", "Tuple", "dict", "Dict", "Sequence", "Iterable", "Iterator",
    "Collection", "Mapping", "MutableMapping", "AsyncIterator", "AsyncIterable", "deque", "defaultdict",
}  # fmt: skip


class PythonDefinitions(PythonExpressions):
    """Declares what a module defines; bodies of functions are put off, those of classes run where they stand."""

    def block(self, statements: list[ast.stmt]) -> None:
        """Reads statements in their order."""
        raise NotImplementedError

    def function(self, node: ast.FunctionDef) -> None:
        scope = self.scope
        words, calls = self.decorators(node)
        owner = scope.qual if scope.kind == "class" else ""
        if owner and node.name == "__new__":
            words.append("class")
        qual = self.defined(node, node.name, "method" if owner else "function")
        self.declare(qual, node.args, owner, " ".join(words), node.returns)
        self.wait(qual, node, owner)
        if any(word in ("setter", "deleter") for word in words):
            return
        term = self.decorated(("f", qual), calls)
        scope.bind(node.name, ("f", qual))
        if term != ("f", qual):
            scope.bind(node.name, self.joined(node.name, [("f", qual), term]))

    def joined(self, name: str, terms: list[Term]) -> Term:
        return ("u", *terms) if all(terms) else self.merged(name, terms)

    def decorators(self, node: ast.FunctionDef | ast.ClassDef) -> tuple[list[str], list[tuple[Term, str, int]]]:
        """The words that change how a function is called, and the decorators that are called themselves."""
        words, calls = [], []
        for decorator in node.decorator_list:
            name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
            if name in _WRAPPERS:
                words.append(_WRAPPERS[name])
            elif name in ("setter", "deleter"):
                words.append(name)
            else:
                calls.append((self.value(decorator), name or "()", decorator.lineno))
        return words, calls

    def decorated(self, term: Term, calls: list[tuple[Term, str, int]]) -> Term:
        for decorator, name, line in reversed(calls):
            if decorator is not None:
                term = self.call(name, line, Call(self.scope.caller, decorator, (term,), kind=DECORATOR))
        return term

    def defined(self, node: Any, name: str, kind: str) -> str:
        scope = self.scope
        qual = self.facts.unique(f"{scope.qual}.{name}" if scope.qual else name)
        self.facts.definitions.append(
            Definition(qual, name, kind, scope.qual, node.lineno, node.end_lineno, node.col_offset)
        )
        return qual

    def declare(self, qual: str, args: ast.arguments, owner: str, kind: str, returns: ast.expr | None) -> None:
        every = [*args.posonlyargs, *args.args]
        names = [arg.arg for arg in every] + [arg.arg for arg in args.kwonlyargs]
        positions = {"star": -1, "keywords": -1}
        for word, rest in (("star", args.vararg), ("keywords", args.kwarg)):
            if rest is not None:
                positions[word] = len(names)
                names.append(rest.arg)
        first = len(every) - len(args.defaults)
        defaults = [(first + n, self.value(node)) for n, node in enumerate(args.defaults)]
        defaults += [(len(every) + n, self.value(node)) for n, node in enumerate(args.kw_defaults) if node is not None]
        types = [
            (n, self.declared(arg.annotation))
            for n, arg in enumerate([*every, *args.kwonlyargs])
            if arg.annotation is not None
        ]
        declared = self.declared(returns) if returns is not None else None
        self.facts.functions[qual] = Function(
            tuple(names), positions["star"], positions["keywords"], owner, kind,
            tuple(pair for pair in defaults if pair[1] is not None), (declared,) if declared is not None else (), (),
            tuple(pair for pair in types if pair[1] is not None),
        )  # fmt: skip

    def wait(self, qual: str, node: ast.AST, owner: str) -> None:
        scope = Scope("function", qual, self.scope, qual, owner or self.scope.owner)
        for n, name in enumerate(self.facts.functions[qual].parameters):
            scope.bind(name, ("p", qual, n))
        self.scopes.append(scope)
        self.waiting.append((scope, node))

    def class_(self, node: ast.ClassDef) -> None:
        _, calls = self.decorators(node)
        bases = tuple(self.value(base) for base in node.bases)
        for keyword in node.keywords:
            self.value(keyword.value)
        outer = self.scope
        qual = self.defined(node, node.name, "class")
        self.facts.classes[qual] = Class(bases)
        term = self.decorated(("k", qual), calls)
        outer.bind(node.name, ("k", qual))
        self.scope = Scope("class", qual, outer, outer.caller, qual)
        self.scope.counts = outer.counts
        self.scopes.append(self.scope)
        self.block(node.body)
        self.scope = outer
        if term != ("k", qual):
            outer.bind(node.name, self.joined(node.name, [("k", qual), term]))

    def lambda_(self, node: ast.Lambda) -> Term:
        base = f"{self.scope.qual}.<lambda" if self.scope.qual else "<lambda"
        number = self.facts.quals[base] = self.facts.quals.get(base, 0) + 1
        qual = f"{base}{number}>"
        self.facts.definitions.append(
            Definition(
                qual,
                "<lambda>",
                "function",
                self.scope.qual,
                node.lineno,
                node.end_lineno or node.lineno,
                node.col_offset,
            )
        )
        self.declare(qual, node.args, "", "", None)
        self.wait(qual, node, "")
        return ("f", qual)

    # Types
    def declared(self, node: Any) -> Term:
        """An instance of what an annotation names."""
        kind = type(node)
        if kind is ast.Name or kind is ast.Attribute:
            if kind is ast.Name and node.id in _SELF_TYPES:
                return ("n", ("k", self.scope.owner)) if self.scope.owner else None
            term = self.value(node)
            return ("n", term) if term is not None else None
        if kind is ast.Constant and isinstance(node.value, str):
            return self.declared_text(node.value)
        if kind is ast.BinOp:
            return self.either([node.left, node.right])
        if kind is ast.Subscript:
            return self.declared_generic(node)
        return None

    def declared_text(self, text: str) -> Term:
        try:
            return self.declared(ast.parse(text, mode="eval").body)
        except SyntaxError:
            return None

    def either(self, nodes: list[ast.expr]) -> Term:
        known = [term for term in map(self.declared, nodes) if term is not None]
        return known[0] if len(known) == 1 else (("u", *known) if known else None)

    def declared_generic(self, node: ast.Subscript) -> Term:
        name = getattr(node.value, "id", getattr(node.value, "attr", ""))
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in _TRANSPARENT:
            return self.either(inner)
        if name in _CONTAINERS:
            term = self.declared(inner[-2 if name in _GENERATORS and len(inner) > 1 else -1])
            return self.site("[T]", [(None, term)]) if term is not None else None
        if name in ("type", "Type"):
            return self.value(inner[0])
        return self.declared(node.value)

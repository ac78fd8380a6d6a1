"""Statements of Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from include.pipelines.code_graph.facts import CONTEXT, RAISE, Call, Import, Term
from include.pipelines.code_graph.languages.python.definitions import PythonDefinitions
from include.pipelines.code_graph.languages.python.expressions import is_pattern
from include.pipelines.code_graph.scopes import Scope

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class PythonWalk(PythonDefinitions):
    """One walk over a module."""

    def run(self, tree: ast.Module) -> None:
        self.waiting = []
        self.foresee(tree.body)
        self.block(tree.body)
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            for scope, node in waiting:
                self.body(scope, node)
        self.finish()

    def foresee(self, statements: list[ast.stmt]) -> None:
        """Notes the classes that the module defines, which annotations may name before."""
        for node in statements:
            if isinstance(node, ast.ClassDef):
                self.module.assigned.setdefault(node.name, [])
            elif isinstance(node, ast.If | ast.Try):
                self.foresee(node.body + node.orelse)

    def body(self, scope: Scope, node: Any) -> None:
        """Reads the body of a function whose surroundings are known."""
        self.scope = scope
        if isinstance(node, ast.Lambda):
            scope.returns.append(self.value(node.body))
        else:
            self.block(node.body)
        function = self.facts.functions[scope.qual]
        if scope.returns or scope.yields:
            self.facts.functions[scope.qual] = function._replace(
                returns=function.returns + _distinct(scope.returns), yields=_distinct(scope.yields)
            )

    def block(self, statements: list[ast.stmt]) -> None:
        handlers = _STATEMENTS
        for statement in statements:
            handler = handlers.get(type(statement))
            if handler is not None:
                handler(self, statement)

    def branches(self, blocks: list[list[ast.stmt]]) -> None:
        outcomes = []
        for block in blocks:
            outer = self.begin_branch()
            self.block(block)
            outcome = self.end_branch(outer)
            if not (block and isinstance(block[-1], _ENDS)):
                outcomes.append(outcome)
        self.merge(outcomes)

    def expression(self, node: ast.Expr) -> None:
        self.value(node.value)

    def assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Tuple | ast.List) and any(is_pattern(target) for target in node.targets):
            parts = self.parts(node.value)
            for target in node.targets:
                self.unpack(target, parts, node.value)
            return
        term = self.value(node.value)
        for target in node.targets:
            self.store(target, term)

    def parts(self, node: Any) -> list[object]:
        """The terms of a literal's elements, nested as it is."""
        return [self.parts(e) if isinstance(e, ast.Tuple | ast.List) else self.value(e) for e in node.elts]

    def unpack(self, target: Any, parts: object, node: ast.expr) -> None:
        """Gives a literal's elements to the target's names, one by one."""
        if not (isinstance(parts, list) and is_pattern(target)):
            self.store(target, self.built(parts))
            return
        names = target.elts
        star = next((n for n, name in enumerate(names) if isinstance(name, ast.Starred)), None)
        if star is None:
            for name, part in zip(names, parts, strict=False):
                self.unpack(name, part, node)
            return
        after = len(names) - star - 1
        for name, part in zip(names[:star], parts[:star], strict=False):
            self.unpack(name, part, node)
        self.store(names[star].value, self.built(parts[star : len(parts) - after]))
        for name, part in zip(names[star + 1 :], parts[len(parts) - after :], strict=False):
            self.unpack(name, part, node)

    def built(self, parts: Any) -> Term:
        if isinstance(parts, list):
            return self.site("[]", [(n, self.built(part)) for n, part in enumerate(parts)])
        term: Term = parts
        return term

    def annotated(self, node: ast.AnnAssign) -> None:
        declared = self.declared(node.annotation)
        term = self.value(node.value) if node.value is not None else None
        if isinstance(node.target, ast.Name):
            if declared is not None:
                self.scope.types[node.target.id] = declared
            if node.value is not None or declared is not None:
                self.scope.bind(node.target.id, term if term is not None else declared)
        else:
            self.store(node.target, term if term is not None else declared)

    def augmented(self, node: ast.AugAssign) -> None:
        self.value(node.value)

    def returned(self, node: ast.Return) -> None:
        if node.value is not None:
            term = self.value(node.value)
            if term is not None:
                self.scope.returns.append(term)

    def imported(self, node: ast.Import) -> None:
        for alias in node.names:
            self.facts.imports.append(Import(alias.name, node.lineno))
            if alias.asname:
                self.scope.bind(alias.asname, ("i", alias.name, None))
            else:
                root = alias.name.partition(".")[0]
                self.scope.bind(root, ("i", root, None))

    def imported_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.facts.imports.append(Import(module, node.lineno, tuple([alias.name for alias in node.names])))
        for alias in node.names:
            if alias.name == "*":
                self.facts.stars.append(module)
            else:
                self.scope.bind(alias.asname or alias.name, ("i", module, alias.name))

    def conditional(self, node: ast.If) -> None:
        self.value(node.test)
        self.branches([node.body, node.orelse])

    def loop(self, node: ast.For) -> None:
        term = self.iterated(node.iter)
        self.store(node.target, term)
        self.repeated(node.body)
        self.block(node.orelse)

    def repeated(self, body: list[ast.stmt]) -> None:
        """A loop's body: what it gives names, it sees in them the next time."""
        carried = self.carry(body)
        outer = self.begin_branch()
        self.block(body)
        outcome = self.end_branch(outer)
        for name, (slot, before) in carried.items():
            self.facts.slot(self.scope.qual, slot, [before, outcome.get(name)])
        self.merge([{}, outcome])

    def carry(self, body: list[ast.stmt]) -> dict[str, tuple[str, Term]]:
        """Names that are bound already and assigned in the body get a slot for both values."""
        found: dict[str, tuple[str, Term]] = {}
        for name in _assigned(body):
            if name in self.scope.env and name not in found:
                slot, before = self.scope.number(f"{name}|"), self.scope.env[name]
                found[name] = (slot, before)
                self.scope.put(name, ("v", f"{self.scope.qual}:{slot}"))
        return found

    def while_(self, node: ast.While) -> None:
        self.value(node.test)
        self.repeated(node.body)
        self.block(node.orelse)

    def tried(self, node: ast.Try) -> None:
        self.block(node.body)
        self.branches([node.orelse, *(handler.body for handler in node.handlers)])
        self.block(node.finalbody)

    def with_(self, node: ast.With) -> None:
        for item in node.items:
            term = self.value(item.context_expr)
            if term is not None:
                term = self.call("with", node.lineno, Call(self.scope.caller, term, kind=CONTEXT))
            if item.optional_vars is not None:
                self.store(item.optional_vars, term)
        self.block(node.body)

    def raised(self, node: ast.Raise) -> None:
        if node.exc is None:
            return
        term = self.value(node.exc)
        if term is not None and not isinstance(node.exc, ast.Call):
            self.call("raise", node.lineno, Call(self.scope.caller, term, kind=RAISE))
        if node.cause is not None:
            self.value(node.cause)

    def matched(self, node: ast.Match) -> None:
        self.value(node.subject)
        self.branches([case.body for case in node.cases] + [[]])

    def declared_outer(self, node: ast.Global | ast.Nonlocal) -> None:
        scope: Scope | None = self.module
        for name in node.names:
            if isinstance(node, ast.Nonlocal):
                scope = self.scope.parent
                while scope is not None and (scope.kind == "class" or name not in scope.assigned):
                    scope = scope.parent
            if scope is not None and scope is not self.scope:
                self.scope.outer[name] = scope

    def checked(self, node: ast.Assert) -> None:
        self.value(node.test)


def _assigned(statements: list[ast.stmt]) -> Iterator[str]:
    """Names that statements assign, those of inner blocks too."""
    for node in statements:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (each.id for each in getattr(target, "elts", [target]) if isinstance(each, ast.Name))
        else:
            for part in ("body", "orelse", "handlers", "finalbody"):
                inner = getattr(node, part, None)
                if isinstance(inner, list) and not isinstance(node, ast.ClassDef | ast.FunctionDef):
                    yield from _assigned(inner)


def _distinct(terms: list[Term]) -> tuple[Term, ...]:
    """Without doubles; a lone None stays, as it tells a generator from a function."""
    return tuple(dict.fromkeys(terms))


_STATEMENTS: dict[type[ast.AST], Callable[[Any, Any], None]] = {
    ast.Expr: PythonWalk.expression, ast.Assign: PythonWalk.assign, ast.AnnAssign: PythonWalk.annotated,
    ast.AugAssign: PythonWalk.augmented, ast.Return: PythonWalk.returned, ast.Import: PythonWalk.imported,
    ast.ImportFrom: PythonWalk.imported_from, ast.If: PythonWalk.conditional, ast.For: PythonWalk.loop,
    ast.AsyncFor: PythonWalk.loop, ast.While: PythonWalk.while_, ast.Try: PythonWalk.tried,
    ast.TryStar: PythonWalk.tried, ast.With: PythonWalk.with_, ast.AsyncWith: PythonWalk.with_,
    ast.Raise: PythonWalk.raised, ast.Match: PythonWalk.matched, ast.Global: PythonWalk.declared_outer,
    ast.Nonlocal: PythonWalk.declared_outer, ast.Assert: PythonWalk.checked, ast.FunctionDef: PythonWalk.function,
    ast.AsyncFunctionDef: PythonWalk.function, ast.ClassDef: PythonWalk.class_,
}  # fmt: skip

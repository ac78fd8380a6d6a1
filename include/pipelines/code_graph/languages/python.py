"""Python, read by its own parser."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import PurePosixPath

from include.pipelines.code_graph.facts import (
    CONTEXT, DECORATOR, ITERATION, RAISE, SPREAD, Call, Class, Definition, Function, Import, ParsedFile, Term,
)  # fmt: skip
from include.pipelines.code_graph.languages.python_builtins import BUILTINS
from include.pipelines.code_graph.scopes import Facts, Scope, Walk, key_of

SUFFIXES = (".py", ".pyi")
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WRAPPERS = {"staticmethod": "static", "classmethod": "class", "property": "property", "cached_property": "property"}
# What a declared type may stand in without being another type.
_TRANSPARENT = {"Optional", "Union", "Annotated", "Final", "ClassVar", "Required", "NotRequired"}
_SELF_TYPES = {"Self"}


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a Python file; one that does not parse gives what stands before the fault, and a reject."""
    facts = Facts(path, "python", _module_of(path))
    tree = _tree(source, facts)
    walk = PythonWalk(facts)
    walk.run(tree)
    return facts.parsed(source.count(b"\n") + 1)


def _module_of(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _tree(source: bytes, facts: Facts) -> ast.Module:
    """The module, or its longest beginning that parses."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        facts.reject(line, "syntax", f"The file does not parse: {type(error).__name__} on line {line}.")
        return _beginning(source, line)


def _beginning(source: bytes, line: int) -> ast.Module:
    """What stands before the fault, cut at the last statement of the module that ends before it."""
    lines = source.splitlines(keepends=True)
    starts = [n for n in range(min(line, len(lines))) if lines[n][:1].strip() and lines[n][:1] not in b"#)]}"]
    for start in reversed(starts[-20:]):
        try:
            return ast.parse(b"".join(lines[:start]))
        except (SyntaxError, ValueError):
            continue
    return ast.Module([], [])


class PythonWalk(Walk):
    """One walk over a module."""

    def run(self, tree: ast.Module) -> None:
        self.waiting: list[tuple[Scope, ast.AST]] = []
        self.block(tree.body)
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            for scope, node in waiting:
                self.body(scope, node)
        self.finish()

    def body(self, scope: Scope, node: ast.AST) -> None:
        """Reads the body of a function whose surroundings are known."""
        self.scope = scope
        if isinstance(node, ast.Lambda):
            scope.returns.append(self.value(node.body))
        else:
            self.block(node.body)  # type: ignore[attr-defined]
        function = self.facts.functions[scope.qual]
        if scope.returns or scope.yields:
            self.facts.functions[scope.qual] = function._replace(
                returns=function.returns + _distinct(scope.returns), yields=_distinct(scope.yields)
            )

    # Statements ---------------------------------------------------------------------------------------------------
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
        if isinstance(node.value, ast.Tuple | ast.List) and any(_is_pattern(target) for target in node.targets):
            parts = self.parts(node.value)
            for target in node.targets:
                self.unpack(target, parts, node.value)
            return
        term = self.value(node.value)
        for target in node.targets:
            self.store(target, term)

    def parts(self, node: ast.expr) -> list[object]:
        """The terms of a literal's elements, nested as it is."""
        return [self.parts(e) if isinstance(e, ast.Tuple | ast.List) else self.value(e) for e in node.elts]  # type: ignore[attr-defined]

    def unpack(self, target: ast.expr, parts: object, node: ast.expr) -> None:
        """Gives a literal's elements to the target's names, one by one."""
        if not (isinstance(parts, list) and _is_pattern(target)):
            self.store(target, self.built(parts))
            return
        names = target.elts  # type: ignore[attr-defined]
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

    def built(self, parts: object) -> Term:
        if isinstance(parts, list):
            return self.site("[]", [(n, self.built(part)) for n, part in enumerate(parts)])
        return parts  # type: ignore[return-value]

    def store(self, target: ast.expr, term: Term) -> None:
        kind = type(target)
        if kind is ast.Name:
            self.scope.bind(target.id, term)  # type: ignore[attr-defined]
        elif kind is ast.Attribute:
            self.store_attribute(target, term)  # type: ignore[arg-type]
        elif kind is ast.Subscript:
            self.store_item(target, term)  # type: ignore[arg-type]
        elif kind is ast.Starred:
            self.store(target.value, self.site("[]", [(None, ("e", term) if term else None)]))  # type: ignore[attr-defined]
        elif _is_pattern(target):
            for n, name in enumerate(target.elts):  # type: ignore[attr-defined]
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

    def path(self, node: ast.expr) -> str | None:
        """`self.x` or `d['a'][0]`, where it begins with a name and all keys are constants."""
        kind = type(node)
        if kind is ast.Name:
            return node.id  # type: ignore[attr-defined, no-any-return]
        if kind is ast.Attribute:
            base = self.path(node.value)  # type: ignore[attr-defined]
            return base and f"{base}.{node.attr}"  # type: ignore[attr-defined]
        if kind is ast.Subscript and isinstance(node.slice, ast.Constant):  # type: ignore[attr-defined]
            base = self.path(node.value)  # type: ignore[attr-defined]
            return base and f"{base}[{node.slice.value!r}]"  # type: ignore[attr-defined]
        return None

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
        outer = self.begin_branch()
        self.store(node.target, term)
        self.block(node.body)
        self.merge([{}, self.end_branch(outer)])
        self.block(node.orelse)

    def iterated(self, node: ast.expr) -> Term:
        """What iterating gives; instances with `__iter__` are called by it."""
        term = self.value(node)
        if term is None:
            return None
        if term[0] == "o":
            return ("e", term)
        return self.call("iter", node.lineno, Call(self.scope.caller, term, kind=ITERATION))

    def while_(self, node: ast.While) -> None:
        self.value(node.test)
        self.branches([node.body, []])
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

    # Definitions --------------------------------------------------------------------------------------------------
    def function(self, node: ast.FunctionDef) -> None:
        scope = self.scope
        words, calls = self.decorators(node)
        owner = scope.qual if scope.kind == "class" else ""
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

    def defined(self, node: ast.AST, name: str, kind: str) -> str:
        scope = self.scope
        qual = self.facts.unique(f"{scope.qual}.{name}" if scope.qual else name)
        self.facts.definitions.append(
            Definition(qual, name, kind, scope.qual, node.lineno, node.end_lineno, node.col_offset)  # type: ignore[attr-defined]
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

    # Types --------------------------------------------------------------------------------------------------------
    def declared(self, node: ast.expr) -> Term:
        """An instance of what an annotation names."""
        kind = type(node)
        if kind is ast.Name or kind is ast.Attribute:
            if kind is ast.Name and node.id in _SELF_TYPES:  # type: ignore[attr-defined]
                return ("n", ("k", self.scope.owner)) if self.scope.owner else None
            term = self.value(node)
            return ("n", term) if term is not None else None
        if kind is ast.Constant and isinstance(node.value, str):  # type: ignore[attr-defined]
            return self.declared_text(node.value)  # type: ignore[attr-defined]
        if kind is ast.BinOp:
            return self.either([node.left, node.right])  # type: ignore[attr-defined]
        if kind is ast.Subscript:
            return self.declared_generic(node)  # type: ignore[arg-type]
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
        return self.declared(node.value)

    # Expressions --------------------------------------------------------------------------------------------------
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
            return self.scope.env[path]  # type: ignore[index]
        base = self.value(node.value)
        return ("a", base, node.attr) if base is not None else None

    def subscript(self, node: ast.Subscript) -> Term:
        if self.scope.paths and (path := self.path(node)) in self.scope.env:
            return self.scope.env[path]  # type: ignore[index]
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return base
        key = self.key(node.slice)
        return ("x", base, key) if base is not None else None

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
        arguments = tuple([self.value(argument) for argument in node.args])
        keywords = tuple([(word.arg, self.value(word.value)) for word in node.keywords])
        if callee is None:
            return None
        return self.call(text, node.lineno, Call(self.scope.caller, callee, arguments, keywords))

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


def _is_pattern(node: ast.expr) -> bool:
    return isinstance(node, ast.Tuple | ast.List)


def _distinct(terms: list[Term]) -> tuple[Term, ...]:
    """Without doubles; a lone None stays, as it tells a generator from a function."""
    return tuple(dict.fromkeys(terms))


_STATEMENTS: dict[type, Callable[[PythonWalk, ast.AST], None]] = {
    ast.Expr: PythonWalk.expression, ast.Assign: PythonWalk.assign, ast.AnnAssign: PythonWalk.annotated,
    ast.AugAssign: PythonWalk.augmented, ast.Return: PythonWalk.returned, ast.Import: PythonWalk.imported,
    ast.ImportFrom: PythonWalk.imported_from, ast.If: PythonWalk.conditional, ast.For: PythonWalk.loop,
    ast.AsyncFor: PythonWalk.loop, ast.While: PythonWalk.while_, ast.Try: PythonWalk.tried,
    ast.TryStar: PythonWalk.tried, ast.With: PythonWalk.with_, ast.AsyncWith: PythonWalk.with_,
    ast.Raise: PythonWalk.raised, ast.Match: PythonWalk.matched, ast.Global: PythonWalk.declared_outer,
    ast.Nonlocal: PythonWalk.declared_outer, ast.Assert: PythonWalk.checked, ast.FunctionDef: PythonWalk.function,
    ast.AsyncFunctionDef: PythonWalk.function, ast.ClassDef: PythonWalk.class_,
}  # type: ignore[dict-item]  # fmt: skip
_EXPRESSIONS: dict[type, Callable[[PythonWalk, ast.AST], Term]] = {
    ast.Name: PythonWalk.name, ast.Attribute: PythonWalk.attribute, ast.Subscript: PythonWalk.subscript,
    ast.Call: PythonWalk.called, ast.Lambda: PythonWalk.lambda_, ast.List: PythonWalk.sequence,
    ast.Tuple: PythonWalk.sequence, ast.Set: PythonWalk.sequence, ast.Dict: PythonWalk.dictionary,
    ast.ListComp: PythonWalk.comprehension, ast.SetComp: PythonWalk.comprehension,
    ast.GeneratorExp: PythonWalk.comprehension, ast.DictComp: PythonWalk.comprehension,
    ast.IfExp: PythonWalk.either_way, ast.BoolOp: PythonWalk.any_of, ast.Await: PythonWalk.inside,
    ast.Starred: PythonWalk.inside, ast.Yield: PythonWalk.yielded, ast.YieldFrom: PythonWalk.yielded,
    ast.NamedExpr: PythonWalk.walrus, ast.Constant: PythonWalk.constant, ast.BinOp: PythonWalk.operands,
    ast.UnaryOp: PythonWalk.operands, ast.Compare: PythonWalk.operands, ast.JoinedStr: PythonWalk.operands,
    ast.FormattedValue: PythonWalk.operands,
}  # type: ignore[dict-item]  # fmt: skip

"""Functions, classes and interfaces of JavaScript and TypeScript."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import DECORATOR, Call, Class, Function, Term
from include.pipelines.code_graph.languages.script.expressions import ScriptExpressions
from include.pipelines.code_graph.languages.script.types import text
from include.pipelines.code_graph.scopes import Scope


class ScriptDefinitions(ScriptExpressions):
    """Declares what a file defines; bodies of functions are put off, those of classes run where they stand."""

    def block(self, statements: list[Node]) -> None:
        """Reads statements in their order."""
        raise NotImplementedError

    def function(self, node: Node, hint: str, owner: str = "", words: str = "") -> str:
        name = text(node.child_by_field_name("name")) or hint or "<anonymous>"
        qual = self.defined(node, name, "method" if owner else "function")
        this = "" if node.type == "arrow_function" else "this"
        kind = f"{this} {words}".strip() if this else f"static {words}".strip()
        declared = self.type_of(node.child_by_field_name("return_type"))
        self.facts.functions[qual] = Function(
            (), owner=owner, kind=kind, returns=(declared,) if declared is not None else ()
        )
        scope = Scope("function", qual, self.scope, qual, owner or self.scope.owner)
        if node.type in ("function_expression", "class") and node.child_by_field_name("name") is not None:
            scope.bind(name, ("f", qual))
        self.declare_parameters(scope, node, qual)
        self.scopes.append(scope)
        self.waiting.append((scope, node))
        return qual

    def declare_parameters(self, scope: Scope, node: Node, qual: str) -> None:
        """The positions of the parameters; their patterns are read with the body."""
        function = self.facts.functions[qual]
        names = ["this"] if "this" in function.kind else []
        star = -1
        types: list[tuple[int, Term]] = []
        for pattern, annotation in _parameters(node):
            if text(pattern) == "this":
                continue
            if pattern.type == "rest_pattern":
                star = len(names)
            term = self.type_of(annotation)
            if term is not None:
                types.append((len(names), term))
            names.append(text(pattern) if pattern.type == "identifier" else f"{len(names)}")
        self.facts.functions[qual] = function._replace(parameters=tuple(names), star=star, types=tuple(types))

    def read_parameters(self, scope: Scope, node: Node) -> None:
        position = 1 if "this" in self.facts.functions[scope.qual].kind else 0
        for pattern, _ in _parameters(node):
            if text(pattern) == "this":
                continue
            target = pattern.named_children[0] if pattern.type == "rest_pattern" else pattern
            term: Term = ("p", scope.qual, position)
            if target.type == "assignment_pattern":
                default = self.value(target.child_by_field_name("right"))
                if default is not None:
                    function = self.facts.functions[scope.qual]
                    self.facts.functions[scope.qual] = function._replace(
                        defaults=(*function.defaults, (position, default))
                    )
                target = target.child_by_field_name("left") or target
            self.bind(target, term)
            position += 1

    def class_(self, node: Node, hint: str = "") -> Term:
        name = text(node.child_by_field_name("name")) or hint or "<class>"
        outer = self.scope
        bases = tuple(self.bases(node))
        qual = self.defined(node, name, "class")
        self.facts.classes[qual] = Class(bases)
        term: Term = ("k", qual)
        if node.child_by_field_name("name") is not None:
            outer.bind(name, term)
        self.scope = Scope("class", qual, outer, outer.caller, qual)
        self.scope.counts = outer.counts
        self.scopes.append(self.scope)
        body = node.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            self.member(child, qual)
        self.scope = outer
        for decorator in node.named_children:
            if decorator.type == "decorator":
                self.decorated(decorator, term)
        return term

    def decorated(self, node: Node, term: Term) -> None:
        callee = self.value(node.named_children[0])
        if callee is not None:
            self.call("decorator", self.line(node), Call(self.scope.caller, callee, (term,), kind=DECORATOR))

    def bases(self, node: Node) -> list[Term]:
        found: list[Term] = []
        for heritage in node.named_children:
            if heritage.type not in ("class_heritage", "extends_type_clause"):
                continue
            clauses = [c for c in heritage.named_children if c.type in ("extends_clause", "implements_clause")]
            for clause in clauses or [heritage]:
                for child in clause.named_children:
                    if child.type in ("type_identifier", "generic_type", "nested_type_identifier"):
                        declared = self.type_of(child)
                        found.append(declared[1] if declared is not None and declared[0] == "n" else None)
                    elif child.type != "type_arguments":
                        found.append(self.value(child))
        return found

    def member(self, node: Node, owner: str) -> None:
        """A method, a field or a block of a class."""
        kind = node.type
        words = {child.type for child in node.children}
        static = "static" in words
        if kind in ("method_definition", "method_signature", "abstract_method_signature"):
            self.method(node, owner, static, words)
        elif kind in ("field_definition", "public_field_definition", "property_signature"):
            name = text(node.child_by_field_name("property") or node.child_by_field_name("name"))
            declared = self.type_of(node.child_by_field_name("type"))
            term = self.value(node.child_by_field_name("value"), name)
            self.keep(name, static, [term, declared])
        elif kind == "class_static_block":
            self.block(node.named_children[0].named_children if node.named_children else [])

    def keep(self, name: str, static: bool, terms: list[Term]) -> None:
        slot = f"static {name}" if static else name
        for term in terms:
            if term is not None:
                self.scope.assigned.setdefault(slot, []).append(term)

    def method(self, node: Node, owner: str, static: bool, words: set[str]) -> None:
        name = str(self.key(node.child_by_field_name("name")) or "[]")
        extra = [
            word
            for word, kind in (("static", "class"), ("get", "property"), ("set", "setter"))
            if word in words
            for word in (kind,)
        ]
        if "get" in words or "set" in words:
            self.accessors.add(name)
        if node.type != "method_definition" and not words & {"get", "set"}:
            extra.append("abstract")
        qual = self.function(node, name, owner, " ".join(extra))
        kind = "setter" if "set" in words else "property" if "get" in words else ""
        for key, term in self.entry(name, kind, ("f", qual)):
            self.keep(str(key), static, [term])
        if name == "constructor":
            for number, (pattern, _) in enumerate(_parameters(node), 1):
                if pattern.prev_sibling is not None and pattern.prev_sibling.type in (
                    "accessibility_modifier",
                    "readonly",
                    "override_modifier",
                ):
                    self.keep(text(pattern), False, [("p", qual, number)])

    def do_interface_declaration(self, node: Node) -> None:
        outer = self.scope
        name = text(node.child_by_field_name("name"))
        bases = tuple(self.bases(node))
        qual = self.defined(node, name, "class")
        self.facts.classes[qual] = Class(bases, interface=True)
        outer.bind(name, ("k", qual))
        self.scope = Scope("class", qual, outer, outer.caller, qual)
        self.scope.counts = outer.counts
        self.scopes.append(self.scope)
        body = node.child_by_field_name("body")
        for child in body.named_children if body is not None else ():
            self.member(child, qual)
        self.scope = outer

    def do_type_alias_declaration(self, node: Node) -> None:
        self.scope.bind(text(node.child_by_field_name("name")), self.type_of(node.child_by_field_name("value")))

    def do_enum_declaration(self, node: Node) -> None:
        qual = self.defined(node, text(node.child_by_field_name("name")), "class")
        self.facts.classes[qual] = Class()
        self.scope.bind(text(node.child_by_field_name("name")), ("k", qual))


def _parameters(node: Node) -> list[tuple[Node, Node | None]]:
    """The patterns of a function's parameters and their types."""
    one = node.child_by_field_name("parameter")
    if one is not None:
        return [(one, None)]
    every = node.child_by_field_name("parameters")
    found: list[tuple[Node, Node | None]] = []
    for child in every.named_children if every is not None else ():
        pattern = child.child_by_field_name("pattern")
        if pattern is not None:
            found.append((pattern, child.child_by_field_name("type")))
        elif child.type not in ("comment", "decorator"):
            found.append((child, None))
    return found

"""Types and functions of Go."""

from __future__ import annotations

import re

from tree_sitter import Node

from include.pipelines.code_graph.facts import Class, Definition, Function, Import, Term
from include.pipelines.code_graph.languages.go.expressions import GoExpressions
from include.pipelines.code_graph.languages.syntax import line, text
from include.pipelines.code_graph.scopes import Scope

_VERSION = re.compile(r"/v\d+$")


class GoDeclarations(GoExpressions):
    """Declares what a file defines; bodies of functions are put off."""

    def imported(self, node: Node) -> None:
        path = text(node.child_by_field_name("path"))[1:-1]
        name = text(node.child_by_field_name("name"))
        self.facts.imports.append(Import(path, line(node)))
        if name == ".":
            self.facts.stars.append(path)
        else:
            self.scope.bind(name or _VERSION.sub("", path).rpartition("/")[2], ("i", path, None))

    def defined(self, node: Node, qual: str, kind: str) -> str:
        qual = self.facts.unique(qual)
        name = qual.rpartition(".")[2]
        scope = qual.rpartition(".")[0]
        last = int(node.end_point[0]) + 1
        self.facts.definitions.append(Definition(qual, name, kind, scope, line(node), last, int(node.start_point[1])))
        return qual

    def type_spec(self, node: Node) -> None:
        name, given = text(node.child_by_field_name("name")), node.child_by_field_name("type")
        qual = self.defined(node, f"{self.scope.qual}.{name}" if self.scope.qual else name, "class")
        self.scope.bind(name, ("k", qual))
        if given is None:
            return
        bases = []
        if given.type == "struct_type":
            bases = self.fields(given, qual)
        elif given.type == "interface_type":
            bases = self.interface(given, qual)
        elif given.type in ("slice_type", "map_type", "array_type"):
            self.facts.slot(
                qual, "[]", [self.type_of(given.child_by_field_name("element") or given.child_by_field_name("value"))]
            )
        self.facts.classes[qual] = Class(tuple(bases), given.type == "interface_type", given.type)

    def alias(self, node: Node) -> None:
        term = self.type_term(node.child_by_field_name("type"))
        self.scope.bind(text(node.child_by_field_name("name")), term)

    def fields(self, node: Node, qual: str) -> list[Term]:
        """The struct's fields as slots; what it embeds is a base, and a field of its own name."""
        bases: list[Term] = []
        for field in node.named_children[0].named_children if node.named_children else ():
            if field.type != "field_declaration":
                continue
            declared = field.child_by_field_name("type")
            names = [text(name) for name in field.children_by_field_name("name")]
            if not names and declared is not None:
                bases.append(self.type_term(declared))
                names = [text(declared).lstrip("*").partition("[")[0].rpartition(".")[2]]
            for name in names:
                self.facts.slot(qual, name, [self.type_of(declared)])
        return bases

    def interface(self, node: Node, qual: str) -> list[Term]:
        bases: list[Term] = []
        for child in node.named_children:
            if child.type == "method_elem":
                name = text(child.child_by_field_name("name"))
                method = self.defined(child, f"{qual}.{name}", "method")
                self.declare(method, child, [("this", None)], "abstract")
                self.facts.slot(qual, name, [("f", method)])
            elif child.type == "type_elem":
                bases.append(self.type_term(child))
        return bases

    def function(self, node: Node) -> None:
        name = text(node.child_by_field_name("name"))
        receiver = node.child_by_field_name("receiver")
        if receiver is None:
            qual = self.defined(node, name, "function")
            self.scope.bind(name, ("f", qual))
            self.later(qual, node, [])
            return
        parameter = receiver.named_children[0]
        declared = parameter.child_by_field_name("type")
        owner = text(declared).strip("*() ").partition("[")[0]
        qual = self.defined(node, f"{owner}.{name}", "method")
        self.facts.slot(owner, name, [("f", qual)])
        self.later(qual, node, [(text(parameter.child_by_field_name("name")), self.type_of(declared))])

    def literal(self, node: Node) -> Term:
        base = f"{self.scope.qual or 'init'}.<func"
        number = self.facts.quals[base] = self.facts.quals.get(base, 0) + 1
        qual = self.defined(node, f"{base}{number}>", "function")
        self.later(qual, node, [])
        return ("f", qual)

    def later(self, qual: str, node: Node, first: list[tuple[str, Term]]) -> None:
        """Declares a function and puts its body off."""
        scope = Scope("function", qual, self.scope, qual)
        outer, self.scope = self.scope, scope
        for child in node.named_children:
            if child.type == "type_parameter_list":
                for each in child.named_children:
                    constraint = self.type_term(each.child_by_field_name("type"))
                    for given in each.children_by_field_name("name"):
                        scope.bind(text(given), constraint)
        names = self.declare(qual, node, first, "")
        for number, name in enumerate(names):
            scope.bind(name, ("p", qual, number))
        self.scope = outer
        self.scopes.append(scope)
        self.waiting.append((scope, node))

    def declare(self, qual: str, node: Node, first: list[tuple[str, Term]], kind: str) -> list[str]:
        every, star = list(first), -1
        listed = node.child_by_field_name("parameters")
        for child in listed.named_children if listed is not None else ():
            declared = child.child_by_field_name("type")
            named: list[Node | None] = [*child.children_by_field_name("name")]
            for name in named or [None]:
                if child.type == "variadic_parameter_declaration":
                    star = len(every)
                    every.append((text(name), None))
                else:
                    every.append((text(name), self.type_of(declared)))
        types = tuple((n, term) for n, (_, term) in enumerate(every) if term is not None)
        returned = self.results(node.child_by_field_name("result"))
        self.facts.functions[qual] = Function(
            tuple(name for name, _ in every), star, kind=kind, types=types, returns=(returned,) if returned else ()
        )
        return [name for name, _ in every]

    def results(self, node: Node | None) -> Term:
        """What the declared results hold; several are elements of one."""
        if node is None or node.type != "parameter_list":
            return self.type_of(node)
        types: list[Term] = []
        for child in node.named_children:
            term = self.type_of(child.child_by_field_name("type"))
            types += [term] * max(1, len(child.children_by_field_name("name")))
        return types[0] if len(types) == 1 else self.site("(T)", list(enumerate(types)))

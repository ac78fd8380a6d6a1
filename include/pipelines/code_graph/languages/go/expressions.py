"""Names, types and expressions of Go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from include.pipelines.code_graph.facts import Call, Term
from include.pipelines.code_graph.languages.go.modules import SAME
from include.pipelines.code_graph.languages.syntax import line, text
from include.pipelines.code_graph.scopes import Scope, Walk

_PREDECLARED = frozenset(
    """any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint
    uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag len make
    max min new panic print println real recover _""".split()  # noqa: SIM905
)


class GoExpressions(Walk):
    """Each method reads one kind of expression and returns its term."""

    waiting: list[tuple[Scope, Node]]

    def literal(self, node: Node) -> Term:
        """Declares a function without a name."""
        raise NotImplementedError

    # Names and types
    def named(self, name: str) -> Term:
        if name in self.scope.env:
            return self.scope.env[name]
        if self.scope.kind == "module" and name in self.scope.assigned:
            return self.seen(self.scope, name)
        found, term = self.outside(name)
        return term if found or name in _PREDECLARED else ("i", SAME, name)

    def type_term(self, node: Node | None) -> Term:
        """The class that a type names, pointers and type arguments left aside."""
        if node is None:
            return None
        kind = node.type
        if kind in ("type_identifier", "identifier"):
            return self.named(text(node))
        if kind == "qualified_type":
            base = self.named(text(node.child_by_field_name("package")))
            return self.member(base, text(node.child_by_field_name("name")))
        if kind in ("pointer_type", "parenthesized_type", "type_elem", "type_constraint"):
            return self.type_term(node.named_children[0]) if node.named_children else None
        if kind == "generic_type":
            return self.type_term(node.child_by_field_name("type"))
        return None

    def type_of(self, node: Node | None) -> Term:
        """What a variable of the type holds, as far as the type alone says."""
        if node is None:
            return None
        if node.type in ("slice_type", "array_type", "channel_type", "implicit_length_array_type", "map_type"):
            inner = self.type_of(node.child_by_field_name("element") or node.child_by_field_name("value"))
            return self.site("[T]", [(None, inner)])
        if node.type in ("pointer_type", "parenthesized_type") and node.named_children:
            return self.type_of(node.named_children[0])
        term = self.type_term(node)
        return ("n", term) if term is not None else None

    def member(self, base: Term, name: str) -> Term:
        if base is None:
            return None
        return ("i", base[1], name) if base[0] == "i" and base[2] is None else ("a", base, name)

    # Expressions
    def value(self, node: Node | None) -> Term:
        if node is None:
            return None
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node)
        for child in node.named_children:
            self.value(child)
        return None

    def identifier(self, node: Node) -> Term:
        return self.named(text(node))

    def selector(self, node: Node) -> Term:
        base = self.value(node.child_by_field_name("operand"))
        return self.member(base, text(node.child_by_field_name("field")))

    def inner(self, node: Node) -> Term:
        return self.value(node.child_by_field_name("operand") or node.named_children[0])

    def unary(self, node: Node) -> Term:
        term = self.inner(node)
        operator = text(node.child_by_field_name("operator"))
        if term is None or operator not in ("&", "*", "<-"):
            return None
        return ("e", term) if operator == "<-" else term

    def index(self, node: Node) -> Term:
        base = self.value(node.child_by_field_name("operand"))
        self.value(node.child_by_field_name("index"))
        if base is None or base[0] in "fk":
            return base
        return ("u", ("x", base, None), base) if base[0] == "i" else ("x", base, None)

    def called(self, node: Node) -> Term:
        target = node.child_by_field_name("function") or node.child_by_field_name("type")
        listed = node.child_by_field_name("arguments")
        nodes: list[Node | None] = list(
            listed.named_children if listed is not None else [node.child_by_field_name("operand")]
        )
        if target is None:
            return None
        name = text(target)
        if name in ("new", "make") and nodes and nodes[0] is not None:
            return self.type_of(nodes[0])
        if name == "append" and self.named(name) is None:
            return self.appended(nodes)
        if target.type == "generic_type":
            callee = self.type_term(target)
        elif target.type in ("slice_type", "map_type", "pointer_type"):
            callee = None
        else:
            callee = self.value(target)
        given = tuple([self.value(argument) for argument in nodes])
        if callee is None:
            return given[0] if target.type in ("slice_type", "pointer_type") and given else None
        plain = text(target.child_by_field_name("field")) or name
        key = plain if plain.isidentifier() else "()"
        return self.call(key, line(node), Call(self.scope.caller, callee, given))

    def appended(self, nodes: list[Node | None]) -> Term:
        terms = [self.value(node) for node in nodes if node is not None]
        spread = nodes and nodes[-1] is not None and nodes[-1].type == "variadic_argument"
        rest: list[tuple[object, Term]] = [(None, ("e", t) if spread and t else t) for t in terms[1:]]
        return self.merged("?", [terms[0] if terms else None, self.site("[]", rest)])

    def composite(self, node: Node) -> Term:
        """`T{...}`: an instance of a named type, or a container; its fields are given what stands in it."""
        declared, listed = node.child_by_field_name("type"), node.child_by_field_name("body")
        named = self.type_term(declared)
        entries = self.elements(listed, declared)
        if named is None:
            return self.site("[]", [(None, term) for _, term in entries])
        result: Term = ("n", named)
        for name, term in entries:
            if term is not None and name is not None:
                self.facts.attributes.append((result, name, term))
            elif term is not None:
                self.facts.items.append((result, None, term))
        return result

    def elements(self, node: Node | None, declared: Node | None) -> list[tuple[str | None, Term]]:
        entries: list[tuple[str | None, Term]] = []
        inner = None
        if declared is not None:
            inner = declared.child_by_field_name("element") or declared.child_by_field_name("value")
        struct = declared is not None and declared.type in ("type_identifier", "qualified_type", "generic_type")
        for child in node.named_children if node is not None else ():
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if value is None:
                value = child
            part = value.named_children[0] if value.type == "literal_element" and value.named_children else value
            if part.type == "literal_value":
                self.elements(part, inner)
                term = self.type_of(inner)
            else:
                term = self.value(part)
            entries.append((text(key) if struct and key is not None else None, term))
        return entries

    def asserted(self, node: Node) -> Term:
        self.value(node.child_by_field_name("operand"))
        return self.type_of(node.child_by_field_name("type"))


_EXPRESSIONS: dict[str, Callable[[Any, Node], Term]] = {
    "identifier": GoExpressions.identifier, "selector_expression": GoExpressions.selector,
    "unary_expression": GoExpressions.unary, "parenthesized_expression": GoExpressions.inner,
    "index_expression": GoExpressions.index, "slice_expression": GoExpressions.inner,
    "call_expression": GoExpressions.called, "type_conversion_expression": GoExpressions.called,
    "func_literal": lambda walk, node: walk.literal(node), "composite_literal": GoExpressions.composite,
    "type_assertion_expression": GoExpressions.asserted, "variadic_argument": GoExpressions.inner,
    "type_instantiation_expression": GoExpressions.inner,
}  # fmt: skip

"""Declared types of TypeScript, and what all parts of the walk share."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import Definition, Term
from include.pipelines.code_graph.scopes import Facts, Scope, Walk

# Types that are what they hold, as a promise is read as its value.
_TRANSPARENT = {
    "Promise",
    "Readonly",
    "Partial",
    "Required",
    "NonNullable",
    "Awaited",
    "PromiseLike",
    "Ref",
    "RefObject",
}
_SEQUENCES = {"Array", "ReadonlyArray", "Set", "ReadonlySet", "Iterable", "IterableIterator", "Generator"}
_MAPS = {"Map", "ReadonlyMap", "Record", "WeakMap"}


def text(node: Node | None) -> str:
    """The source of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


class ScriptTypes(Walk):
    """Names, definitions and types."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.waiting: list[tuple[Scope, Node]] = []

    def line(self, node: Node) -> int:
        return int(node.start_point[0]) + 1

    def defined(self, node: Node, name: str, kind: str) -> str:
        """Notes a definition and returns its qualified name."""
        scope = self.scope
        qual = self.facts.unique(f"{scope.qual}.{name}" if scope.qual else name)
        last = int(node.end_point[0]) + 1
        self.facts.definitions.append(
            Definition(qual, name, kind, scope.qual, self.line(node), last, int(node.start_point[1]))
        )
        return qual

    def named(self, name: str) -> Term:
        """What a name holds here."""
        env = self.scope.env
        if name in env:
            return env[name]
        if name in self.scope.assigned and self.scope.kind != "class":
            return self.seen(self.scope, name)
        return self.outside(name)[1]

    def type_of(self, node: Node | None) -> Term:
        """An instance of what a type names."""
        if node is None:
            return None
        handler = getattr(self, f"type_{node.type}", None)
        found: Term = handler(node) if handler is not None else None
        return found

    def type_type_annotation(self, node: Node) -> Term:
        return self.type_of(node.named_children[0]) if node.named_children else None

    def type_type_identifier(self, node: Node) -> Term:
        term = self.named(text(node))
        return ("n", term) if term is not None else None

    def type_nested_type_identifier(self, node: Node) -> Term:
        base = self.named(text(node.child_by_field_name("module")))
        return ("n", ("a", base, text(node.child_by_field_name("name")))) if base is not None else None

    def type_this_type(self, node: Node) -> Term:
        return ("n", ("k", self.scope.owner)) if self.scope.owner else None

    def type_parenthesized_type(self, node: Node) -> Term:
        return self.type_type_annotation(node)

    def type_readonly_type(self, node: Node) -> Term:
        return self.type_type_annotation(node)

    def type_union_type(self, node: Node) -> Term:
        known = [term for term in map(self.type_of, node.named_children) if term is not None]
        return known[0] if len(known) == 1 else (("u", *known) if known else None)

    type_intersection_type = type_union_type

    def type_array_type(self, node: Node) -> Term:
        term = self.type_type_annotation(node)
        return self.site("[T]", [(None, term)]) if term is not None else None

    def type_generic_type(self, node: Node) -> Term:
        name = text(node.child_by_field_name("name"))
        given = node.child_by_field_name("type_arguments")
        inner = given.named_children if given is not None else []
        if name in _TRANSPARENT and inner:
            return self.type_of(inner[0])
        if name in _SEQUENCES | _MAPS and inner:
            term = self.type_of(inner[-1])
            return self.site("[T]", [(None, term)]) if term is not None else None
        return self.type_of(node.child_by_field_name("name"))

    def type_type_query(self, node: Node) -> Term:
        return self.named(text(node.named_children[0])) if node.named_children else None

    def type_object_type(self, node: Node) -> Term:
        entries: list[tuple[object, Term]] = []
        for child in node.named_children:
            if child.type == "property_signature":
                name = text(child.child_by_field_name("name"))
                entries.append((name, self.type_of(child.child_by_field_name("type"))))
        return self.site("{T}", entries) if any(term for _, term in entries) else None

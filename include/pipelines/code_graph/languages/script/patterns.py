"""What assignments, parameters and destructuring give to names."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import Term
from include.pipelines.code_graph.languages.script.types import ScriptTypes, text
from include.pipelines.code_graph.scopes import key_of

_NAMES = ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier")


class ScriptPatterns(ScriptTypes):
    """Targets of values."""

    def value(self, node: Node | None, hint: str = "") -> Term:
        """The term of an expression; `hint` names a function that has no name."""
        raise NotImplementedError

    def bind(self, target: Node | None, term: Term) -> None:
        """Declares the names of a pattern and gives them their parts of the term."""
        self.give(target, term, declare=True)

    def give(self, target: Node | None, term: Term, declare: bool = False) -> None:
        """Gives a term to a name, an attribute, an element or a pattern."""
        if target is None:
            return
        kind = target.type
        if kind in _NAMES:
            self.give_name(text(target), term, declare)
        elif kind == "member_expression":
            self.give_attribute(target, term)
        elif kind == "subscript_expression":
            self.give_element(target, term)
        elif kind == "object_pattern":
            self.give_object(target, term, declare)
        elif kind == "array_pattern":
            self.give_array(target, term, declare)
        elif kind == "rest_pattern":
            rest = self.site("[]", [(None, ("e", term))]) if term is not None else None
            self.give(target.named_children[0], rest, declare)
        elif kind in ("assignment_pattern", "object_assignment_pattern"):
            default = self.value(target.child_by_field_name("right"))
            self.give(target.child_by_field_name("left"), self.merged("?", [term, default]), declare)
        elif kind in ("parenthesized_expression", "non_null_expression", "as_expression"):
            self.give(target.named_children[0], term, declare)

    def give_name(self, name: str, term: Term, declare: bool) -> None:
        scope = self.scope
        if not declare and name not in scope.assigned:
            outer = scope.parent
            while outer is not None and name not in outer.assigned:
                outer = outer.parent
            scope = outer or self.module
        if scope is self.scope:
            scope.bind(name, term)
            return
        scope.assigned.setdefault(name, []).append(term)
        scope.needed.add(name)
        self.scope.put(name, term)

    def give_attribute(self, target: Node, term: Term) -> None:
        base = self.value(target.child_by_field_name("object"))
        name = text(target.child_by_field_name("property"))
        if term is None or base is None:
            return
        if base == ("o", "exports"):
            self.facts.exports.setdefault(name, []).append(term)
        elif base == ("o", "module") and name == "exports":
            self.facts.exports.setdefault("=", []).append(term)
            self.scope.env["exports="] = term
        self.facts.attributes.append((base, name, term))
        self.writes.append((self.scope, self.line(target), base, name, term))

    writes: list[tuple[object, int, Term, str, Term]]

    def give_element(self, target: Node, term: Term) -> None:
        base = self.value(target.child_by_field_name("object"))
        key = self.key(target.child_by_field_name("index"))
        if term is not None and base is not None:
            if isinstance(key, str):
                self.facts.attributes.append((base, key, term))
            else:
                self.facts.items.append((base, key, term))

    def key(self, node: Node | None) -> object:
        """A constant key, a term, or None for any."""
        if node is None:
            return None
        if node.type == "string":
            return text(node)[1:-1]
        if node.type == "number":
            return int(text(node)) if text(node).isdigit() else text(node)
        if node.type == "computed_property_name":
            return self.key(node.named_children[0])
        if node.type in ("property_identifier", "private_property_identifier"):
            return text(node)
        return key_of(self.value(node))

    def give_object(self, target: Node, term: Term, declare: bool) -> None:
        for child in target.named_children:
            kind = child.type
            if kind in _NAMES:
                self.give(child, self.part(term, text(child)), declare)
            elif kind == "object_assignment_pattern":
                name = text(child.child_by_field_name("left"))
                self.give(child, self.part(term, name), declare)
            elif kind == "pair_pattern":
                key = self.key(child.child_by_field_name("key"))
                self.give(child.child_by_field_name("value"), self.part(term, key), declare)
            elif kind == "rest_pattern":
                self.give(child.named_children[0], term, declare)

    def part(self, term: Term, key: object) -> Term:
        if term is None:
            return None
        return ("a", term, key) if isinstance(key, str) else ("x", term, key)

    def give_array(self, target: Node, term: Term, declare: bool) -> None:
        position = 0
        for child in target.children:
            if child.type == ",":
                position += 1
            elif child.type == "rest_pattern":
                self.give(child, term, declare)
            elif child.is_named:
                self.give(child, ("x", term, position) if term is not None else None, declare)

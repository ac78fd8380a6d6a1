"""Expressions of JavaScript and TypeScript."""

from __future__ import annotations

from typing import Any

from tree_sitter import Node

from include.pipelines.code_graph.facts import NEW, SPREAD, Call, Term
from include.pipelines.code_graph.languages.script.globals import GLOBALS
from include.pipelines.code_graph.languages.script.patterns import ScriptPatterns
from include.pipelines.code_graph.languages.script.types import text

# Arguments after a spread may be at any of so many further positions.
MAX_SPREAD = 6


class ScriptExpressions(ScriptPatterns):
    """Each method reads one kind of expression and returns its term."""

    def function(self, node: Node, hint: str, owner: str = "", words: str = "") -> str:
        """Declares a function; its body is read later."""
        raise NotImplementedError

    def class_(self, node: Node, hint: str = "") -> Term:
        """Declares a class."""
        raise NotImplementedError

    def value(self, node: Node | None, hint: str = "") -> Term:
        if node is None:
            return None
        kind = node.type
        if kind in ("arrow_function", "function_expression", "generator_function"):
            return ("f", self.function(node, hint))
        if kind == "class":
            return self.class_(node, hint)
        handler = getattr(self, f"read_{kind}", None)
        if handler is not None:
            found: Term = handler(node)
            return found
        for child in node.named_children:
            self.value(child)
        return None

    def read_identifier(self, node: Node) -> Term:
        name = text(node)
        term = self.named(name)
        if term is None and name in ("exports", "module") and not self.outside(name)[0]:
            return ("o", name)
        return term

    def read_shorthand_property_identifier(self, node: Node) -> Term:
        return self.read_identifier(node)

    def read_string(self, node: Node) -> Term:
        return ("#", text(node)[1:-1]) if self.scope.kind == "module" else None

    def read_number(self, node: Node) -> Term:
        return ("#", int(text(node))) if text(node).isdigit() and self.scope.kind == "module" else None

    def read_comment(self, node: Node) -> Term:
        return None

    def read_this(self, node: Node) -> Term:
        scope = self.scope
        while scope.kind == "function" and "this" not in self.facts.functions[scope.qual].kind:
            if scope.parent is None:
                break
            scope = scope.parent
        if scope.kind == "function":
            return ("p", scope.qual, 0)
        return ("k", scope.qual) if scope.kind == "class" else None

    def read_super(self, node: Node) -> Term:
        this = self.read_this(node)
        if this is None:
            return None
        owner = self.scope.owner
        return ("s", owner, this) if owner else ("a", this, "__proto__")

    def read_member_expression(self, node: Node) -> Term:
        base = self.value(node.child_by_field_name("object"))
        name = text(node.child_by_field_name("property"))
        if base is None:
            return None
        if base == ("o", "module") and name == "exports":
            return self.scope.env.get("exports=") or ("o", "exports")
        term = ("a", base, name)
        self.reads.append((self.scope, self.line(node), term))
        return term

    reads: list[tuple[object, int, tuple[Any, ...]]]

    def read_subscript_expression(self, node: Node) -> Term:
        base = self.value(node.child_by_field_name("object"))
        key = self.key(node.child_by_field_name("index"))
        return self.part(base, key)

    def read_call_expression(self, node: Node) -> Term:
        target = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if target is None or arguments is None:
            return None
        if target.type == "import" or (target.type == "identifier" and text(target) == "require"):
            found = self.required(arguments, target.type == "import")
            if found is not None:
                return found
        if (known := GLOBALS.get(text(target))) is not None and self.named(text(target).partition(".")[0]) is None:
            return known(self, node, self.arguments(arguments))
        callee = self.value(target)
        if self.reads and callee is self.reads[-1][2]:
            self.reads.pop()
        if target.type == "super":
            callee = ("a", callee, "constructor") if callee is not None else None
        name = text(target.child_by_field_name("property")) if target.type == "member_expression" else text(target)
        return self.called(node, callee, name if name.replace("$", "_").isidentifier() else "()", arguments)

    def called(self, node: Node, callee: Term, name: str, arguments: Node | None, kind: str = "call") -> Term:
        given = self.arguments(arguments) if arguments is not None and arguments.type == "arguments" else ()
        if arguments is not None and arguments.type == "template_string":
            self.value(arguments)
        if callee is None:
            return None
        return self.call(name, self.line(node), Call(self.scope.caller, callee, given, kind=kind))

    def arguments(self, node: Node) -> tuple[Term, ...]:
        """The terms of arguments; what stands after a spread may be at any later position."""
        plain: list[Term] = []
        rest: list[Term] = []
        for child in node.named_children:
            if child.type == "comment":
                continue
            spread = child.type == "spread_element"
            term = self.value(child.named_children[0] if spread else child)
            if spread:
                rest.append(("e", term) if term is not None else None)
            elif rest:
                rest.append(term)
            else:
                plain.append(term)
        known = tuple(term for term in rest if term is not None)
        return (*plain, *((("u", *known),) * MAX_SPREAD if known else ()))

    def required(self, arguments: Node, dynamic: bool) -> Term:
        """What `require` or a dynamic import of a constant name brings."""
        first = arguments.named_children[0] if arguments.named_children else None
        name = self.key(first) if first is not None else None
        if not isinstance(name, str):
            return None
        self.note_import(name, arguments)
        return ("i", name, None) if dynamic else ("u", ("i", name, "="), ("i", name, None))

    def note_import(self, name: str, node: Node) -> None:
        """Notes that the file names a module."""
        raise NotImplementedError

    def read_new_expression(self, node: Node) -> Term:
        target = node.child_by_field_name("constructor")
        callee = self.value(target)
        name = text(target).rpartition(".")[2]
        arguments = node.child_by_field_name("arguments")
        if callee is None:
            given = self.arguments(arguments) if arguments is not None else ()
            if name in ("Set", "Map", "Array", "WeakMap", "WeakSet"):
                entries: list[tuple[object, Term]] = [(None, ("e", term)) for term in given[:1] if term is not None]
                entries += [(n, ("x", ("e", given[0]), n)) for n in (0, 1) if name == "Map" and given and given[0]]
                return self.site(name, entries)
            if name == "Promise" and given and given[0]:
                return self.promised(node, given[0])
            return None
        return self.called(node, callee, name, arguments, NEW)

    def promised(self, node: Node, executor: Term) -> Term:
        """A promise is read as the value that it is resolved with."""
        site = self.site("Promise", [])
        self.call(
            "Promise", self.line(node), Call(self.scope.caller, executor, (("a", site, "resolve"),), kind="native")
        )
        return ("e", site)

    def read_await_expression(self, node: Node) -> Term:
        return self.value(node.named_children[0])

    def read_parenthesized_expression(self, node: Node) -> Term:
        terms = [self.value(child) for child in node.named_children if child.type != "comment"]
        return terms[-1] if terms else None

    read_non_null_expression = read_await_expression
    read_satisfies_expression = read_await_expression
    read_spread_element = read_await_expression

    def read_as_expression(self, node: Node) -> Term:
        term = self.value(node.named_children[0])
        declared = self.type_of(node.named_children[1]) if len(node.named_children) > 1 else None
        return declared if declared is not None else term

    def read_sequence_expression(self, node: Node) -> Term:
        return [self.value(child) for child in node.named_children][-1]

    def read_ternary_expression(self, node: Node) -> Term:
        self.value(node.child_by_field_name("condition"))
        ends = [node.child_by_field_name(name) for name in ("consequence", "alternative")]
        return self.merged("?", [self.value(end) for end in ends])

    def read_binary_expression(self, node: Node) -> Term:
        terms = [self.value(node.child_by_field_name(name)) for name in ("left", "right")]
        operator = text(node.child_by_field_name("operator"))
        return self.merged("?", terms) if operator in ("||", "&&", "??") else None

    def read_assignment_expression(self, node: Node) -> Term:
        left = node.child_by_field_name("left")
        hint = text(left).rpartition(".")[2] if left is not None and left.type != "object_pattern" else ""
        term = self.value(node.child_by_field_name("right"), hint if hint.isidentifier() else "")
        self.give(left, term)
        return term

    def read_augmented_assignment_expression(self, node: Node) -> Term:
        left = node.child_by_field_name("left")
        term = self.value(node.child_by_field_name("right"))
        if text(node.child_by_field_name("operator")) in ("||=", "&&=", "??="):
            self.give(left, self.merged("?", [self.value(left), term]))
        return term

    def read_array(self, node: Node) -> Term:
        entries: list[tuple[object, Term]] = []
        spread = any(child.type == "spread_element" for child in node.named_children)
        position = 0
        for child in node.children:
            if child.type == ",":
                position += 1
            elif child.type == "spread_element":
                term = self.value(child.named_children[0])
                entries.append((None, ("e", term) if term is not None else None))
            elif child.is_named:
                entries.append((None if spread else position, self.value(child)))
        return self.site("[]", entries)

    def read_object(self, node: Node) -> Term:
        entries: list[tuple[object, Term]] = []
        for child in node.named_children:
            kind = child.type
            if kind == "pair":
                key = self.key(child.child_by_field_name("key"))
                entries.append(
                    (key, self.value(child.child_by_field_name("value"), key if isinstance(key, str) else ""))
                )
            elif kind == "method_definition":
                entries += self.object_method(child)
            elif kind == "shorthand_property_identifier":
                entries.append((text(child), self.read_identifier(child)))
            elif kind == "spread_element":
                term = self.value(child.named_children[0])
                entries.append((SPREAD, term))
        return self.site("{}", entries)

    def object_method(self, node: Node) -> list[tuple[object, Term]]:
        key = self.key(node.child_by_field_name("name"))
        words = {child.type for child in node.children if not child.is_named}
        kind = "property" if "get" in words else "setter" if "set" in words else ""
        if kind:
            self.accessors.add(str(key))
        qual = self.function(node, str(key or "[]"), words=kind)
        return self.entry(str(key), kind, ("f", qual))

    def entry(self, key: str, kind: str, term: Term) -> list[tuple[object, Term]]:
        """A method's entries: an accessor is one under its own name, and one as what reading or writing calls."""
        if kind == "setter":
            return [(f"set {key}", term)]
        return [(key, term), (f"get {key}", term)] if kind else [(key, term)]

    accessors: set[str]

    def read_yield_expression(self, node: Node) -> Term:
        term = self.value(node.named_children[0]) if node.named_children else None
        star = any(child.type == "*" for child in node.children)
        self.scope.yields.append(("e", term) if star and term is not None else term)
        return None

    def read_jsx_opening_element(self, node: Node) -> Term:
        """`<Panel title={t}/>` calls the component."""
        name = node.child_by_field_name("name")
        for child in node.named_children:
            if child is not name and child != name:
                self.value(child)
        if name is None or not (text(name)[:1].isupper() or "." in text(name)):
            return None
        callee = self.value(name)
        if callee is None:
            return None
        return self.call(text(name), self.line(node), Call(self.scope.caller, callee, kind="component"))

    read_jsx_self_closing_element = read_jsx_opening_element

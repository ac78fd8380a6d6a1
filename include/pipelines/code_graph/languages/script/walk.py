"""Statements of JavaScript and TypeScript."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import ITERATION, READ, Call
from include.pipelines.code_graph.languages.script.exports import ScriptExports
from include.pipelines.code_graph.languages.script.types import text
from include.pipelines.code_graph.scopes import Facts, Scope

_ENDS = ("return_statement", "throw_statement", "continue_statement", "break_statement")
_FUNCTIONS = ("function_declaration", "generator_function_declaration")
_CLASSES = ("class_declaration", "abstract_class_declaration")
# Declarations whose names are known before they are reached.
_LATER = (*_CLASSES, "interface_declaration", "type_alias_declaration", "enum_declaration")


class ScriptWalk(ScriptExports):
    """One walk over a file."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.reads = []
        self.writes = []
        self.accessors = set()

    def run(self, root: Node) -> None:
        self.block(root.named_children)
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            for scope, node in waiting:
                self.body(scope, node)
        self.emit_reads()
        self.emit_exports()
        self.finish()

    def emit_reads(self) -> None:
        """Attributes that an accessor of this file may compute."""
        for scope, line, term in self.reads:
            if term[2] in self.accessors and isinstance(scope, Scope):
                self.scope = scope
                self.call(f"get {term[2]}", line, Call(scope.caller, ("a", term[1], f"get {term[2]}"), kind=READ))
        for scope, line, base, name, stored in self.writes:
            if name in self.accessors and isinstance(scope, Scope):
                self.scope = scope
                self.call(f"set {name}", line, Call(scope.caller, ("a", base, f"set {name}"), (stored,), kind=READ))

    def body(self, scope: Scope, node: Node) -> None:
        """Reads a function whose surroundings are known."""
        self.scope = scope
        self.read_parameters(scope, node)
        body = node.child_by_field_name("body")
        if body is not None and body.type == "statement_block":
            self.block(body.named_children)
        else:
            scope.returns.append(self.value(body))
        function = self.facts.functions[scope.qual]
        returns = tuple(dict.fromkeys(term for term in scope.returns if term is not None))
        yields = tuple(dict.fromkeys([*scope.yields, None])) if scope.yields else ()
        self.facts.functions[scope.qual] = function._replace(returns=function.returns + returns, yields=yields)

    def block(self, statements: list[Node]) -> None:
        later = []
        for node in statements:
            inner = _declaration(node)
            if inner.type in _LATER:
                self.scope.assigned.setdefault(text(inner.child_by_field_name("name")), [])
        for node in statements:
            inner = _declaration(node)
            if inner.type in _FUNCTIONS:
                self.declare(node, inner)
            else:
                later.append(node)
        for node in later:
            self.statement(node)

    def declare(self, node: Node, inner: Node) -> None:
        name = text(inner.child_by_field_name("name"))
        qual = self.function(inner, "default")
        if name:
            self.scope.bind(name, ("f", qual))
        if node is not inner:
            self.export(node, name, ("f", qual))

    def statement(self, node: Node) -> None:
        kind = node.type
        handler = getattr(self, f"do_{kind}", None)
        if handler is not None:
            handler(node)
        elif kind in _CLASSES:
            self.class_(node)
        elif kind.endswith(("_statement", "_clause", "_block", "_body", "_case", "_default")):
            for child in node.named_children:
                self.statement(child)
        else:
            self.value(node)

    def do_statement_block(self, node: Node) -> None:
        self.block(node.named_children)

    def do_lexical_declaration(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "variable_declarator":
                target = child.child_by_field_name("name")
                hint = text(target) if target is not None and target.type == "identifier" else ""
                term = self.value(child.child_by_field_name("value"), hint)
                declared = self.type_of(child.child_by_field_name("type"))
                self.bind(target, self.merged("?", [term, declared]))

    do_variable_declaration = do_lexical_declaration

    def do_return_statement(self, node: Node) -> None:
        for child in node.named_children:
            self.scope.returns.append(self.value(child))

    def do_if_statement(self, node: Node) -> None:
        self.value(node.child_by_field_name("condition"))
        self.branches([node.child_by_field_name("consequence"), node.child_by_field_name("alternative")])

    def branches(self, blocks: list[Node | None]) -> None:
        outcomes = []
        for block in blocks:
            outer = self.begin_branch()
            if block is not None:
                self.statement(block)
            outcome = self.end_branch(outer)
            last = block.named_children[-1] if block is not None and block.named_children else block
            if last is None or last.type not in _ENDS:
                outcomes.append(outcome)
        self.merge(outcomes)

    def do_for_in_statement(self, node: Node) -> None:
        term = self.value(node.child_by_field_name("right"))
        keys = any(child.type == "in" for child in node.children)
        if term is not None and not keys:
            if term[0] == "o":
                term = ("e", term)
            else:
                term = self.call("of", self.line(node), Call(self.scope.caller, term, kind=ITERATION))
        self.bind(node.child_by_field_name("left"), None if keys else term)
        self.branches([node.child_by_field_name("body"), None])

    def do_for_statement(self, node: Node) -> None:
        for name in ("initializer", "condition", "increment"):
            part = node.child_by_field_name(name)
            if part is not None:
                self.statement(part)
        self.branches([node.child_by_field_name("body"), None])

    def do_while_statement(self, node: Node) -> None:
        self.value(node.child_by_field_name("condition"))
        self.branches([node.child_by_field_name("body"), None])

    def do_switch_statement(self, node: Node) -> None:
        self.value(node.child_by_field_name("value"))
        body = node.child_by_field_name("body")
        self.branches([*(body.named_children if body is not None else []), None])

    def do_try_statement(self, node: Node) -> None:
        self.statement(node.child_by_field_name("body") or node)
        handler = node.child_by_field_name("handler")
        if handler is not None:
            self.bind(handler.child_by_field_name("parameter"), None)
            self.branches([handler.child_by_field_name("body"), None])
        final = node.child_by_field_name("finalizer")
        if final is not None:
            self.statement(final)

    def do_ambient_declaration(self, node: Node) -> None:
        for child in node.named_children:
            self.statement(child)

    def do_function_signature(self, node: Node) -> None:
        return None

    def do_internal_module(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        if body is not None:
            self.block(body.named_children)


def _declaration(node: Node) -> Node:
    """What an export statement declares, else the statement itself."""
    if node.type != "export_statement":
        return node
    return node.child_by_field_name("declaration") or node

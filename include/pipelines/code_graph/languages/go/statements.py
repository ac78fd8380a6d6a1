"""Statements of Go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from include.pipelines.code_graph.facts import Term
from include.pipelines.code_graph.languages.go.declarations import GoDeclarations
from include.pipelines.code_graph.languages.syntax import text
from include.pipelines.code_graph.scopes import Scope

_ENDS = ("return_statement", "break_statement", "continue_statement", "goto_statement")


class GoWalk(GoDeclarations):
    """One walk over a file; functions are read after all names of the file are known."""

    def run(self, root: Node) -> None:
        self.waiting: list[tuple[Scope, Node]] = []
        names = [name for node in root.named_children for name in _declared(node)]
        for name in names:
            self.module.assigned.setdefault(name, [])
        for node in root.named_children:
            self.statement(node)
        while self.waiting:
            waiting, self.waiting = self.waiting, []
            for self.scope, node in waiting:
                self.body(node)
        self.finish()

    def statement(self, node: Node) -> None:
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node)
        elif node.type.endswith(("_statement", "_list", "block", "_case", "_declaration", "_spec_list")):
            for child in node.named_children:
                self.statement(child)
        else:
            self.value(node)

    def body(self, node: Node) -> None:
        result = node.child_by_field_name("result")
        names = []
        for child in result.named_children if result is not None and result.type == "parameter_list" else ():
            for name in child.children_by_field_name("name"):
                names.append(text(name))
                self.scope.bind(text(name), self.type_of(child.child_by_field_name("type")))
        self.scope.types = {"": ("#", "\n".join(names))} if names else {}
        block = node.child_by_field_name("body")
        if block is not None:
            self.statement(block)
        function = self.facts.functions[self.scope.qual]
        found = tuple(dict.fromkeys(term for term in self.scope.returns if term is not None))
        self.facts.functions[self.scope.qual] = function._replace(returns=function.returns + found)
        self.scope.types = {}

    def variables(self, node: Node) -> None:
        names = [text(name) for name in node.children_by_field_name("name")]
        declared = self.type_of(node.child_by_field_name("type"))
        value = node.child_by_field_name("value")
        terms = self.several(value.named_children if value is not None else [], len(names))
        for name, term in zip(names, terms, strict=True):
            self.scope.bind(name, self.merged("?", [term, declared]))

    def several(self, values: list[Node], count: int) -> list[Term]:
        """The terms of so many targets: one each, or the results of a single call."""
        values = [node for node in values if node.type != "comment"]
        terms = [self.value(value) for value in values]
        if len(terms) == count:
            return terms
        if len(terms) == 1 and terms[0] is not None:
            if values[0].type in ("call_expression", "type_conversion_expression"):
                return [("x", terms[0], n) for n in range(count)]
            return [terms[0], *([None] * (count - 1))][:count]
        return [None] * count

    def short(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        targets = left.named_children if left is not None else []
        values = right.named_children if right is not None and right.type == "expression_list" else [right]
        terms = self.several([value for value in values if value is not None], len(targets))
        for target, term in zip(targets, terms, strict=True):
            self.give(target, term, declare=node.type != "assignment_statement")

    def give(self, target: Node, term: Term, *, declare: bool) -> None:
        kind = target.type
        if kind == "identifier":
            self.give_name(text(target), term, declare)
        elif kind in ("parenthesized_expression", "unary_expression"):
            inner = target.child_by_field_name("operand") or target.named_children[-1]
            if inner.type in ("unary_expression", "identifier"):
                self.give_through(inner, term)
            else:
                self.give(inner, term, declare=declare)
        elif kind == "selector_expression":
            base = self.value(target.child_by_field_name("operand"))
            if base is not None and term is not None:
                self.facts.attributes.append((base, text(target.child_by_field_name("field")), term))
        elif kind == "index_expression":
            base = self.value(target.child_by_field_name("operand"))
            if base is not None and term is not None:
                self.facts.items.append((base, None, term))

    def give_through(self, target: Node, term: Term) -> None:
        """`*p = v`: whoever holds what the pointer's declared type names may hold the value too."""
        base = self.value(target)
        if base is not None and term is not None:
            self.facts.items.append((base, None, term))

    def give_name(self, name: str, term: Term, declare: bool) -> None:
        scope: Scope | None = self.scope
        while not declare and scope is not None and name not in scope.assigned:
            scope = scope.parent
        if declare or scope is self.scope:
            self.scope.bind(name, term)
        elif scope is not None:
            scope.assigned[name].append(term)
            scope.needed.add(name)
            self.scope.put(name, term)

    def returned(self, node: Node) -> None:
        values = node.named_children[0].named_children if node.named_children else []
        terms = [self.value(value) for value in values]
        names = self.scope.types.get("")
        if not terms and names is not None:
            terms = [self.scope.env.get(name) for name in str(names[1]).split("\n")]
        if len(terms) == 1:
            self.scope.returns.append(terms[0])
        elif terms:
            self.scope.returns.append(self.site("(", list(enumerate(terms))))

    def conditional(self, node: Node) -> None:
        for name in ("initializer", "condition"):
            if (part := node.child_by_field_name(name)) is not None:
                self.statement(part)
        self.branches([node.child_by_field_name("consequence"), node.child_by_field_name("alternative")])

    def branches(self, blocks: list[Node | None]) -> None:
        outcomes = []
        for block in blocks:
            outer = self.begin_branch()
            if block is not None:
                self.statement(block)
            outcome = self.end_branch(outer)
            if block is None or not _ends(block):
                outcomes.append(outcome)
        self.merge(outcomes)

    def loop(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "range_clause":
                self.ranged(child)
            elif child.type != "block":
                self.statement(child)
        self.branches([node.child_by_field_name("body"), None])

    def ranged(self, node: Node) -> None:
        term = self.value(node.child_by_field_name("right"))
        element: Term = ("e", term) if term is not None else None
        left = node.child_by_field_name("left")
        for target in (left.named_children if left is not None else [])[-2:][-1:]:
            self.give(target, element, declare=True)

    def switched(self, node: Node) -> None:
        for name in ("initializer", "value"):
            if (part := node.child_by_field_name(name)) is not None:
                self.statement(part)
        cases = [child for child in node.named_children if child.type.endswith("_case")]
        self.branches([*cases, None])

    def type_switched(self, node: Node) -> None:
        alias = node.child_by_field_name("alias")
        value = self.value(node.child_by_field_name("value"))
        name = text(alias)
        outcomes = []
        for case in (child for child in node.named_children if child.type in ("type_case", "default_case")):
            outer = self.begin_branch()
            types = [("n", term) for term in map(self.type_term, case.children_by_field_name("type")) if term]
            if name:
                self.scope.bind(name, self.merged("?", types) if types else value)
            for child in case.named_children:
                if child.type == "statement_list":
                    self.statement(child)
            outcomes.append(self.end_branch(outer))
        self.merge([*outcomes, {}])

    def sent(self, node: Node) -> None:
        base, term = (self.value(node.child_by_field_name(name)) for name in ("channel", "value"))
        if base is not None and term is not None:
            self.facts.items.append((base, None, term))


def _declared(node: Node) -> list[str]:
    """The names that a declaration of the file's top level defines."""
    if node.type == "function_declaration":
        return [text(node.child_by_field_name("name"))]
    if node.type not in ("type_declaration", "var_declaration", "const_declaration"):
        return []
    specs = [inner for child in node.named_children for inner in (child, *child.named_children)]
    return [
        text(name)
        for spec in specs
        if spec.type.endswith(("_spec", "_alias"))
        for name in spec.children_by_field_name("name")
    ]


def _ends(block: Node) -> bool:
    inner = block.named_children[-1] if block.named_children else block
    last = inner.named_children[-1] if inner.type == "statement_list" and inner.named_children else inner
    return last.type in _ENDS


_STATEMENTS: dict[str, Callable[[Any, Node], None]] = {
    "import_spec": GoWalk.imported, "type_spec": GoWalk.type_spec, "type_alias": GoWalk.alias,
    "function_declaration": GoWalk.function, "method_declaration": GoWalk.function, "var_spec": GoWalk.variables,
    "const_spec": GoWalk.variables, "short_var_declaration": GoWalk.short, "assignment_statement": GoWalk.short,
    "receive_statement": GoWalk.short, "return_statement": GoWalk.returned, "if_statement": GoWalk.conditional,
    "for_statement": GoWalk.loop, "expression_switch_statement": GoWalk.switched,
    "type_switch_statement": GoWalk.type_switched, "send_statement": GoWalk.sent,
    "package_clause": lambda walk, node: None,
}  # fmt: skip

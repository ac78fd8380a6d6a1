"""Go: packages of files, structs with what they embed, interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable

import tree_sitter_go
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser

from include.pipelines.code_graph.facts import Call, Class, Definition, Function, Import, ParsedFile, Term
from include.pipelines.code_graph.languages.go_modules import SAME, module
from include.pipelines.code_graph.languages.language import Language
from include.pipelines.code_graph.languages.syntax import line, note_errors, text
from include.pipelines.code_graph.scopes import Facts, Scope, Walk

_PARSER = Parser(Grammar(tree_sitter_go.language()))
_PREDECLARED = frozenset(
    "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint"
    " uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex copy delete imag len make"
    " max min new panic print println real recover _".split()
)
_VERSION = re.compile(r"/v\d+$")
_ENDS = ("return_statement", "break_statement", "continue_statement", "goto_statement")


def parse(path: str, source: bytes) -> ParsedFile:
    """The facts of a Go file; parts that do not parse are left out, each with a reject."""
    root = _PARSER.parse(source).root_node
    facts = Facts(path, "go", path.rpartition("/")[0])
    note_errors(root, facts)
    GoWalk(facts).run(root)
    return facts.parsed(source.count(b"\n") + 1)


class GoWalk(Walk):
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

    # Names and types ----------------------------------------------------------------------------------------------
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

    # Declarations -------------------------------------------------------------------------------------------------
    def statement(self, node: Node) -> None:
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node)
        elif node.type.endswith(("_statement", "_list", "block", "_case", "_declaration", "_spec_list")):
            for child in node.named_children:
                self.statement(child)
        else:
            self.value(node)

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
                    for name in each.children_by_field_name("name"):
                        scope.bind(text(name), constraint)
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
            for name in child.children_by_field_name("name") or [None]:
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

    # Statements ---------------------------------------------------------------------------------------------------
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
            return [terms[0], *([None] * (count - 1))]
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
            if inner.type == "unary_expression" or inner.type == "identifier":
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

    # Expressions --------------------------------------------------------------------------------------------------
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
        nodes = listed.named_children if listed is not None else [node.child_by_field_name("operand")]
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


_STATEMENTS: dict[str, Callable[[GoWalk, Node], None]] = {
    "import_spec": GoWalk.imported, "type_spec": GoWalk.type_spec, "type_alias": GoWalk.alias,
    "function_declaration": GoWalk.function, "method_declaration": GoWalk.function, "var_spec": GoWalk.variables,
    "const_spec": GoWalk.variables, "short_var_declaration": GoWalk.short, "assignment_statement": GoWalk.short,
    "receive_statement": GoWalk.short, "return_statement": GoWalk.returned, "if_statement": GoWalk.conditional,
    "for_statement": GoWalk.loop, "expression_switch_statement": GoWalk.switched,
    "type_switch_statement": GoWalk.type_switched, "send_statement": GoWalk.sent,
    "package_clause": lambda walk, node: None,
}  # fmt: skip
_EXPRESSIONS: dict[str, Callable[[GoWalk, Node], Term]] = {
    "identifier": GoWalk.identifier, "selector_expression": GoWalk.selector, "unary_expression": GoWalk.unary,
    "parenthesized_expression": GoWalk.inner, "index_expression": GoWalk.index, "slice_expression": GoWalk.inner,
    "call_expression": GoWalk.called, "type_conversion_expression": GoWalk.called, "func_literal": GoWalk.literal,
    "composite_literal": GoWalk.composite, "type_assertion_expression": GoWalk.asserted,
    "variadic_argument": GoWalk.inner, "type_instantiation_expression": GoWalk.inner,
}  # fmt: skip

GO = Language("go", (".go",), parse, module=module, conversions=True)

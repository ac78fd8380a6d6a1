"""Statements and definitions of JavaScript and TypeScript."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import DECORATOR, ITERATION, READ, Call, Class, Function, Import, Term
from include.pipelines.code_graph.languages.script.expressions import ScriptExpressions
from include.pipelines.code_graph.languages.script.types import text
from include.pipelines.code_graph.scopes import Facts, Scope

_ENDS = ("return_statement", "throw_statement", "continue_statement", "break_statement")
_FUNCTIONS = ("function_declaration", "generator_function_declaration")
_CLASSES = ("class_declaration", "abstract_class_declaration")
# Declarations whose names are known before they are reached.
_LATER = (*_CLASSES, "interface_declaration", "type_alias_declaration", "enum_declaration")


class ScriptWalk(ScriptExpressions):
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
        for scope, line, base, name, term in self.writes:
            if name in self.accessors and isinstance(scope, Scope):
                self.scope = scope
                self.call(f"set {name}", line, Call(scope.caller, ("a", base, f"set {name}"), (term,), kind=READ))

    def emit_exports(self) -> None:
        exports = self.facts.exports
        for name, terms in exports.items():
            self.facts.slot("exports", name, terms)
        uses_commonjs = "=" in exports or any(base == ("o", "exports") for base, _, _ in self.facts.attributes)
        if uses_commonjs:
            self.facts.slot("exports", "=", [*exports.get("=", []), ("o", "exports")])

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

    # Functions and classes ----------------------------------------------------------------------------------------
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
                        found.append(declared[1] if declared is not None and declared[0] == "n" else None)  # type: ignore[arg-type]
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
            for number, (pattern, annotation) in enumerate(_parameters(node), 1):
                if pattern.prev_sibling is not None and pattern.prev_sibling.type in (
                    "accessibility_modifier",
                    "readonly",
                    "override_modifier",
                ):
                    self.keep(text(pattern), False, [("p", qual, number)])

    # Statements ---------------------------------------------------------------------------------------------------
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

    def export(self, node: Node, name: str, term: Term) -> None:
        default = any(child.type == "default" for child in node.children)
        self.facts.exports.setdefault("default" if default else name, []).append(term)

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

    # Modules ------------------------------------------------------------------------------------------------------
    def note_import(self, name: str, node: Node) -> None:
        self.facts.imports.append(Import(name, self.line(node)))

    def do_import_statement(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        for child in node.named_children:
            if child.type == "import_clause":
                self.imported(child, text(source)[1:-1])
            elif child.type == "import_require_clause":
                name = text(child.child_by_field_name("source"))[1:-1]
                self.note_import(name, node)
                self.scope.bind(text(child.named_children[0]), ("u", ("i", name, "="), ("i", name, None)))
        if source is not None:
            self.note_import(text(source)[1:-1], node)

    def imported(self, clause: Node, module: str) -> None:
        for child in clause.named_children:
            if child.type == "identifier":
                self.scope.bind(text(child), ("i", module, "default"))
            elif child.type == "namespace_import":
                self.scope.bind(text(child.named_children[0]), ("i", module, None))
            elif child.type == "named_imports":
                for specifier in child.named_children:
                    name = text(specifier.child_by_field_name("name"))
                    alias = text(specifier.child_by_field_name("alias")) or name
                    self.scope.bind(alias, ("i", module, name))

    def do_export_statement(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        module = text(source)[1:-1] if source is not None else ""
        if module:
            self.note_import(module, node)
        declaration = node.child_by_field_name("declaration")
        if declaration is not None:
            before = {name: len(terms) for name, terms in self.scope.assigned.items()}
            self.statement(declaration)
            default = any(child.type == "default" for child in node.children)
            for name, terms in self.scope.assigned.items():
                if len(terms) > before.get(name, 0):
                    self.facts.exports.setdefault("default" if default else name, []).append(
                        ("v", f"{self.scope.qual}:{name}")
                    )
                    self.scope.needed.add(name)
            if default and declaration.child_by_field_name("name") is None:
                pass
            return
        self.exported(node, module)

    def exported(self, node: Node, module: str) -> None:
        for child in node.children:
            if child.type == "export_clause":
                for specifier in child.named_children:
                    self.export_name(specifier, module)
            elif child.type == "*":
                self.facts.stars.append(module)
            elif child.type == "namespace_export":
                self.facts.exports.setdefault(text(child.named_children[0]), []).append(("i", module, None))
        value = node.child_by_field_name("value")
        if value is not None:
            term = self.value(value, "default")
            self.facts.exports.setdefault("default", []).append(term)
        elif any(child.type == "=" for child in node.children):
            self.facts.exports.setdefault("=", []).append(self.value(node.named_children[-1]))

    def export_name(self, specifier: Node, module: str) -> None:
        name = text(specifier.child_by_field_name("name"))
        alias = text(specifier.child_by_field_name("alias")) or name
        if module:
            term: Term = ("i", module, name)
        else:
            term = ("v", f":{name}")
            self.module.needed.add(name)
        self.facts.exports.setdefault(alias.strip("'\""), []).append(term)

    # TypeScript ---------------------------------------------------------------------------------------------------
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

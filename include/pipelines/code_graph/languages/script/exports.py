"""Imports and exports of JavaScript and TypeScript."""

from __future__ import annotations

from tree_sitter import Node

from include.pipelines.code_graph.facts import Import, Term
from include.pipelines.code_graph.languages.script.definitions import ScriptDefinitions
from include.pipelines.code_graph.languages.script.types import text


class ScriptExports(ScriptDefinitions):
    """What a file takes from others, and what it gives them."""

    def statement(self, node: Node) -> None:
        """Reads a statement."""
        raise NotImplementedError

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

    def export(self, node: Node, name: str, term: Term) -> None:
        default = any(child.type == "default" for child in node.children)
        self.facts.exports.setdefault("default" if default else name, []).append(term)

    def emit_exports(self) -> None:
        exports = self.facts.exports
        for name, terms in exports.items():
            self.facts.slot("exports", name, terms)
        uses_commonjs = "=" in exports or any(base == ("o", "exports") for base, _, _ in self.facts.attributes)
        if uses_commonjs:
            self.facts.slot("exports", "=", [*exports.get("=", []), ("o", "exports")])

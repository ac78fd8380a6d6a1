"""A parsed file within a program: its facts, and the only ones of its values and nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.flow.nodes import Node
from include.pipelines.code_graph.flow.objects import ClassValue, FunctionValue, ModuleValue, SiteValue, Value

if TYPE_CHECKING:
    from include.pipelines.code_graph.languages.language import Language


class File:
    """The facts of a file, and what was made of them; values and nodes outlive a change of the facts.

    `bases`: class, file and class of each base; `imported`: files that are imported, with the first line;
    `starred`: where star imports lead.
    """

    __slots__ = (
        "_labels", "bases", "classes", "facts", "folder", "functions", "imported", "language", "nodes", "outside",
        "path", "sites", "starred", "tests",
    )  # fmt: skip

    def __init__(self, facts: ParsedFile, language: Language) -> None:
        self._labels: dict[str, str] | None = None
        self.bases: tuple[tuple[str, str, str], ...] = ()
        self.imported: tuple[tuple[str, int], ...] = ()
        self.starred: list[ModuleValue | None] = []
        self.facts = facts
        self.path = facts.path
        self.folder = facts.path.rpartition("/")[0]
        # Calls into modules that the tree does not have, by module.
        self.outside: dict[str, set[str]] = {}
        # Files of tests see more of their own package than others do.
        self.tests = "_test." in facts.path
        self.language = language
        self.functions: dict[str, FunctionValue] = {}
        self.classes: dict[str, ClassValue] = {}
        self.sites: dict[str, SiteValue] = {}
        self.nodes: dict[tuple[object, ...], Node] = {}

    def take(self, facts: ParsedFile) -> None:
        """Other facts instead of those of before."""
        self.facts = facts
        self._labels = None

    def labels(self) -> dict[str, str]:
        """The label of each function by its qualified name."""
        if self._labels is None:
            self._labels = {each.qual: each.kind.capitalize() for each in self.facts.definitions}
        return self._labels

    def function(self, qual: str) -> FunctionValue:
        """The function of that qualified name."""
        value = self.functions.get(qual)
        if value is None:
            value = self.functions[qual] = FunctionValue(self, qual)
        return value

    def class_(self, qual: str) -> ClassValue:
        """The class of that qualified name."""
        value = self.classes.get(qual)
        if value is None:
            value = self.classes[qual] = ClassValue(self, qual)
        return value

    def site(self, key: str) -> SiteValue:
        """What the literal of that key makes."""
        value = self.sites.get(key)
        if value is None:
            value = self.sites[key] = SiteValue(self, key)
        return value

    def node(self, key: tuple[object, ...], rule: Callable[[Any, Node], Iterable[Value]]) -> Node:
        """The node of that key, with this rule where it is new."""
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(self, key, rule)
        return node

"""A whole tree's facts, solved together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set

from include.pipelines.code_graph.facts import Term
from include.pipelines.code_graph.flow import inheritance
from include.pipelines.code_graph.flow.files import File
from include.pipelines.code_graph.flow.implementers import Methods
from include.pipelines.code_graph.flow.lookup import read_field
from include.pipelines.code_graph.flow.nodes import Node, Solver
from include.pipelines.code_graph.flow.objects import (
    ClassValue,
    ConstantValue,
    FunctionValue,
    GeneratorValue,
    ModuleValue,
    NativeValue,
    Value,
)  # fmt: skip
from include.pipelines.code_graph.flow.terms import values
from include.pipelines.code_graph.languages.language import Language, Module
from include.pipelines.code_graph.tree import Tree

# Steps that solving may take for each call of the tree, and for any tree at all. Real trees take 2 to 5 for each call
# (an installed Airflow, npm, zod, Go's net); one that went on to 40 did not end within minutes.
MAX_WORK = 20
FREE_WORK = 20_000


class Program(Solver):
    """The files of a tree and what their expressions may evaluate to.

    Args:
        languages: by name.
        root: the name of the tree's folder.
        max_work: steps for each call before arguments are given up.
    """

    def __init__(self, languages: Mapping[str, Language], root: str = "", max_work: int = MAX_WORK) -> None:
        super().__init__()
        self.languages = languages
        self.tree = Tree(root)
        self.files: dict[str, File] = {}
        self.modules: dict[tuple[object, ...], ModuleValue] = {}
        self.constants: dict[tuple[type, object], ConstantValue] = {}
        self.natives: dict[tuple[Value, str], NativeValue] = {}
        # Nodes of attributes by their name: what a new or vanished definition of that name may change.
        self.names: dict[object, list[Node]] = {}
        # Where imports of a folder's files lead, for as long as no file comes or goes.
        self.found: dict[tuple[str, str, bool, str], ModuleValue | None] = {}
        # How many calls and bases say a name, and the names that too many do.
        self.said: Counter[str] = Counter()
        self.popular: set[str] = set()
        # What implements interfaces, and the files whose calls ask for it.
        self.methods = Methods()
        self.interfaced: set[str] = set()
        self.redefined = False
        self.touched: set[str] = set()
        # Whether arguments are no longer followed, since they took more work than `max_work` for each call.
        self.narrow = False
        self.max_work = max_work
        # Whether names of modules and classes changed since they were last looked up.
        self.renamed = False
        # `self.name = ...` by class and name.
        self.stores: dict[tuple[ClassValue, str], list[tuple[File, Term]]] = {}

    def named(self, name: object, node: Node) -> None:
        """Notes the node of an attribute."""
        self.names.setdefault(name, []).append(node)

    def values(self, term: Term, file: File, node: Node) -> Set[Value]:
        """The values of a term of a file, read on behalf of a node."""
        return values(self, term, file, node)

    def constant(self, value: object) -> ConstantValue:
        """The value of a constant."""
        key = (type(value), value)
        known = self.constants.get(key)
        if known is None:
            known = self.constants[key] = ConstantValue(value)
        return known

    def generator(self, function: FunctionValue) -> GeneratorValue:
        """What a generator function returns."""
        if function.generator is None:
            function.generator = GeneratorValue(function)
        return function.generator

    def module(self, file: File, name: str) -> ModuleValue | None:
        """The module that an import means; None where the tree has none."""
        key = (file.language.name, file.folder, file.tests, name)
        if key not in self.found:
            self.found[key] = self._module(key[0], file.language.module(self.tree, file.path, name))
        return self.found[key]

    def submodule(self, module: ModuleValue, name: str) -> ModuleValue | None:
        """A package's module of that name."""
        language = self.languages[module.language]
        return self._module(module.language, language.submodule(self.tree, Module(module.paths, module.folder), name))

    def _module(self, language: str, found: Module | None) -> ModuleValue | None:
        if found is None:
            return None
        key = (language, *found)
        known = self.modules.get(key)
        if known is None:
            known = self.modules[key] = ModuleValue(language, *found)
        return known

    def starred(self, file: File, name: str, node: Node) -> Set[Value]:
        """What star imports of a file bring under a name."""
        found: set[Value] = set()
        for star in file.facts.stars:
            module = self.module(file, star)
            if module is not None and file.path not in module.paths:
                found |= read_field(self, module, name, node)
        return found

    def order(self, owner: ClassValue, node: Node) -> tuple[ClassValue, ...]:
        """The classes that are asked for an attribute, in their order."""
        return inheritance.order(self, owner, node)

    def dynamic_bases(self, owner: ClassValue) -> Iterable[tuple[File, Term]]:
        """Bases that no name tells."""
        return inheritance.dynamic(self, owner)

    def stored(self, owner: ClassValue, name: str) -> Iterable[tuple[File, Term]]:
        """What methods of a class give its instances under a name."""
        return self.stores.get((owner, name), ())

    def spread(self, owner: ClassValue) -> Iterable[File]:
        """The files in which methods of a class may stand."""
        if not owner.file.language.conversions:
            return (owner.file,)
        found = owner.file.language.module(self.tree, owner.file.path, ".")
        return [self.files[path] for path in found.paths if path in self.files] if found else ()

    def callers(self, function: FunctionValue) -> list[Node]:
        """Calls that reached a function: their arguments go elsewhere once its parameters change."""
        return [giver for node in function.nodes.values() for giver in (*node.readers, *(node.inflow or ()))]

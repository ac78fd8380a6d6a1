"""A whole tree's facts, solved together, and kept so while files come, change and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TypeGuard

from include.pipelines.code_graph.facts import Call, ParsedFile, Term
from include.pipelines.code_graph.flow import inheritance, links
from include.pipelines.code_graph.flow.calls import attribute_store_rule, call_rule, item_store_rule
from include.pipelines.code_graph.flow.files import File
from include.pipelines.code_graph.flow.implementers import Methods, implementers
from include.pipelines.code_graph.flow.lookup import field
from include.pipelines.code_graph.flow.nodes import EMPTY, Node, Solver
from include.pipelines.code_graph.flow.objects import (
    ClassValue, ConstantValue, FunctionValue, GeneratorValue, InstanceValue, ModuleValue, NativeValue, SuperValue, Value,
)  # fmt: skip
from include.pipelines.code_graph.languages.language import Language, Module
from include.pipelines.code_graph.tree import Tree, parent


Targets = dict[FunctionValue | ClassValue, str]

# A function whose name more calls say than this is taken for one of general use: what callers pass to it says nothing
# of any one of them, and following it multiplies everything with everything (an installed Airflow: 12 s at 16, more
# than 100 s without a limit). Its parameters have their declared types and defaults only.
MAX_CALLS = 16


class Program(Solver):
    """The files of a tree and what their expressions may evaluate to.

    Args:
        languages: by name.
        root: the name of the tree's folder.
    """

    def __init__(self, languages: Mapping[str, Language], root: str = "") -> None:
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
        # Whether names of modules and classes changed since they were last looked up.
        self.renamed = False
        # `self.name = ...` by class and name.
        self.stores: dict[tuple[ClassValue, str], list[tuple[File, Term]]] = {}

    # Changes ------------------------------------------------------------------------------------------------------
    def update(self, changed: Iterable[ParsedFile], gone: Iterable[str] = ()) -> set[str]:
        """Takes in new and changed files, lets go of others, and solves.

        Returns:
            The paths of all files whose edges may differ from before, those that are gone not among them.
        """
        changed = list(changed)
        paths, settings = set(self.tree.paths), dict(self.tree.settings)
        left = [self.files.pop(path) for path in gone if path in self.files]
        for file in left:
            self.tree.remove(file.path)
        for facts in changed:
            if facts.path in self.files:
                self.tree.remove(facts.path)
            else:
                self.files[facts.path] = File(_nothing(facts), self.languages[facts.language])
            self.tree.add(facts.path, facts.settings)
        moved = paths != self.tree.paths or settings != self.tree.settings
        if moved:
            self.found.clear()
        lost = [node for file in left for node in self._replace(file, None)]
        for facts in changed:
            lost += self._replace(self.files[facts.path], facts)
        if moved and paths:
            lost += self._moved_imports()
            lost += self._revived()
        linked: set[str] = set()
        if moved or self.renamed:
            lost += inheritance.changed(self)
            linked = self._linked(self.files if moved else {facts.path for facts in changed})
            self.renamed = False
        lost += self._popularity()
        touched = self._solve(self.reset(lost), {facts.path for facts in changed} | linked)
        if self.redefined:
            touched |= self.interfaced
            self.redefined = False
        return touched & self.files.keys()

    def calls_of(self, path: str) -> Iterator[tuple[int, str, Call, list[tuple[FunctionValue | ClassValue, str]]]]:
        """The calls of a file that may call something: line, key, call, callees and how each was found."""
        file = self.files[path]
        for key, call in file.facts.calls.items():
            node = file.nodes.get(("c", key))
            targets = node.targets if node is not None else None
            if targets:
                yield file.facts.lines[key], key, call, list(self._concrete(path, targets))

    def label(self, target: FunctionValue | ClassValue) -> str | None:
        """The label of a callee's node."""
        if isinstance(target, ClassValue):
            return "Class"
        facts = target.file.facts.functions.get(target.qual)
        if facts is None:
            return None
        return target.file.labels().get(target.qual)

    def _linked(self, imports: Iterable[str]) -> set[str]:
        """Files whose bases or imports lead elsewhere than before; imports are looked up for some alone."""
        found = set()
        for path, file in self.files.items():
            bases = tuple(inheritance.inherited(self, file)) if file.facts.classes else ()
            imported = links.imported(self, file) if path in imports else file.imported
            if bases != file.bases or imported != file.imported:
                file.bases, file.imported = bases, imported
                found.add(path)
        return found

    def targets(self, path: str) -> Iterator[tuple[str, Call, FunctionValue | ClassValue, str]]:
        """What each call of a file may call: the call's key, the call, the callee, how it was found."""
        file = self.files[path]
        for key, call in file.facts.calls.items():
            node = file.nodes.get(("c", key))
            if node is not None and node.targets:
                for target, how in self._concrete(path, node.targets):
                    yield key, call, target, how

    def _concrete(self, path: str, targets: Targets) -> Iterator[tuple[FunctionValue | ClassValue, str]]:
        """Methods of interfaces give way to those that a call of them runs, where these are known."""
        abstract = [target for target in targets if is_abstract(target)]
        if not abstract:
            yield from targets.items()
            return
        self.interfaced.add(path)
        if len(abstract) < len(targets):
            yield from ((target, how) for target, how in targets.items() if target not in abstract)
            return
        for method in abstract:
            found = list(implementers(self, method)) if method.file.language.conversions else []
            yield from ((each, "interface") for each in found or [method])

    def _solve(self, lost: Set[Node], paths: set[str]) -> set[str]:
        self.touched = set(paths)
        for node in lost:
            if node.root and node.file is not None and self.files.get(node.file.path) is node.file:
                if node.file.nodes.get(node.key) is node:  # type: ignore[call-overload]
                    self.enqueue(node)
                    self.touched.add(node.file.path)
        self.run()
        return self.touched

    def _replace(self, file: File, facts: ParsedFile | None) -> list[Node]:
        """Gives a file other facts (None: it is gone); returns the nodes that this makes wrong."""
        old = file.facts
        new = facts if facts is not None else _nothing(old)
        lost = self._changed_slots(file, old, new)
        lost += self._changed_functions(file, old, new)
        lost += self._changed_sites(file, old, new)
        self._unstore(file, old)
        if file.language.conversions and (old.functions.keys() != new.functions.keys() or old.classes != new.classes):
            self.methods.count(old, -1)
            self.methods.count(new, 1)
            self.redefined = True
        self.renamed = self.renamed or _names(old) != _names(new)
        self.said.subtract(_said(old))
        self.said.update(_said(new))
        file.take(new)
        lost += self._roots(file, old, new)
        lost += self._changed_stores(file, old, new)
        if old.stars != new.stars:
            lost += [n for m in self.modules.values() if file.path in m.paths for n in m.fields.values()]
            lost += [n for n in file.nodes.values() if n.key[0] == "v"]  # type: ignore[index]
        return lost

    def _changed_slots(self, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
        lost: list[Node] = []
        for slot in _different(old.slots, new.slots):
            node = file.nodes.get(("v", slot))
            if node is not None:
                lost.append(node)
            if (slot in old.slots) != (slot in new.slots):
                scope, _, name = slot.rpartition(":")
                lost += [node for node in self.names.get(name, ()) if self._looks_in(node, file, scope)]
        return lost

    def _looks_in(self, node: Node, file: File, scope: str) -> bool:
        """Whether an attribute is looked up in a scope of a file."""
        value = node.key[0]  # type: ignore[index]
        if not node.ready:
            return False
        if isinstance(value, SuperValue):
            value = value.receiver
        if isinstance(value, InstanceValue):
            value = value.of
        if isinstance(value, ClassValue):
            order = value.order.extra if value.order is not None and value.order.ready else (value,)
            return any(each.qual == scope and self._same_module(each.file, file) for each in order)  # type: ignore[attr-defined]
        if isinstance(value, ModuleValue):
            files = [self.files[path] for path in value.paths if path in self.files]
            return file.path in value.paths or any(each.facts.stars for each in files)
        return False

    def _same_module(self, one: File, other: File) -> bool:
        return one is other or (one.language.conversions and parent(one.path) == parent(other.path))

    def _changed_functions(self, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
        lost: list[Node] = []
        for qual in _different(old.functions, new.functions):
            function = file.functions.get(qual)
            if function is None:
                continue
            before, after = old.functions.get(qual), new.functions.get(qual)
            if before is None or after is None or before[:5] != after[:5]:
                lost += function.nodes.values()
                lost += self.callers(function)
                name = qual.rpartition(".")[2].partition("#")[0]
                lost += [node for node in self.names.get(name, ()) if _holds(node, function)]
            else:
                lost += function.nodes.values()
        return lost

    def _popularity(self) -> list[Node]:
        """Functions that became, or no longer are, of general use: their parameters and calls."""
        now = {name for name, count in self.said.items() if count > MAX_CALLS}
        changed = now ^ self.popular
        self.popular = now
        if not changed or not self.steps:
            return []
        functions = (f for file in self.files.values() for f in file.functions.values() if f.name in changed)
        return [node for f in functions for node in (*f.nodes.values(), *self.callers(f))]

    def callers(self, function: FunctionValue) -> list[Node]:
        """Calls that reached a function: their arguments go elsewhere once its parameters change."""
        return [giver for node in function.nodes.values() for giver in (*node.readers, *(node.inflow or ()))]

    def _changed_sites(self, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
        return [
            node
            for key in _different(old.sites, new.sites)
            if key in file.sites
            for node in file.sites[key].fields.values()
        ]

    def _roots(self, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
        """Nodes of calls and stores: new ones are made, vanished ones taken away."""
        lost: list[Node] = []
        for key in _different(old.calls, new.calls):
            for keys in file.outside.values():
                keys.discard(key)
            if key in new.calls and (module := self._outside(file, new.calls[key])) is not None:
                file.outside.setdefault(module, set()).add(key)
                if ("c", key) in file.nodes:
                    lost.append(file.nodes.pop(("c", key)))
                continue
            lost.append(self._root(file, ("c", key), call_rule))
            if key not in new.calls:
                del file.nodes[("c", key)]
        for word, before, after, rule in (
            ("attribute", old.attributes, new.attributes, attribute_store_rule),
            ("item", old.items, new.items, item_store_rule),
        ):
            for store in set(before) ^ set(after):
                key2 = (word, *store)  # type: ignore[misc]
                if word == "attribute" and _own(file.facts if store in after else old, store[0]):
                    continue
                lost.append(self._root(file, key2, rule))
                if store not in after:
                    del file.nodes[key2]
        return lost

    def _outside(self, file: File, call: Call) -> str | None:
        """The module outside the tree that the callee is an attribute of; such calls need no solving."""
        term = call.callee
        while term is not None and term[0] == "a":
            term = term[1]  # type: ignore[assignment]
        if term is None or term[0] != "i" or self.module(file, term[1]) is not None:  # type: ignore[arg-type]
            return None
        return term[1]  # type: ignore[return-value]

    def _revived(self) -> list[Node]:
        """Calls into modules that the tree has now; what read their results reads again."""
        lost: list[Node] = []
        for file in self.files.values():
            for module in [name for name in file.outside if self.module(file, name) is not None]:
                for key in file.outside.pop(module):
                    lost.append(self._root(file, ("c", key), call_rule))
                lost += file.nodes.values()
                lost += [node for function in file.functions.values() for node in function.nodes.values()]
                lost += [node for site in file.sites.values() for node in site.fields.values()]
        return lost

    def _root(self, file: File, key: tuple[object, ...], rule: object) -> Node:
        node = file.node(key, rule)  # type: ignore[arg-type]
        node.root = True
        return node

    def _unstore(self, file: File, old: ParsedFile) -> None:
        for base, name, term in old.attributes:
            if owner := _own(old, base):
                self.stores[file.class_(owner), name].remove((file, term))

    def _changed_stores(self, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
        for base, name, term in new.attributes:
            if owner := _own(new, base):
                self.stores.setdefault((file.class_(owner), name), []).append((file, term))
        before = {(store, _own(old, store[0])) for store in old.attributes}
        after = {(store, _own(new, store[0])) for store in new.attributes}
        return [node for (_, name, _), owner in before ^ after if owner for node in self.names.get(name, ())]

    def _moved_imports(self) -> list[Node]:
        """Imports that lead elsewhere, now that files came or went."""
        lost: list[Node] = []
        for file in self.files.values():
            for node in file.nodes.values():
                if node.ready and node.key[0] == "i" and self.module(file, node.key[1]) is not node.extra:  # type: ignore[index]
                    lost.append(node)
        for module in self.modules.values():
            for name, node in module.fields.items():
                if node.ready and node.extra is not None and node.extra != (self.submodule(module, str(name)),):
                    lost.append(node)
        return lost

    # What rules ask -----------------------------------------------------------------------------------------------
    def named(self, name: object, node: Node) -> None:
        """Notes the node of an attribute."""
        self.names.setdefault(name, []).append(node)

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
                found |= self.read(field(self, module, name), node)  # type: ignore[arg-type]
        return found

    def order(self, owner: ClassValue, node: Node) -> tuple[ClassValue, ...]:
        """The classes that are asked for an attribute, in their order."""
        return inheritance.order(self, owner, node)

    def spread(self, owner: ClassValue) -> Iterable[File]:
        """The files in which methods of a class may stand."""
        if not owner.file.language.conversions:
            return (owner.file,)
        found = owner.file.language.module(self.tree, owner.file.path, ".")
        return [self.files[path] for path in found.paths if path in self.files] if found else ()

    def dynamic_bases(self, owner: ClassValue) -> Iterable[tuple[File, Term]]:
        """Bases that no name tells."""
        return inheritance.dynamic(self, owner)

    def stored(self, owner: ClassValue, name: str) -> Iterable[tuple[File, Term]]:
        """What methods of a class give its instances under a name."""
        return self.stores.get((owner, name), ())


def _nothing(facts: ParsedFile) -> ParsedFile:
    return ParsedFile(facts.path, facts.language, facts.module, 0)


def _said(facts: ParsedFile) -> Iterator[str]:
    for key in facts.calls:
        yield key.rpartition("@")[2].partition("~")[0]
    for class_ in facts.classes.values():
        for base in class_.bases:
            if base is not None:
                yield str(base[-1])


def is_abstract(target: Value) -> TypeGuard[FunctionValue]:
    """Whether a callee is an interface's method."""
    if not isinstance(target, FunctionValue):
        return False
    facts = target.file.facts.functions.get(target.qual)
    return facts is not None and "abstract" in facts.kind


def _names(facts: ParsedFile) -> tuple[object, ...]:
    """What names lead to without any value's flow, and where imports stand."""
    slots = {slot: terms for slot, terms in facts.slots.items() if slot[0] == ":" or not _in_function(facts, slot)}
    return slots, facts.classes, facts.stars, facts.imports, facts.definitions if facts.classes else ()


def _in_function(facts: ParsedFile, slot: str) -> bool:
    return slot.rpartition(":")[0] in facts.functions


def _holds(node: Node, function: FunctionValue) -> bool:
    return any(value is function or getattr(value, "function", None) is function for value in node.value)


def _different(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    if not old:
        return list(new)
    return [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]


def _own(facts: ParsedFile, base: Term) -> str:
    """The class whose instance a base is, where it is a method's receiver."""
    if base is None or base[0] != "p" or base[2] != 0:
        return ""
    function = facts.functions.get(base[1])  # type: ignore[arg-type]
    return function.owner if function is not None and "static" not in function.kind else ""


__all__ = ["EMPTY", "Program"]

"""Files that come, change and go, in a program that stays solved."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

from include.pipelines.code_graph.facts import Call, ParsedFile, Term
from include.pipelines.code_graph.flow import inheritance, links
from include.pipelines.code_graph.flow.calls import attribute_store_rule, call_rule, item_store_rule
from include.pipelines.code_graph.flow.files import File
from include.pipelines.code_graph.flow.lookup import WHOLE
from include.pipelines.code_graph.flow.nodes import Exhausted, Node
from include.pipelines.code_graph.flow.objects import (
    ClassValue,
    FunctionValue,
    InstanceValue,
    ModuleValue,
    SuperValue,
    Value,
)  # fmt: skip
from include.pipelines.code_graph.flow.program import FREE_WORK, Program
from include.pipelines.code_graph.tree import parent

# A function whose name more calls say than this is taken for one of general use: what callers pass to it says nothing
# of any one of them, and following it multiplies everything with everything (an installed Airflow takes 0.7 s with
# this limit, 1.4 s with twice as many before decorators were counted, and more than 100 s without). Its parameters
# have their declared types and defaults only.
MAX_CALLS = 16


def update(program: Program, changed: Iterable[ParsedFile], gone: Iterable[str] = ()) -> set[str]:
    """Takes in new and changed files, lets go of others, and solves.

    Returns:
        The paths of all files whose edges may differ from before, those that are gone not among them.
    """
    changed = list(changed)
    paths, settings = set(program.tree.paths), dict(program.tree.settings)
    left = [program.files.pop(path) for path in gone if path in program.files]
    for file in left:
        program.tree.remove(file.path)
    for facts in changed:
        if facts.path in program.files:
            program.tree.remove(facts.path)
        else:
            program.files[facts.path] = File(_nothing(facts), program.languages[facts.language])
        program.tree.add(facts.path, facts.settings)
    moved = paths != program.tree.paths or settings != program.tree.settings
    if moved:
        program.found.clear()
    lost = [node for file in left for node in _replace(program, file, None)]
    for facts in changed:
        lost += _replace(program, program.files[facts.path], facts)
    if moved and paths:
        lost += _moved_imports(program)
        lost += _revived(program)
    linked: set[str] = set()
    if moved or program.renamed:
        lost += inheritance.changed(program)
        linked = _linked(program, program.files if moved else {facts.path for facts in changed})
        program.renamed = False
    lost += _popularity(program)
    touched = _solve(program, program.reset(lost), {facts.path for facts in changed} | linked)
    if program.redefined:
        touched |= program.interfaced
        program.redefined = False
    return touched & program.files.keys()


def _solve(program: Program, lost: Set[Node], paths: set[str]) -> set[str]:
    program.touched = set(paths)
    for node in lost:
        file = node.file
        if node.root and file is not None and program.files.get(file.path) is file and file.nodes.get(node.key) is node:
            program.enqueue(node)
            program.touched.add(file.path)
    _run(program)
    return program.touched


def _run(program: Program) -> None:
    """Solves; a program that takes too much work is solved again without following arguments, and stays so."""
    if program.narrow:
        program.run()
        return
    calls = sum(len(file.facts.calls) for file in program.files.values())
    program.budget = program.steps + FREE_WORK + program.max_work * calls
    try:
        program.run()
    except Exhausted:
        program.narrow, program.depth = True, 0
        program.budget = math.inf
        _solve_again(program)
    program.budget = math.inf


def _solve_again(program: Program) -> None:
    nodes = [node for file in program.files.values() for node in _nodes(file)]
    nodes += [node for module in program.modules.values() for node in module.fields.values()]
    for node in program.queue:
        node.queued = False
    program.queue.clear()
    for node in program.reset([*nodes, *(node for named in program.names.values() for node in named)]):
        if node.root and node.file is not None and node.file.nodes.get(node.key) is node:
            program.enqueue(node)
    program.touched |= program.files.keys()
    program.run()


def _nodes(file: File) -> Iterator[Node]:
    """All unknowns of a file."""
    yield from file.nodes.values()
    for function in file.functions.values():
        yield from function.nodes.values()
    for value in (*file.sites.values(), *file.classes.values(), *(each.instance for each in file.classes.values())):
        yield from value.fields.values()


def _replace(program: Program, file: File, facts: ParsedFile | None) -> list[Node]:
    """Gives a file other facts (None: it is gone); returns the nodes that this makes wrong."""
    old = file.facts
    new = facts if facts is not None else _nothing(old)
    lost = _changed_slots(program, file, old, new)
    lost += _changed_functions(program, file, old, new)
    lost += _changed_sites(program, file, old, new)
    _unstore(program, file, old)
    if file.language.conversions and (old.functions.keys() != new.functions.keys() or old.classes != new.classes):
        program.methods.count(old, -1)
        program.methods.count(new, 1)
        program.redefined = True
    program.renamed = program.renamed or _names(old) != _names(new)
    program.said.subtract(_said(old))
    program.said.update(_said(new))
    file.take(new)
    lost += _roots(program, file, old, new)
    lost += _changed_stores(program, file, old, new)
    if old.stars != new.stars:
        lost += _seen_through_stars(program, file)
    return lost


def _seen_through_stars(program: Program, file: File) -> list[Node]:
    """What a star import of a file may bring: its own names, and its module's for others."""
    lost = [node for module in program.modules.values() if file.path in module.paths for node in module.fields.values()]
    return lost + [node for node in file.nodes.values() if node.key[0] == "v"]


def _changed_slots(program: Program, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
    lost: list[Node] = []
    for slot in _different(old.slots, new.slots):
        node = file.nodes.get(("v", slot))
        if node is not None:
            lost.append(node)
        if (slot in old.slots) != (slot in new.slots):
            scope, _, name = slot.rpartition(":")
            if slot == WHOLE:
                lost += _seen_through_stars(program, file)
            lost += [node for node in program.names.get(name, ()) if _looks_in(program, node, file, scope)]
    return lost


def _looks_in(program: Program, node: Node, file: File, scope: str) -> bool:
    """Whether an attribute is looked up in a scope of a file."""
    value = node.key[0]
    if not node.ready:
        return False
    if isinstance(value, SuperValue):
        value = value.receiver
    if isinstance(value, InstanceValue):
        value = value.of
    if isinstance(value, ClassValue):
        order = value.order.extra if value.order is not None and value.order.ready else (value,)
        return any(each.qual == scope and _same_module(program, each.file, file) for each in order)
    if isinstance(value, ModuleValue):
        files = [program.files[path] for path in value.paths if path in program.files]
        return file.path in value.paths or any(each.facts.stars for each in files)
    return False


def _same_module(program: Program, one: File, other: File) -> bool:
    return one is other or (one.language.conversions and parent(one.path) == parent(other.path))


def _changed_functions(program: Program, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
    lost: list[Node] = []
    for qual in _different(old.functions, new.functions):
        function = file.functions.get(qual)
        if function is None:
            continue
        before, after = old.functions.get(qual), new.functions.get(qual)
        if before is None or after is None or before[:5] != after[:5]:
            lost += function.nodes.values()
            lost += program.callers(function)
            name = qual.rpartition(".")[2].partition("#")[0]
            lost += [node for node in program.names.get(name, ()) if _holds(node, function)]
        else:
            lost += function.nodes.values()
    return lost


def _popularity(program: Program) -> list[Node]:
    """Functions that became, or no longer are, of general use: their parameters and calls."""
    now = {name for name, count in program.said.items() if count > MAX_CALLS}
    changed = now ^ program.popular
    program.popular = now
    if not changed or not program.steps:
        return []
    functions = (f for file in program.files.values() for f in file.functions.values() if f.name in changed)
    return [node for f in functions for node in (*f.nodes.values(), *program.callers(f))]


def _changed_sites(program: Program, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
    return [
        node
        for key in _different(old.sites, new.sites)
        if key in file.sites
        for node in file.sites[key].fields.values()
    ]


def _roots(program: Program, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
    """Nodes of calls and stores: new ones are made, vanished ones taken away."""
    lost: list[Node] = []
    different = _different(old.calls, new.calls)
    for keys in file.outside.values() if old.calls else ():
        keys.difference_update(different)
    for key in different:
        if key in new.calls and (module := _outside(program, file, new.calls[key])) is not None:
            file.outside.setdefault(module, set()).add(key)
            if ("c", key) in file.nodes:
                lost.append(file.nodes.pop(("c", key)))
            continue
        lost.append(_root(program, file, ("c", key), call_rule))
        if key not in new.calls:
            del file.nodes[("c", key)]
    for word, before, after, rule in (
        ("attribute", old.attributes, new.attributes, attribute_store_rule),
        ("item", old.items, new.items, item_store_rule),
    ):
        for store in set(before) ^ set(after):
            key2 = (word, *store)
            if word == "attribute" and _own(file.facts if store in after else old, store[0]):
                continue
            lost.append(_root(program, file, key2, rule))
            if store not in after:
                del file.nodes[key2]
    return lost


def _outside(program: Program, file: File, call: Call) -> str | None:
    """The module outside the tree that the callee is an attribute of; such calls need no solving."""
    term = call.callee
    while term is not None and term[0] == "a":
        term = term[1]
    if term is None or term[0] != "i" or program.module(file, term[1]) is not None:
        return None
    return str(term[1])


def _revived(program: Program) -> list[Node]:
    """Calls into modules that the tree has now; what read their results reads again."""
    lost: list[Node] = []
    for file in program.files.values():
        for module in [name for name in file.outside if program.module(file, name) is not None]:
            for key in file.outside.pop(module):
                lost.append(_root(program, file, ("c", key), call_rule))
            lost += file.nodes.values()
            lost += [node for function in file.functions.values() for node in function.nodes.values()]
            lost += [node for site in file.sites.values() for node in site.fields.values()]
    return lost


def _root(program: Program, file: File, key: tuple[object, ...], rule: Callable[[Any, Node], Iterable[Value]]) -> Node:
    node = file.node(key, rule)
    node.root = True
    return node


def _unstore(program: Program, file: File, old: ParsedFile) -> None:
    for base, name, term in old.attributes:
        if owner := _own(old, base):
            program.stores[file.class_(owner), name].remove((file, term))


def _changed_stores(program: Program, file: File, old: ParsedFile, new: ParsedFile) -> list[Node]:
    for base, name, term in new.attributes:
        if owner := _own(new, base):
            program.stores.setdefault((file.class_(owner), name), []).append((file, term))
    before = {(store, _own(old, store[0])) for store in old.attributes}
    after = {(store, _own(new, store[0])) for store in new.attributes}
    return [node for (_, name, _), owner in before ^ after if owner for node in program.names.get(name, ())]


def _moved_imports(program: Program) -> list[Node]:
    """Imports that lead elsewhere, now that files came or went."""
    lost: list[Node] = []
    for file in program.files.values():
        for node in file.nodes.values():
            if node.ready and node.key[0] == "i" and program.module(file, node.key[1]) is not node.extra:
                lost.append(node)
        starred = [program.module(file, star) for star in file.facts.stars]
        if starred != file.starred:
            file.starred = starred
            lost += _seen_through_stars(program, file)
    for module in program.modules.values():
        for name, node in module.fields.items():
            if node.ready and node.extra is not None and node.extra != (program.submodule(module, str(name)),):
                lost.append(node)
    return lost


def _linked(program: Program, imports: Iterable[str]) -> set[str]:
    """Files whose bases or imports lead elsewhere than before; imports are looked up for some alone."""
    found = set()
    for path, file in program.files.items():
        bases = tuple(inheritance.inherited(program, file)) if file.facts.classes else ()
        imported = links.imported(program, file) if path in imports else file.imported
        if bases != file.bases or imported != file.imported:
            file.bases, file.imported = bases, imported
            found.add(path)
    return found


def _nothing(facts: ParsedFile) -> ParsedFile:
    return ParsedFile(facts.path, facts.language, facts.module, 0)


def _said(facts: ParsedFile) -> Iterator[str]:
    for key in facts.calls:
        yield key.rpartition("@")[2].partition("~")[0]
    for class_ in facts.classes.values():
        for base in class_.bases:
            if base is not None:
                yield str(base[-1])


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
    function = facts.functions.get(base[1])
    return function.owner if function is not None and "static" not in function.kind else ""

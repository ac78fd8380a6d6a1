"""The order in which classes are asked for an attribute, by names alone.

Bases are followed through names, imports and attributes, which no call can change; so the order is known before any
value flows. What only a flow tells (a class that a function makes) is asked after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from include.pipelines.code_graph.facts import Term
from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import ClassValue, ModuleValue, Value

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program

# Names lead to names at most so often; longer chains of re-exports are not followed.
MAX_HOPS = 20


def order(program: Program, owner: ClassValue, reader: Node) -> tuple[ClassValue, ...]:
    """The class, then its bases in the order of Python's C3 rule."""
    node = owner.order
    if node is None:
        node = owner.order = Node(None, (owner, "order"), _unchanged)
        node.ready = True
        node.extra = linear(program, owner, ())
    node.readers.add(reader)
    if not node.ready:
        node.ready = True
        node.extra = linear(program, owner, ())
    found: tuple[ClassValue, ...] = node.extra
    return found


def _unchanged(program: Program, node: Node) -> frozenset[Value]:
    return EMPTY


def changed(program: Program) -> list[Node]:
    """Order nodes that no longer hold."""
    lost = []
    for file in program.files.values():
        for owner in list(file.classes.values()):
            node = owner.order
            if node is not None and node.ready and linear(program, owner, ()) != node.extra:
                lost.append(node)
    return lost


def linear(program: Program, owner: ClassValue, seen: tuple[ClassValue, ...]) -> tuple[ClassValue, ...]:
    """The order of a class; a circle of bases is cut where it closes."""
    if owner in seen:
        return ()
    bases = list(dict.fromkeys(known_bases(program, owner)))
    orders = [list(found) for base in bases if (found := linear(program, base, (*seen, owner)))]
    return (owner, *_merge([*orders, bases]))


def _merge(orders: list[list[ClassValue]]) -> Iterator[ClassValue]:
    orders = [order for order in orders if order]
    while orders:
        head = next((o[0] for o in orders if not any(o[0] in other[1:] for other in orders)), orders[0][0])
        yield head
        orders = [rest for order in orders if (rest := [each for each in order if each is not head])]


def known_bases(program: Program, owner: ClassValue) -> Iterator[ClassValue]:
    """The bases that names lead to."""
    facts = owner.file.facts.classes.get(owner.qual)
    for base in facts.bases if facts else ():
        for value in named(program, base, owner.file, MAX_HOPS):
            if isinstance(value, ClassValue) and value is not owner:
                yield value


def inherited(program: Program, file: File) -> Iterator[tuple[str, str, str]]:
    """Each class of a file that has bases: its name, the base's file and name."""
    for qual in file.facts.classes:
        for base in dict.fromkeys(known_bases(program, file.class_(qual))):
            yield qual, base.file.path, base.qual


def dynamic(program: Program, owner: ClassValue) -> Iterator[tuple[File, Term]]:
    """The bases that names do not lead to."""
    facts = owner.file.facts.classes.get(owner.qual)
    for base in facts.bases if facts else ():
        if base is not None and _flows(base) and not any(named(program, base, owner.file, MAX_HOPS)):
            yield owner.file, base


def _flows(term: tuple[Any, ...]) -> bool:
    """Whether the term has a call or a parameter in it, or may hold one."""
    return term[0] in "cpvu" or (term[0] == "a" and term[1] is not None and _flows(term[1]))


def named(program: Program, term: Term, file: File, hops: int) -> Iterator[Value]:
    """The classes and modules that a term means by names alone."""
    if term is None or hops == 0:
        return
    kind = term[0]
    if kind == "k":
        yield file.class_(term[1])
    elif kind == "v":
        for each in file.facts.slots.get(term[1], ()):
            yield from named(program, each, file, hops - 1)
    elif kind == "u":
        for each in term[1:]:
            yield from named(program, each, file, hops - 1)
    elif kind == "i":
        module = program.module(file, term[1])
        if module is not None:
            if term[2] is None:
                yield module
            else:
                yield from member(program, module, term[2], hops - 1)
    elif kind == "a":
        for value in named(program, term[1], file, hops - 1):
            yield from member(program, value, term[2], hops - 1)


def member(program: Program, value: Value, name: str, hops: int) -> Iterator[Value]:
    """What a module or class holds under a name."""
    if isinstance(value, ClassValue):
        slot = ("v", f"{value.qual}:{name}")
        yield from named(program, slot, value.file, hops)
    elif isinstance(value, ModuleValue):
        found = False
        language = program.languages[value.language]
        for path in value.paths:
            file = program.files.get(path)
            if file is None:
                continue
            slots = [slot for slot in language.members(name) if slot in file.facts.slots]
            found = found or bool(slots)
            for each in slots:
                yield from named(program, ("v", each), file, hops)
            for star in () if slots else file.facts.stars:
                module = program.module(file, star)
                if module is not None and hops:
                    yield from member(program, module, name, hops - 1)
        if not found and (submodule := program.submodule(value, name)) is not None:
            yield submodule

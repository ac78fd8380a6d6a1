"""Attributes and elements of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from typing import TYPE_CHECKING

from include.pipelines.code_graph.facts import SPREAD
from include.pipelines.code_graph.flow.nodes import EMPTY, Node
from include.pipelines.code_graph.flow.objects import (
    BoundValue,
    ClassValue,
    ConstantValue,
    FunctionValue,
    GeneratorValue,
    InstanceValue,
    ModuleValue,
    NativeValue,
    SiteValue,
    SuperValue,
    Value,
)  # fmt: skip
from include.pipelines.code_graph.flow.unknowns import bound, returned, slot_rule, yielded

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File
    from include.pipelines.code_graph.flow.program import Program

Values = Set[Value]

# Element nodes that are not a key: what is stored under a key that nobody knows, and all that is stored at all.
ANY_KEY = ("any",)
EVERY_KEY = ("every",)
# What is put under a position that nobody knows: no name of an attribute can mean it.
ANY_INDEX = ("index",)


# The slot of what a module exports as a whole.
WHOLE = "exports:="


def field(program: Program, value: Value, name: object) -> Node | None:
    """The node of an attribute; None for values that have none."""
    node = value.fields.get(name)
    if node is None:
        rule = _RULES.get(type(value))
        if rule is None:
            return None
        node = value.fields[name] = Node(None, (value, name), rule)
        program.named(name, node)
    return node


def read_field(program: Program, value: Value, name: object, node: Node) -> Values:
    """What an attribute of a value holds, read on behalf of a node."""
    found = field(program, value, name)
    return EMPTY if found is None else program.read(found, node)


def _module_member(program: Program, node: Node) -> Values:
    """A module's name: its own, else what a star import brings, else a submodule."""
    module, name = node.key
    language = program.languages[module.language]
    found: set[Value] = set()
    defined = False
    for path in module.paths:
        file = program.files.get(path)
        if file is None:
            continue
        slots = [key for key in language.members(name) if key in file.facts.slots]
        for key in slots:
            found |= program.read(file.node(("v", key), slot_rule), node)
        if not slots:
            found |= program.starred(file, name, node)
            found |= _of_whole(program, file, name, node)
        defined = defined or bool(slots)
    node.extra = None
    if not defined:
        submodule = program.submodule(module, name)
        node.extra = (submodule,)
        if submodule is not None:
            found.add(submodule)
    return found


def _of_whole(program: Program, file: File, name: str, node: Node) -> Values:
    """The attribute of what a module exports as a whole (`module.exports = ...`)."""
    if WHOLE not in file.facts.slots or name == "=":
        return EMPTY
    found: set[Value] = set()
    for value in list(program.read(file.node(("v", WHOLE), slot_rule), node)):
        if (inner := field(program, value, name)) is not None:
            found |= program.read(inner, node)
    return found


def _class_member(program: Program, node: Node) -> Values:
    """A class's attribute, by the order in which its bases are asked; class methods come with the class."""
    owner, name = node.key
    language = owner.file.language
    if name == "prototype" and language.instance_of is not None:
        only: Values = owner.instance.only
        return only
    name = language.class_name(name)
    return {_of_class(value, owner) for value in _inherited(program, owner, owner, name, node)}


def _of_class(value: Value, owner: ClassValue) -> Value:
    if isinstance(value, FunctionValue) and "class" in _kind(value):
        return bound(value, owner)
    return value


def _instance_member(program: Program, node: Node) -> Values:
    """An instance's attribute: what `self.name = ...` gives it, else the class's, functions with their receiver."""
    instance, name = node.key
    found: set[Value] = set()
    for owner in program.order(instance.of, node):
        for file, term in program.stored(owner, name):
            found |= program.values(term, file, node)
    if instance.of.file.language.conversions:
        found |= _of_embedded(program, instance, name, node)
    for value in list(_inherited(program, instance.of, instance.of, name, node)):
        found |= _of_instance(program, value, instance, node, accessor=name.startswith("get "))
    return found


def _of_embedded(program: Program, instance: InstanceValue, name: str, node: Node) -> Values:
    """A method of what an embedded interface holds."""
    found: set[Value] = set()
    for base in program.order(instance.of, node)[1:]:
        facts = base.file.facts.classes.get(base.qual)
        if (
            facts is not None
            and facts.interface
            and base.qual != name
            and not instance.of.file.facts.classes[instance.of.qual].interface
        ):
            for value in list(read_field(program, instance, base.qual, node)):
                if value is not instance and (inner := field(program, value, name)) is not None:
                    found |= program.read(inner, node)
    return found


def _of_instance(program: Program, value: Value, receiver: Value, node: Node, *, accessor: bool = False) -> Values:
    if not isinstance(value, FunctionValue):
        return value.only
    kind = _kind(value)
    if "property" in kind and not accessor:
        return program.read(returned(value), node)
    if "static" in kind or not value.file.facts.functions[value.qual].parameters:
        return value.only
    if "class" in kind and isinstance(receiver, InstanceValue):
        return bound(value, receiver.of).only
    return bound(value, receiver).only


def _super_member(program: Program, node: Node) -> Values:
    """What comes after the class in the receiver's own order."""
    value, name = node.key
    receiver = value.receiver
    start = receiver.of if isinstance(receiver, InstanceValue) else receiver
    if not isinstance(start, ClassValue):
        return EMPTY
    found: set[Value] = set()
    if receiver is start:
        name = start.file.language.class_name(name)
    for each in list(_inherited(program, start, value.of, name, node, after=True)):
        if isinstance(receiver, InstanceValue):
            found |= _of_instance(program, each, receiver, node)
        else:
            found.add(_of_class(each, receiver))
    return found


def _inherited(
    program: Program, start: ClassValue, at: ClassValue, name: str, node: Node, *, after: bool = False
) -> Values:
    """The attribute of the first class that has it, in the order of `start`, from `at` on."""
    order = program.order(start, node)
    if after:
        order = order[order.index(at) + 1 :] if at in order else ()
    for owner in order:
        key = f"{owner.qual}:{name}"
        for file in program.spread(owner):
            if key in file.facts.slots:
                return program.read(file.node(("v", key), slot_rule), node)
    return _of_dynamic_bases(program, order if not after else (at, *order), name, node)


def _of_dynamic_bases(program: Program, order: Iterable[ClassValue], name: str, node: Node) -> Values:
    """The attribute of bases that only the flow of values tells (a class that a function returns)."""
    found: set[Value] = set()
    for owner in order:
        for file, term in program.dynamic_bases(owner):
            for base in list(program.values(term, file, node)):
                if isinstance(base, ClassValue) and base is not owner:
                    found |= read_field(program, base, name, node)
    return found


def _function_member(program: Program, node: Node) -> Values:
    """A function's attribute: what the language gives all functions; stores put in the rest."""
    function, name = node.key
    found: Values = function.file.language.function_member(program, function, name, node)
    return found


def _kind(value: FunctionValue) -> str:
    facts = value.file.facts.functions.get(value.qual)
    return facts.kind if facts else ""


def _site_member(program: Program, node: Node) -> Values:
    site, name = node.key
    found: Values = site.file.language.site_member(program, site, name, node)
    return found


def native(program: Program, value: Value, name: str) -> NativeValue:
    """The language's own method of that name on a receiver."""
    return program.natives.setdefault((value, name), NativeValue(name, value))


_RULES: dict[type[Value], Callable[[Program, Node], Values]] = {
    ModuleValue: _module_member, ClassValue: _class_member, InstanceValue: _instance_member,
    SuperValue: _super_member, SiteValue: _site_member, FunctionValue: _function_member,
}  # fmt: skip


# Elements ---------------------------------------------------------------------------------------------------------
def element_node(program: Program, site: Value, key: object) -> Node:
    """The node of what a container holds under a key, or of ANY_KEY or EVERY_KEY."""
    place = ("[]", key)
    node = site.fields.get(place)
    if node is None:
        node = site.fields[place] = Node(None, (site, key), _entries)
    return node


def _entries(program: Program, node: Node) -> Values:
    """What the literal itself puts under the key; stores put in the rest."""
    site, key = node.key
    if not isinstance(site, SiteValue):
        return EMPTY
    found: set[Value] = set()
    for entry, term in site.file.facts.sites.get(site.key, ()):
        for each in _entry_keys(program, entry, site, node):
            if each is None:
                each = ANY_INDEX if "[" in site.key else ANY_KEY  # noqa: PLW2901
            if (key is EVERY_KEY and each != SPREAD) or each == key:
                found |= program.values(term, site.file, node)
    return found


def _entry_keys(program: Program, entry: object, site: SiteValue, node: Node) -> Iterator[object]:
    if not isinstance(entry, tuple):
        yield entry
        return
    for value in program.values(entry, site.file, node):
        if isinstance(value, ConstantValue):
            yield value.value


def _held(program: Program, node: Node) -> Values:
    """What a container holds under a key: put there, put anywhere, or held by what it copies."""
    site, key = node.key
    found = set(program.read(element_node(program, site, key), node))
    if key is not EVERY_KEY:
        found |= program.read(element_node(program, site, ANY_KEY), node)
    if isinstance(key, int):
        found |= program.read(element_node(program, site, ANY_INDEX), node)
    for spread in list(program.read(element_node(program, site, SPREAD), node)):
        if isinstance(spread, SiteValue):
            found |= program.read(_held_node(spread, key), node)
    return found


def _held_node(site: SiteValue, key: object) -> Node:
    place = ("held", key)
    node = site.fields.get(place)
    if node is None:
        node = site.fields[place] = Node(None, (site, key), _held)
    return node


def element(program: Program, value: Value, key: object, node: Node) -> Values:
    """What a value holds under a key; None: any key."""
    if isinstance(value, SiteValue):
        return program.read(_held_node(value, EVERY_KEY if key is None else key), node)
    if isinstance(value, InstanceValue):
        if value.of.file.language.conversions:
            return _of_named_container(program, value, node)
        return _method_result(program, value, "__getitem__", node)
    return EMPTY


def iterated(program: Program, value: Value, node: Node) -> Values:
    """What iterating over a value gives."""
    if isinstance(value, SiteValue):
        return program.read(_held_node(value, EVERY_KEY), node)
    if isinstance(value, GeneratorValue):
        return program.read(yielded(value.of), node)
    if isinstance(value, InstanceValue):
        if value.of.file.language.conversions:
            return _of_named_container(program, value, node)
        found: set[Value] = set()
        for iterator in list(_method_result(program, value, "__iter__", node)):
            if isinstance(iterator, InstanceValue):
                found |= _method_result(program, iterator, "__next__", node)
            elif isinstance(iterator, SiteValue | GeneratorValue):
                found |= iterated(program, iterator, node)
        return found
    return EMPTY


def _of_named_container(program: Program, value: InstanceValue, node: Node) -> Values:
    """Elements of a named slice or map: those that were put in, and its element type."""
    stored = program.read(element_node(program, value, EVERY_KEY), node)
    return stored | read_field(program, value, "[]", node)


def _method_result(program: Program, value: InstanceValue, name: str, node: Node) -> Values:
    found: set[Value] = set()
    for method in list(read_field(program, value, name, node)):
        if isinstance(method, BoundValue):
            found |= program.read(returned(method.function), node)
    return found


def store_element(program: Program, giver: Node, value: Value, key: object, stored: Values) -> None:
    """Puts values into a container under a key; None: any key."""
    if isinstance(value, SiteValue | InstanceValue):
        program.give(giver, element_node(program, value, ANY_KEY if key is None else key), stored)
        if key != SPREAD:
            program.give(giver, element_node(program, value, EVERY_KEY), stored)

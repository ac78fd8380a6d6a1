"""Attributes of object literals, functions and what `new` makes of a function."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from include.pipelines.code_graph.flow.lookup import element, field, native, read_field
from include.pipelines.code_graph.flow.nodes import Node
from include.pipelines.code_graph.flow.objects import BoundValue, FunctionValue, SiteValue, Value
from include.pipelines.code_graph.flow.unknowns import bound, returned
from include.pipelines.code_graph.languages.script.natives import FUNCTION_NATIVES, NATIVES

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.program import Program

# An object literal's prototypes are followed so far.
PROTOTYPE = "__proto__"


def instance_of(function: FunctionValue) -> SiteValue:
    """What `new f()` makes: its prototype too, as both have the same attributes."""
    return function.file.site(f"new {function.qual}")


def site_member(program: Program, site: SiteValue, name: str, node: Node) -> Set[Value]:
    """An object's attribute: its own, its prototypes', else the language's own method."""
    if name in NATIVES and "[" in site.key:
        return native(program, site, name).only
    found: set[Value] = set()
    own = list(element(program, site, name, node))
    for value in own:
        found |= _bound(program, value, site, name, node)
    if name != PROTOTYPE:
        for value in list(read_field(program, site, PROTOTYPE, node)):
            found |= _of_prototype(program, value, site, name, node)
        if name in NATIVES and not any(key == name for key, _ in site.file.facts.sites.get(site.key, ())):
            found.add(native(program, site, name))
    if site.key.startswith("new ") and name != PROTOTYPE:
        function = site.file.function(site.key[4:])
        for value in list(read_field(program, function, "prototype", node)):
            if value is not site:
                found |= _of_prototype(program, value, site, name, node)
    return found


def _of_prototype(program: Program, value: Value, receiver: Value, name: str, node: Node) -> Set[Value]:
    inherited = field(program, value, name)
    found: set[Value] = set()
    for each in list(program.read(inherited, node)) if inherited is not None else ():
        function = each.function if isinstance(each, BoundValue) else each
        found |= _bound(program, function, receiver, name, node)
    return found


def _bound(program: Program, value: Value, receiver: Value, name: str, node: Node) -> Set[Value]:
    if not isinstance(value, FunctionValue):
        return value.only
    facts = value.file.facts.functions.get(value.qual)
    if facts is None or "this" not in facts.kind:
        return value.only
    computed = "property" in facts.kind and not name.startswith("get ")
    return program.read(returned(value), node) if computed else bound(value, receiver).only


def function_member(program: Program, function: FunctionValue, name: str, node: Node) -> Set[Value]:
    """An attribute of a function: `prototype`, `call`, or what stores put in."""
    if name == "prototype":
        return instance_of(function).only
    return native(program, function, name).only if name in FUNCTION_NATIVES else frozenset()

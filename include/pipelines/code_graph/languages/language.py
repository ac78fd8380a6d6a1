"""What resolution asks of a language; a language is one value of this, registered by the endings of its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from include.pipelines.code_graph.facts import ParsedFile
from include.pipelines.code_graph.tree import Tree

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.calls import Applied
    from include.pipelines.code_graph.flow.nodes import Node
    from include.pipelines.code_graph.flow.objects import SiteValue, Value
    from include.pipelines.code_graph.flow.program import Program


class Module(NamedTuple):
    """Where an import leads: the files, and the folder of its submodules (None: it has none)."""

    paths: tuple[str, ...]
    folder: str | None = None


def _no_module(tree: Tree, path: str, name: str) -> Module | None:
    return None


def _no_submodule(tree: Tree, package: Module, name: str) -> Module | None:
    return None


def _no_member(program: Program, site: SiteValue, name: str, node: Node) -> Set[Value]:
    return frozenset()


def _one_slot(name: str) -> tuple[str, ...]:
    return (f":{name}",)


@dataclass(frozen=True)
class Language:
    """A language.

    Attributes:
        name: as nodes say it.
        suffixes: endings of its files.
        parse: path and bytes to facts.
        module: where an import of a file leads.
        submodule: what a package's name that no file defines leads to.
        members: the slots under which a file holds a name that others import.
        constructors: the methods that making an instance calls.
        natives: what the language's own methods do, by their names.
        site_member: attributes of containers and object literals.
        function_member: attributes of functions.
        instance_of: what `new` makes of a function, where functions are constructors.
        class_name: under what name a class's own attributes, not its instances', are kept.
        conversions: calling a class turns a value into it instead of making one, and methods of a class may stand in
            any file of its module.
    """

    name: str
    suffixes: tuple[str, ...]
    parse: Callable[[str, bytes], ParsedFile]
    module: Callable[[Tree, str, str], Module | None] = _no_module
    submodule: Callable[[Tree, Module, str], Module | None] = _no_submodule
    members: Callable[[str], tuple[str, ...]] = _one_slot
    constructors: tuple[str, ...] = ()
    natives: Mapping[str, Callable[[Applied, Value], None]] = field(default_factory=dict)
    site_member: Callable[[Program, SiteValue, str, Node], Set[Value]] = _no_member
    function_member: Callable[[Program, Any, str, Node], Set[Value]] = _no_member
    instance_of: Callable[[Any], Value] | None = None
    class_name: Callable[[str], str] = str
    conversions: bool = False

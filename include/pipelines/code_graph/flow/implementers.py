"""Which classes meet an interface, by the names of their methods.

Asked only where the flow of values tells nothing of what an interface holds; the answer is every class of the tree
that could be meant, so an edge found by it is the less sure the more there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from include.pipelines.code_graph.flow.inheritance import linear
from include.pipelines.code_graph.flow.objects import ClassValue, FunctionValue

if TYPE_CHECKING:
    from include.pipelines.code_graph.facts import ParsedFile
    from include.pipelines.code_graph.flow.program import Program

# An interface that more classes meet than this says nothing about a single call; such a call keeps its edge to the
# interface's own method.
MAX_IMPLEMENTERS = 20


class Methods:
    """Methods by name and by class, over all files of languages whose interfaces need not be named."""

    def __init__(self) -> None:
        self.by_name: dict[str, set[tuple[str, str]]] = {}
        # Several files hold one method where build tags choose between them.
        self.by_owner: dict[tuple[str, str], dict[str, set[str]]] = {}

    def count(self, facts: ParsedFile, sign: int) -> None:
        """Takes the methods of a file in (1) or out (-1)."""
        folder = facts.path.rpartition("/")[0]
        for qual, function in facts.functions.items():
            owner, dot, name = qual.rpartition(".")
            if not dot or "<" in qual or "abstract" in function.kind:
                continue
            place = (folder, owner)
            places = self.by_name.setdefault(name, set())
            places.add(place)
            files = self.by_owner.setdefault(place, {}).setdefault(name, set())
            if sign > 0:
                files.add(facts.path)
                continue
            files.discard(facts.path)
            if not files:
                places.discard(place)
                del self.by_owner[place][name]


def implementers(program: Program, method: FunctionValue) -> Iterator[FunctionValue]:
    """The methods that a call of an interface's method may run."""
    owner, _, name = method.qual.rpartition(".")
    wanted = _abstract_names(program, method.file.class_(owner))
    found = []
    for folder, other in sorted(program.methods.by_name.get(name, ())):
        if wanted <= _names(program, folder, other):
            path = min(program.methods.by_owner[folder, other][name])
            found.append(program.files[path].function(f"{other}.{name}"))
    if len(found) <= MAX_IMPLEMENTERS:
        yield from found


def _abstract_names(program: Program, owner: ClassValue) -> set[str]:
    names: set[str] = set()
    for each in linear(program, owner, ()):
        before = f"{each.qual}."
        for qual in each.file.facts.functions:
            if qual.startswith(before):
                names.add(qual[len(before) :])
    return names


def _names(program: Program, folder: str, qual: str) -> set[str]:
    """A class's methods, those of what it embeds too."""
    names = set(program.methods.by_owner.get((folder, qual), ()))
    for path in program.tree.in_folder(folder, ""):
        file = program.files.get(path)
        if file is not None and qual in file.facts.classes:
            for base in linear(program, file.class_(qual), ())[1:]:
                names |= program.methods.by_owner.get((base.file.path.rpartition("/")[0], base.qual), {}).keys()
                if file.facts.classes[qual].interface is False and _is_interface(base):
                    names |= _abstract_names(program, base)
    return names


def _is_interface(owner: ClassValue) -> bool:
    facts = owner.file.facts.classes.get(owner.qual)
    return facts is not None and facts.interface

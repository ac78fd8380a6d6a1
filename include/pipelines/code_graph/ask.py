"""Who calls what, and what a change would touch: questions to a graph's relationships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# What a change of the target may break in the source.
_TOUCHING = ("CALLS", "INHERITS", "IMPORTS")


class Edge(NamedTuple):
    """A relationship by the keys of its ends."""

    type: str
    source: str
    target: str
    line: int = 0
    confidence: float = 1.0


class Reached(NamedTuple):
    """A node that a question reached: over which edge, after how many steps."""

    key: str
    depth: int
    edge: Edge


class Graph:
    """A graph small enough to be asked in memory.

    Args:
        names: the short name of each node, by its key.
        edges: relationships.
    """

    def __init__(self, names: Mapping[str, str], edges: Iterable[Edge]) -> None:
        self.names = dict(names)
        self.out: dict[str, list[Edge]] = {}
        self.into: dict[str, list[Edge]] = {}
        for edge in sorted(edges):
            self.out.setdefault(edge.source, []).append(edge)
            self.into.setdefault(edge.target, []).append(edge)

    def find(self, name: str) -> list[str]:
        """The keys that a name means: a whole key, else the end of the qualified name (`Shop.open`, `open`)."""
        if name in self.names:
            return [name]
        return sorted(key for key in self.names if _ends_with(key.rpartition("::")[2], name))


def _ends_with(qual: str, name: str) -> bool:
    return qual == name or qual.endswith("." + name)


def callers(graph: Graph, name: str, depth: int = 1) -> list[Reached]:
    """What calls the named thing, directly or over so many steps."""
    return list(_walk(graph, graph.find(name), depth, backwards=True, types=("CALLS",)))


def callees(graph: Graph, name: str, depth: int = 1) -> list[Reached]:
    """What the named thing calls, directly or over so many steps."""
    return list(_walk(graph, graph.find(name), depth, backwards=False, types=("CALLS",)))


def impact(graph: Graph, name: str, depth: int = 3) -> list[Reached]:
    """What a change of the named thing may touch: callers, subclasses and importers; of a class, its methods' too."""
    start = graph.find(name)
    parts = [edge.target for key in start for edge in graph.out.get(key, ()) if edge.type == "DEFINES"]
    return list(_walk(graph, [*start, *parts], depth, backwards=True, types=_TOUCHING))


def _walk(graph: Graph, start: list[str], depth: int, *, backwards: bool, types: tuple[str, ...]) -> Iterator[Reached]:
    """Breadth first, each node once, in the order of keys within a step."""
    seen, now = set(start), start
    edges = graph.into if backwards else graph.out
    for step in range(1, depth + 1):
        reached: dict[str, Edge] = {}
        for key in now:
            for edge in edges.get(key, ()):
                end = edge.source if backwards else edge.target
                if edge.type in types and end not in seen:
                    reached.setdefault(end, edge)
        seen |= reached.keys()
        now = sorted(reached)
        yield from (Reached(key, step, reached[key]) for key in now)

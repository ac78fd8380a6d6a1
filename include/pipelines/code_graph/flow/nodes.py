"""The unknowns of the equations, and the loop that solves them.

Every unknown (`Node`) holds a set of values that only grows while it is solved, so that the least solution does not
depend on the order. A node is evaluated when it is first asked for, and again when something that it read has grown.
Taking a node back (`reset`) takes back all that was made out of it; what is left is as if the node had never been, and
solving on gives what solving from the start would give.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Set
from typing import TYPE_CHECKING, Any

from include.pipelines.code_graph.flow.objects import ClassValue, FunctionValue, Value

if TYPE_CHECKING:
    from include.pipelines.code_graph.flow.files import File

EMPTY: frozenset[Value] = frozenset()

# How deep evaluation nests before it is put off to the loop: Python's own stack allows 1,000 frames, and a level takes
# up to 6 of them.
MAX_DEPTH = 60


class Node:
    """An unknown: `rule(solver, node)` gives its values, out of what other nodes hold.

    Attributes:
        file: whose facts the rule reads; None where it reads none.
        key: what the rule is about.
        value: the values so far.
        readers: nodes whose rules read this one.
        inflow: what other nodes (calls and stores) have put in, by them.
        given: the nodes into which this one has put something.
        root: evaluated whether or not somebody asks: calls and stores.
    """

    __slots__ = (
        "extra", "file", "given", "inflow", "key", "queued", "readers", "ready", "root", "rule", "targets", "value",
    )  # fmt: skip

    def __init__(self, file: File | None, key: Any, rule: Callable[[Any, Node], Iterable[Value]]) -> None:
        self.file = file
        self.key = key
        self.rule = rule
        self.value: set[Value] = set()
        self.readers: set[Node] = set()
        self.inflow: dict[Node, set[Value]] | None = None
        self.given: set[Node] | None = None
        self.ready = False
        self.queued = False
        self.root = False
        self.targets: dict[FunctionValue | ClassValue, str] | None = None
        self.extra: Any = None


class Exhausted(Exception):  # noqa: N818
    """The work that a program may take is done, and its nodes still grow."""


class Solver:
    """Evaluates nodes until nothing grows any more, or `budget` is spent."""

    def __init__(self) -> None:
        self.budget: float = math.inf
        self.queue: deque[Node] = deque()
        self.depth = 0
        self.steps = 0

    def read(self, node: Node, reader: Node) -> set[Value]:
        """The values that the node holds now; the reader is evaluated again when they grow."""
        node.readers.add(reader)
        if not node.ready:
            if self.depth < MAX_DEPTH:
                node.ready = True
                self.depth += 1
                self.evaluate(node)
                self.depth -= 1
            else:
                self.enqueue(node)
        return node.value

    def enqueue(self, node: Node) -> None:
        node.ready = True
        if not node.queued:
            node.queued = True
            self.queue.append(node)

    def evaluate(self, node: Node) -> None:
        """Applies the rule; whoever read the node is due again where it grew."""
        value = node.value
        before = len(value)
        self.steps += 1 + before // 8
        if self.steps > self.budget:
            raise Exhausted
        value.update(node.rule(self, node))
        if node.inflow:
            value.update(*node.inflow.values())
        if len(value) > before:
            for reader in node.readers:
                if reader.ready:
                    self.enqueue(reader)

    def give(self, giver: Node, target: Node, values: Set[Value]) -> None:
        """Puts values into another node."""
        if not values:
            return
        if target.inflow is None:
            target.inflow = {}
        if giver.given is None:
            giver.given = set()
        giver.given.add(target)
        known = target.inflow.get(giver)
        if known is None:
            target.inflow[giver] = set(values)
        elif values <= known:
            return
        else:
            known |= values
        if target.ready and not values <= target.value:
            target.value |= values
            for reader in target.readers:
                if reader.ready:
                    self.enqueue(reader)

    def run(self) -> None:
        """Evaluates all that is due."""
        while self.queue:
            node = self.queue.popleft()
            node.queued = False
            self.evaluate(node)

    def reset(self, nodes: Iterable[Node]) -> set[Node]:
        """Takes back what nodes hold and all that was made out of it; returns every node that lost its values."""
        waiting = list(nodes)
        lost: set[Node] = set()
        while waiting:
            node = waiting.pop()
            if node in lost:
                continue
            lost.add(node)
            waiting.extend(node.readers)
            for target in node.given or ():
                if target.inflow and target.inflow.pop(node, None) is not None:
                    waiting.append(target)
        for node in lost:
            node.value = set()
            node.readers = set()
            node.given = None
            node.targets = None
            node.ready = False
        return lost

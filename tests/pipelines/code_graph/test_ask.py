from __future__ import annotations

from include.pipelines.code_graph.ask import Edge, Graph, callees, callers, impact

NAMES = {
    key: key.rpartition("::")[2]
    for key in ("a.py::", "a.py::run", "a.py::Shop", "a.py::Shop.open", "b.py::", "b.py::Stall")
}
GRAPH = Graph(
    NAMES,
    [
        Edge("CALLS", "a.py::run", "a.py::Shop.open"),
        Edge("CALLS", "a.py::", "a.py::run"),
        Edge("CALLS", "a.py::run", "a.py::run"),
        Edge("DEFINES", "a.py::Shop", "a.py::Shop.open"),
        Edge("INHERITS", "b.py::Stall", "a.py::Shop"),
        Edge("IMPORTS", "b.py::", "a.py::"),
    ],
)


def keys(found: list) -> list[tuple[str, int]]:
    return [(each.key, each.depth) for each in found]


def test_callers_and_callees_go_as_deep_as_asked_and_name_each_once() -> None:
    assert keys(callers(GRAPH, "open")) == [("a.py::run", 1)]
    assert keys(callers(GRAPH, "Shop.open", depth=5)) == [("a.py::run", 1), ("a.py::", 2)]
    assert keys(callees(GRAPH, "a.py::", depth=2)) == [("a.py::run", 1), ("a.py::Shop.open", 2)]


def test_a_class_touches_its_subclasses_and_the_callers_of_its_methods() -> None:
    assert keys(impact(GRAPH, "Shop", depth=2)) == [("a.py::run", 1), ("b.py::Stall", 1), ("a.py::", 2)]


def test_a_name_that_is_nowhere_reaches_nothing() -> None:
    assert callers(GRAPH, "pen") == [] == impact(GRAPH, "hop")

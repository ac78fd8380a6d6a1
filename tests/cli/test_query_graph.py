from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from include.writers.graph.ladybug.writer import LadybugCopyWriter
from include.writers.graph.targets import NodeTarget, Property
from tests.cli.conftest import Run

ITEM = NodeTarget("Item", Property("key", pa.string()), (Property("amount", pa.int64()),))


@pytest.fixture
def graph(tmp_path: Path, environment: Callable[..., None]) -> Path:
    environment(LONGSHORE_GRAPH=str(tmp_path / "shop.lbdb"))
    return tmp_path / "shop.lbdb"


@pytest.fixture
def filled(graph: Path) -> Path:
    with LadybugCopyWriter(graph, [ITEM]) as writer:
        writer.write(pa.table({"key": ["a", "b"], "amount": [1, None]}))
        writer.finish()
    return graph


@pytest.mark.usefixtures("filled")
def test_the_graph_is_asked_in_cypher_for_a_table_or_json(run: Run) -> None:
    ended = run("query", "--store", "graph", "MATCH (i:Item) RETURN i.key AS key, i.amount AS amount ORDER BY key")
    assert (ended.code, ended.out.split()) == (0, ["key", "amount", "---", "------", "a", "1", "b"])
    ended = run("query", "--store", "graph", "MATCH (i:Item) RETURN i.key AS key ORDER BY key", "--json")
    assert ended.json() == [{"key": "a"}, {"key": "b"}]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["CREATE (:Item {key: 'c'})"], "read-only"),
        (["MATCH (n:Nothing) RETURN n"], "Nothing does not exist"),
        (["MATCH"], "Parser exception"),
        ([], "one statement"),
        (["MATCH (n) RETURN n", "--write"], "one statement"),
    ],
)
def test_what_the_graph_does_not_answer_is_wrong_usage(run: Run, words: list[str], said: str) -> None:
    ended = run("query", "--store", "graph", *words)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.usefixtures("graph")
def test_a_graph_that_was_never_loaded_is_said(run: Run) -> None:
    ended = run("query", "--store", "graph", "MATCH (n) RETURN n")
    assert ended.code == 1
    assert "There is no graph" in ended.err

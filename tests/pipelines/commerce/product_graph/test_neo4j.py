"""The product graph on a real Neo4j server, from the tables of a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from neo4j import Driver

from include.errors import UsageError
from include.writers.graph.neo4j.session import place_of
from include.writers.graph.stores import Neo4jGraph, connected
from tests.pipelines.commerce.conftest import STORE, Shop
from tests.pipelines.commerce.product_graph.product_graphs import (
    CATALOG,
    CUP,
    LOOSE,
    NEXT_DAY,
    TEAS,
    build,
    deliver,
    mined_and_built,
    orders,
)

if TYPE_CHECKING:
    from include.stack.neo4j.server import EmbeddedNeo4j

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def graph(neo4j_driver: Driver) -> Neo4jGraph:
    return Neo4jGraph(neo4j_driver, "here:7687")


def ask(graph: Neo4jGraph, statement: str) -> list[list[Any]]:
    return [list(record.values()) for record in graph.driver.execute_query(statement).records]


def test_the_graph_is_built_follows_the_tables_and_is_left_alone_by_a_second_build(
    shop: Shop, graph: Neo4jGraph
) -> None:
    shop.settings(currency="EUR", bundles=LOOSE)
    deliver(shop, catalog=CATALOG + TEAS + CUP, orders=orders("v1 v3", "v1 v3", "v1", "v2 v4"))
    assert graph.is_new()
    first = mined_and_built(shop, graph).result.counts
    assert (first.rows_read, first.inserted) == (20, 20)
    assert not graph.is_new()
    pattern = "MATCH (:Store {name: $s})-[:SELLS]->(a:Variant)-[r:BOUGHT_WITH]->(b:Variant)-[:OF]->(p:Product)"
    found = ask(graph, pattern.replace("$s", f"'{STORE}'") + " RETURN a.id AS id, b.id, p.id, r.confidence ORDER BY id")
    assert found[0] == ["v1", "v3", "pot", 2 / 3]
    (again,) = build(shop, graph, again=True)
    assert again.result.counts.unchanged == 20

    deliver(shop, NEXT_DAY, catalog=CATALOG + TEAS)
    second = mined_and_built(shop, graph).result.counts
    assert (second.deleted, second.inserted, second.unchanged) == (6, 0, 14)
    assert ask(graph, "MATCH (v:Variant {id: 'v4'}) RETURN v") == []
    assert build(shop, graph) == []


def test_a_server_is_named_by_its_url(neo4j_server: EmbeddedNeo4j) -> None:
    host = neo4j_server.uri().removeprefix("bolt://")
    with connected(f"bolt://neo4j:{neo4j_server.password}@{host}/neo4j") as graph:
        assert graph.name == f"neo4j:{host}/neo4j"
        assert neo4j_server.password not in repr(graph)
    for wrong in ("postgresql://a:secret@b/c", "neo4j://", "neo4j://a:secret@b:port"):
        with pytest.raises(UsageError, match="no URL") as raised:
            place_of(wrong)
        assert "secret" not in str(raised.value)


def test_tasks_write_to_the_server_where_its_connection_is_configured(
    neo4j_server: EmbeddedNeo4j, environment: Callable[..., None]
) -> None:
    from longshore.operators.product_graph import BuildProductGraphOperator

    operator = BuildProductGraphOperator(task_id="build")
    with operator._graph() as graph:
        assert graph.name.startswith("ladybug:")
    host = neo4j_server.uri().removeprefix("bolt://")
    environment(AIRFLOW_CONN_LONGSHORE_NEO4J=f"neo4j://neo4j:{neo4j_server.password}@{host}/neo4j")
    with operator._graph() as graph:
        assert graph.name == f"neo4j:{host}/neo4j"

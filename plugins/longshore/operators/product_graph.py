"""The step of `commerce_product_graph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from longshore.operators.base import LongshorePostgresOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from include.writers.graph.stores import GraphStore

NEO4J = "longshore_neo4j"
LADYBUG = "longshore_ladybug"

# The embedded graph has one writer at a time: its tasks share one slot.
POOL = "longshore_ladybug"


class BuildProductGraphOperator(LongshorePostgresOperator):
    """Makes the product graph show what the tables hold of the stores that are due; skipped if none is.

    Args:
        neo4j_conn_id: the graph is there where Airflow has this connection.
        ladybug_conn_id: else in the file behind this one, see `LadybugHook`.
        kwargs: of LongshorePostgresOperator; the pool is the embedded graph's where none is named.
    """

    def __init__(self, *, neo4j_conn_id: str = NEO4J, ladybug_conn_id: str = LADYBUG, **kwargs: Any) -> None:
        super().__init__(**{"pool": POOL, **kwargs})
        self.neo4j_conn_id = neo4j_conn_id
        self.ladybug_conn_id = ladybug_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """{graph, stores, changed}: which graph, how many stores were loaded, and how many of its elements differ."""
        from include import migrations
        from include.ledger.runs import RunSource
        from include.pipelines.commerce.product_graph import load as product_graph

        params: Mapping[str, Any] = context["params"]
        with self.outcomes(), self._graph() as graph:
            with self.hook.connect() as connection:
                migrations.migrate(connection)
                states = product_graph.due(
                    connection, graph, store=params.get("store"), again=bool(params.get("again"))
                )
            if not states:
                raise AirflowSkipException("No store is due: the graph shows what the tables hold.")
            source = RunSource(self.dag_id, "airflow", context["run_id"])
            timeout = self.statement_timeout_ms
            built = list(product_graph.build(self.hook.connect, states, graph, source, statement_timeout_ms=timeout))
            counts = [one.result.counts for one in built]
            changed = sum(count.inserted + count.updated + count.deleted for count in counts)
            return {"graph": graph.name, "stores": len(built), "changed": changed}

    @contextmanager
    def _graph(self) -> Iterator[GraphStore]:
        from include.writers.graph.stores import LadybugGraph, Neo4jGraph
        from longshore.hooks.ladybug import LadybugHook
        from longshore.hooks.neo4j import LongshoreNeo4jHook

        hook = LongshoreNeo4jHook(self.neo4j_conn_id)
        if not hook.is_configured():
            yield LadybugGraph(LadybugHook(self.ladybug_conn_id).path)
            return
        with hook.driver() as driver:
            yield Neo4jGraph(driver, hook.address, hook.database)

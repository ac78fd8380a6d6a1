"""Which tests go to the same pytest-xdist worker: those that share a stack of Airflow's processes, or a server."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Beginnings of tests' names -> what they share. (xdist's own marks for this have no effect under pytest 9.2.)
SHARED = {
    "tests/scheduler/": "scheduler",
    "tests/stack/test_lifecycle.py": "lifecycle",
    # Neo4j's community server has one database: tests empty it, and two of them at a time would empty each other's.
    "tests/writers/graph/neo4j/": "neo4j",
    "tests/plugins/test_neo4j": "neo4j",
    "tests/stack/test_neo4j": "neo4j",
    "tests/pipelines/commerce/product_graph/test_neo4j": "neo4j",
}


class SharedStackScheduling(LoadScopeScheduling):
    """Hands out tests one by one, but those that share something all to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((scope for place, scope in SHARED.items() if nodeid.startswith(place)), nodeid)

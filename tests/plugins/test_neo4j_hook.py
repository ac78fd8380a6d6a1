from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from include.errors import SetupError, TransientError

if TYPE_CHECKING:
    from include.stack.neo4j.server import EmbeddedNeo4j

pytestmark = pytest.mark.timeout(900)


def test_a_connection_is_all_it_takes_and_the_server_knows_who_calls(
    neo4j_server: EmbeddedNeo4j, environment: Callable[..., None]
) -> None:
    from longshore.hooks.neo4j import LongshoreNeo4jHook

    address = neo4j_server.uri().removeprefix("bolt://")
    environment(AIRFLOW_CONN_LONGSHORE_NEO4J=f"neo4j://neo4j:{neo4j_server.password}@{address}/neo4j")
    hook = LongshoreNeo4jHook()
    with hook.driver() as driver:
        agents = driver.execute_query("CALL dbms.listConnections() YIELD userAgent RETURN userAgent").records
        assert "longshore" in {record[0] for record in agents}
    assert hook.database == "neo4j"


def test_a_wrong_password_is_a_matter_of_set_up(neo4j_server: EmbeddedNeo4j, environment: Callable[..., None]) -> None:
    from longshore.hooks.neo4j import LongshoreNeo4jHook

    address = neo4j_server.uri().removeprefix("bolt://")
    environment(AIRFLOW_CONN_LONGSHORE_NEO4J=f"neo4j://neo4j:wrong@{address}")
    with pytest.raises(SetupError, match="password"):
        LongshoreNeo4jHook().driver()


def test_a_connection_that_airflow_does_not_know_is_a_matter_of_set_up() -> None:
    from longshore.hooks.neo4j import LongshoreNeo4jHook

    with pytest.raises(SetupError, match=r"'harbour'.*AIRFLOW_CONN_HARBOUR"):
        LongshoreNeo4jHook("harbour").driver()


def test_a_server_that_cannot_be_reached_is_a_bad_moment(environment: Callable[..., None]) -> None:
    from longshore.hooks.neo4j import LongshoreNeo4jHook

    environment(AIRFLOW_CONN_LONGSHORE_NEO4J="neo4j://neo4j:nothing@127.0.0.1:1")
    with pytest.raises(TransientError):
        LongshoreNeo4jHook().driver()

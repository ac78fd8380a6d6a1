"""The graph that loads write to, by its Airflow connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from airflow.providers.neo4j.hooks.neo4j import Neo4jHook
from airflow.sdk.exceptions import AirflowNotFoundException
from neo4j import Driver, GraphDatabase

from include.errors import SetupError
from include.writers.graph.neo4j.errors import translated
from include.writers.graph.neo4j.session import CONNECT_TIMEOUT_S, DEFAULT_PORT, USER_AGENT


class LongshoreNeo4jHook(Neo4jHook):
    """The provider's hook for what its connection says; loads themselves are `include`'s business.

    Its `run` sends one statement in a transaction of its own and is not used.
    """

    default_conn_name = "longshore_neo4j"
    hook_name = "Longshore Neo4j"

    def __init__(self, conn_id: str = default_conn_name, *args: Any, **kwargs: Any) -> None:
        super().__init__(conn_id, *args, **kwargs)

    def driver(self) -> Driver:
        """The driver of the connection, made once and known to answer; the caller closes it.

        Raises:
            SetupError: Airflow has no such connection, or the server refuses user or password.
            TransientError: the server cannot be reached.
        """
        try:
            driver = self.get_conn()
        except AirflowNotFoundException as error:
            name = self.neo4j_conn_id
            raise SetupError(
                f"Airflow has no connection {name!r}.",
                f"Set AIRFLOW_CONN_{name.upper()} to neo4j://..., or add it under Admin > Connections.",
            ) from error
        with translated():
            driver.verify_connectivity()
        return driver

    def is_configured(self) -> bool:
        """Whether Airflow has the connection; the server is not asked."""
        try:
            self.get_connection(self.neo4j_conn_id)
        except AirflowNotFoundException:
            return False
        return True

    @property
    def address(self) -> str:
        """Host and port of the connection, the port as the protocol has it where none is named."""
        connection = self.get_connection(self.neo4j_conn_id)
        return f"{connection.host}:{connection.port or DEFAULT_PORT}"

    @property
    def database(self) -> str | None:
        """The database that the connection names as its schema; None is the user's home database."""
        return self.connection.schema or None if self.connection else None

    def _create_driver(self, conn: Any, encrypted: bool, uri: str) -> Driver:
        # As the provider does it, and with our name: its method takes no further options.
        options: dict[str, Any] = {"user_agent": USER_AGENT, "connection_timeout": CONNECT_TIMEOUT_S}
        if urlsplit(uri).scheme in {"bolt", "neo4j"}:
            options["encrypted"] = encrypted
        auth = (conn.login, conn.password) if conn.login is not None and conn.password is not None else None
        return GraphDatabase.driver(uri, auth=auth, **options)

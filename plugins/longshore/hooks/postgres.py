"""The database that loads write to, by its Airflow connection."""

from __future__ import annotations

import weakref
from typing import Any, cast

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.log import logger
from include.postgres.errors import translated
from include.postgres.session import CLIENT_ENCODING, OPENED_WITH, PREPARE_THRESHOLD

# Seconds that a cancel may take; a killed task has about 5 before it is killed for good.
CANCEL_TIMEOUT_S = 3.0


class LongshorePostgresHook(PostgresHook):
    """The provider's hook for its connection's many ways to log in; loads themselves are `include`'s business.

    Its `copy_expert`, `insert_rows` and `run` commit on their own and are not used.
    """

    default_conn_name = "longshore_postgres"
    hook_name = "Longshore PostgreSQL"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._opened: weakref.WeakSet[Connection[TupleRow]] = weakref.WeakSet()
        self.cancelled = False

    def connect(self) -> Connection[TupleRow]:
        """A new psycopg 3 connection in autocommit mode; the caller closes it.

        Raises:
            SetupError: Airflow has no such connection, or the server refuses user, password or database; or `cancel`
                was called, after which nothing more is begun.
            TransientError: the server cannot be reached or has no connection left.
        """
        if self.cancelled:
            raise SetupError("The task was told to end.", "Clear it to run it again.")
        with translated():
            connection = cast(Connection[TupleRow], self._get_conn_or_say())
        self._opened.add(connection)
        return connection

    def cancel(self) -> None:
        """Cancels what runs on the connections of this hook, for good: a killed task leaves no statement behind."""
        self.cancelled = True
        for connection in list(self._opened):
            if not connection.closed:
                logger("hook").warning("cancel pid=%d", connection.info.backend_pid)
                connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)

    def _get_conn_or_say(self) -> Any:
        try:
            return self.get_conn()
        except AirflowNotFoundException as error:
            name = self.get_conn_id()
            raise SetupError(
                f"Airflow has no connection {name!r}.",
                f"Set AIRFLOW_CONN_{name.upper()} to postgresql://..., or add it under Admin > Connections.",
            ) from error

    def _create_connection(self, conn_args: dict[str, Any]) -> Any:
        ours = {"autocommit": True, "prepare_threshold": PREPARE_THRESHOLD, **OPENED_WITH}
        return super()._create_connection({**ours, **conn_args, "client_encoding": CLIENT_ENCODING})

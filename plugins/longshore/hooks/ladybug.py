"""The embedded graph, by its Airflow connection or, where there is none, in LONGSHORE_HOME."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.errors import SetupError
from include.settings import settings
from include.writers.graph.ladybug.session import Session, reading
from include.writers.graph.ladybug.writer import LadybugCopyWriter
from include.writers.graph.targets import GraphTarget


class LadybugHook(BaseHook):
    """A connection of type `ladybug` is a path: AIRFLOW_CONN_LONGSHORE_LADYBUG=ladybug:///srv/graphs/shop.lbdb.

    Tasks that write belong into the pool `longshore_ladybug`, which has one slot.

    Args:
        ladybug_conn_id: the connection; where the default one is not configured, the graph is that of the settings.
    """

    conn_name_attr = "ladybug_conn_id"
    default_conn_name = "longshore_ladybug"
    conn_type = "ladybug"
    hook_name = "Ladybug"

    def __init__(self, ladybug_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.ladybug_conn_id = ladybug_conn_id

    @property
    def path(self) -> Path:
        """The database file.

        Raises:
            SetupError: Airflow has no such connection, or it names no path.
        """
        try:
            connection = self.get_connection(self.ladybug_conn_id)
        except AirflowNotFoundException as error:
            if self.ladybug_conn_id == self.default_conn_name:
                return settings().graph_file
            raise SetupError(f"Airflow has no connection {self.ladybug_conn_id!r}.", self._remedy()) from error
        named = connection.extra_dejson.get("path") or (f"/{connection.schema}" if connection.schema else "")
        if not named:
            raise SetupError(f"The connection {self.ladybug_conn_id!r} names no file.", self._remedy())
        return Path(named)

    def writer(self, targets: Sequence[GraphTarget], scope: str | int | None = None) -> LadybugCopyWriter:
        """A writer into the graph, to be used in a `with` block; see `LadybugCopyWriter`."""
        return LadybugCopyWriter(self.path, targets, scope=scope)

    def reader(self) -> AbstractContextManager[Session]:
        """The graph for reading, while no load writes to it."""
        return reading(self.path)

    def _remedy(self) -> str:
        return f"Set AIRFLOW_CONN_{self.ladybug_conn_id.upper()} to ladybug:///path/of/the/graph.lbdb."

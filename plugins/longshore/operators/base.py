"""What all operators of Longshore share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from include.errors import LongshoreError, TransientError
from longshore.instances import wait_for_upstream
from longshore.outcomes import outcomes

if TYPE_CHECKING:
    from airflow.sdk import Context

    from longshore.hooks.postgres import LongshorePostgresHook

CONNECTION = "longshore_postgres"


class LongshorePostgresOperator(BaseOperator):
    """An operator that works on the database behind one Airflow connection, and may read files behind another.

    Args:
        postgres_conn_id: the connection of the database.
        landing_conn_id: the connection of the object store that holds the files; None is `longshore_landing` where
            there is one (`longshore.hooks.storage`).
        kwargs: of Airflow's BaseOperator.
    """

    def __init__(
        self, *, postgres_conn_id: str = CONNECTION, landing_conn_id: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.postgres_conn_id = postgres_conn_id
        self.landing_conn_id = landing_conn_id

    @cached_property
    def hook(self) -> LongshorePostgresHook:
        from longshore.hooks.postgres import LongshorePostgresHook

        return LongshorePostgresHook(postgres_conn_id=self.postgres_conn_id)

    def storage(self, url: str) -> dict[str, Any] | None:
        """What fsspec is told of the store that holds the URL; it has secrets and stays in this process."""
        from longshore.hooks.storage import storage_options

        return storage_options(url, self.landing_conn_id)

    @property
    def statement_timeout_ms(self) -> int:
        """The task's `execution_timeout` for the database, which then ends the statement itself; 0 is none."""
        return int(self.execution_timeout.total_seconds() * 1000) if self.execution_timeout else 0

    def pre_execute(self, context: Context) -> None:
        """Sees to it that the tasks before it are through; see `longshore.instances`."""
        wait_for_upstream(context)

    @contextmanager
    def outcomes(self) -> Iterator[None]:
        """Turns errors into what Airflow calls them (`longshore.outcomes`); what a kill cut short is tried again.

        Airflow has its own word for tasks that a person marked or cleared. Others are killed because their worker is
        shut down or their node is needed: the same load runs well elsewhere.
        """
        try:
            with outcomes():
                yield
        except LongshoreError as error:
            if not self.hook.cancelled:
                raise
            raise TransientError("The task was told to end.", "Nothing of it is left; it is tried again.") from error

    def on_kill(self) -> None:
        """Cancels the running statement; the transaction rolls back."""
        if "hook" in self.__dict__:
            self.hook.cancel()

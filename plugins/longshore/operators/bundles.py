"""The step of `commerce_bundles`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from include.errors import UsageError
from longshore.operators.base import LongshorePostgresOperator
from longshore.window import day_of

if TYPE_CHECKING:
    from airflow.sdk import Context
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from include.pipelines.commerce.bundles.load import Window
    from include.settings import StoresFile


class MineBundlesOperator(LongshorePostgresOperator):
    """Mines the windows that are due, or those of a range that was asked for; skipped if there is none."""

    def execute(self, context: Context) -> dict[str, int]:
        """{windows, bundles}: how many windows were mined, and how many bundles they have."""
        from include import migrations
        from include.ledger.runs import RunSource
        from include.pipelines.commerce.bundles import load as bundles
        from include.settings import read_stores, settings

        stores = read_stores(settings().stores_file)
        with self.outcomes():
            with self.hook.connect() as connection:
                migrations.migrate(connection)
                windows = self._windows(connection, stores, context["params"])
            if not windows:
                raise AirflowSkipException("No window is due: the bundles are as new as the ledger's loads.")
            source = RunSource(self.dag_id, "airflow", context["run_id"])
            timeout = self.statement_timeout_ms
            mined = bundles.mine_windows(self.hook.connect, windows, stores, source, statement_timeout_ms=timeout)
            counts = [window.result.counts.rows_read for window in mined]
            return {"windows": len(counts), "bundles": sum(counts)}

    def _windows(self, connection: Connection[TupleRow], stores: StoresFile, params: Mapping[str, Any]) -> list[Window]:
        from include.pipelines.commerce.bundles import load as bundles

        first, last = day_of(params, "from"), day_of(params, "until")
        if first is None and last is None:
            return bundles.due(connection, stores)
        if first is None or last is None:
            raise UsageError("A range needs its first and its last day.", "Give both `from` and `until`.")
        return bundles.windows_between(connection, params.get("store"), first, last)

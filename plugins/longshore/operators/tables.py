"""Any CSV in anyone's DAG: one file into the table of its contract, with every guarantee of the pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from include.log import line
from longshore.operators.base import CONNECTION, LongshorePostgresOperator
from longshore.outcomes import said

if TYPE_CHECKING:
    import datetime as dt

    from airflow.sdk import Context

    from include.loading.csv.job import LoadOptions
    from include.results import LoadResult


class BulkLoadOperator(LongshorePostgresOperator):
    """Loads one file into the table of its contract in one transaction; the same bytes again change nothing.

    The task fails where the delivery is held, since nothing behind it would turn the run red; the run's parameters
    `accept` and `force`, where the DAG has them, let it through and load again. Give the DAG `default_args=RETRIES` of
    `longshore.outcomes`, so that only errors that can pass are tried again.

    Args:
        contract: path of the contract (YAML); a relative one starts at the project's root.
        source: path or URL of the file, plain or compressed; a relative path starts at the project's root.
        source_name: whose file it is, where the contract keeps sources apart (`scope`); else the table's schema.
        day: the delivery's day (2026-01-31) as the ledger calls it; by default that of the run.
        conn_id: the connection.
        kwargs: of LongshorePostgresOperator. `execution_timeout` is the database's statement timeout too.
    """

    template_fields: Sequence[str] = ("contract", "source", "source_name", "day")

    def __init__(
        self,
        *,
        contract: str,
        source: str,
        source_name: str | None = None,
        day: str | None = None,
        conn_id: str = CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(postgres_conn_id=conn_id, **kwargs)
        self.contract = contract
        self.source = source
        self.source_name = source_name
        self.day = day

    def execute(self, context: Context) -> dict[str, Any]:
        """Status, counts, ms per phase (`include.results.LoadResult.as_json`)."""
        from include.ledger.runs import RunSource
        from include.pipelines.tables.contract import read_contract
        from include.pipelines.tables.load import TableRequest, load_table
        from include.settings import from_root

        file = from_root(self.source)
        request = TableRequest(
            file=file,
            contract=read_contract(from_root(self.contract)),
            source=self.source_name,
            day=self._day(context),
            options=self._options(context),
            storage=self.storage(file),
        )
        with said():
            result = load_table(self.hook.connect, request, RunSource(self.dag_id, "airflow", context["run_id"]))
        self._say(result)
        return result.as_json()

    def _day(self, context: Context) -> dt.date:
        from longshore.window import day_of

        run = context["dag_run"]
        return day_of({"day": self.day}, "day") or (run.logical_date or run.run_after).date()

    def _options(self, context: Context) -> LoadOptions:
        from longshore.operators.commerce import load_options

        return load_options(context, self.statement_timeout_ms)

    def _say(self, result: LoadResult) -> None:
        fields = {"rows_read": result.counts.rows_read, "rejected": result.counts.rejected, "ms": round(result.ms)}
        self.log.info(line(result.status.value, table=result.dataset, **fields))

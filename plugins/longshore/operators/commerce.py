"""The steps of `commerce_to_postgres` and `commerce_coverage`: each calls `include` once and hands on its result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.errors import UsageError
from include.log import line
from longshore.assets import COMMERCE_UPLOADS
from longshore.instances import states
from longshore.links import UploadLink
from longshore.operators.base import LongshorePostgresOperator
from longshore.outcomes import say
from longshore.window import RunRequest, day_of, resolve

if TYPE_CHECKING:
    from airflow.sdk import Context
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from include.loading.csv.job import LoadOptions
    from include.loading.upload import Upload
    from include.pipelines.commerce.delivery.upload_id import Delivery
    from include.results import LoadResult

# Uploads of one run: Airflow's own limit for mapped tasks ([core] max_map_length), beyond which `discover` would fail
# without saying what to do.
MAX_UPLOADS = 1024

# Of a task that Airflow has made no instance of: a cleared run that gained an upload can lack it.
NEVER_MADE = "never made"
FAILED_STATES = frozenset({"failed", "upstream_failed", NEVER_MADE})


def load_options(context: Context, statement_timeout_ms: int) -> LoadOptions:
    """What the run's parameters `force` and `accept` say, and who said so."""
    from include.loading.csv.job import LoadOptions

    params, user = context["params"], context["dag_run"].triggering_user_name
    accept = bool(params.get("accept"))
    return LoadOptions(
        force=bool(params.get("force")),
        accept=accept,
        statement_timeout_ms=statement_timeout_ms,
        accepted_by=(user or "airflow") if accept else None,
    )


class DiscoverOperator(LongshorePostgresOperator):
    """Finds the deliveries that a run is for: a list of {store, day, url}, sorted by store and day.

    Brings the database to the newest schema first, which reads one row where it is current.
    """

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Lists the landing zone; see `longshore.window` for what the run is for."""
        from include import migrations

        with self.outcomes(), self.hook.connect() as connection:
            request = resolve(context["params"], context["dag_run"])
            for name in migrations.migrate(connection):
                self.log.info(line("migrated", name=name))
            found = self._deliveries(connection, request)
        self.log.info(line("discovered", uploads=len(found), first=request.window.first, last=request.window.last))
        return [delivery.as_json() for delivery in found]

    def _deliveries(self, connection: Connection[TupleRow], request: RunRequest) -> list[Delivery]:
        from include.pipelines.commerce.delivery.extract import brings_news, discover
        from include.settings import read_stores, settings

        if request.delivery:
            return [request.delivery]
        landing = settings().landing_url
        storage = self.storage(landing)
        stores = read_stores(settings().stores_file)
        found = discover(
            landing,
            request.window,
            stores,
            store=request.store,
            settle=request.settle,
            lookback=(lambda delivery: brings_news(connection, delivery, stores, storage))
            if request.lookback
            else None,
            options=storage,
        )
        if len(found) > MAX_UPLOADS:
            raise UsageError(
                f"The days from {request.window.first} to {request.window.last} hold {len(found)} uploads, and one run"
                f" takes {MAX_UPLOADS}.",
                "Narrow `from` and `until`, or name a `store`; `airflow backfill create` makes one run per day.",
            )
        return found


class OpenUploadOperator(LongshorePostgresOperator):
    """Resolves the ids of an upload, lists and hashes its files.

    Args:
        delivery: {store, day, url}, as `DiscoverOperator` lists them.
        kwargs: of LongshorePostgresOperator.
    """

    template_fields: Sequence[str] = ("delivery",)

    def __init__(self, *, delivery: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delivery = delivery

    def execute(self, context: Context) -> dict[str, Any]:
        """The upload, as `include.loading.upload.Upload` writes it."""
        from include.ledger.runs import RunSource
        from include.pipelines.commerce.delivery.extract import open_upload
        from include.pipelines.commerce.delivery.upload_id import Delivery

        source = RunSource(self.dag_id, "airflow", context["run_id"])
        delivery = Delivery.from_json(dict(self.delivery))
        with self.outcomes(), self.hook.connect() as connection:
            storage, hash_all = self.storage(delivery.url), bool(context["params"].get("force"))
            return open_upload(connection, delivery, source, storage, hash_all=hash_all).as_json()


class LoadDatasetOperator(LongshorePostgresOperator):
    """Loads one dataset of one upload in one transaction; loading the same bytes again changes nothing.

    The task is skipped where the dataset was not delivered, or is held until a person lets it through.

    Args:
        upload: what `OpenUploadOperator` gave.
        dataset: catalog, inventory, orders (with their lines) or variants.
        kwargs: of LongshorePostgresOperator. `execution_timeout` is the database's statement timeout too.
    """

    template_fields: Sequence[str] = ("upload",)
    operator_extra_links = (UploadLink(),)

    def __init__(self, *, upload: Mapping[str, Any], dataset: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.upload = upload
        self.dataset = dataset

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """One object a table: status, counts, ms per phase (`include.results.LoadResult.as_json`)."""
        from include.loading.upload import Upload
        from include.pipelines.commerce.delivery.load_dataset import load_dataset
        from include.settings import read_stores, settings

        upload = Upload.from_json(dict(self.upload))
        with self.outcomes():
            stores = read_stores(settings().stores_file)
            options, storage = self._options(context), self.storage(upload.url)
            results = load_dataset(self.hook.connect, upload, self.dataset, stores, options, storage=storage)
        self._say(upload, results)
        return [result.as_json() for result in results]

    def _options(self, context: Context) -> LoadOptions:
        return load_options(context, self.statement_timeout_ms)

    def _say(self, upload: Upload, results: Collection[LoadResult]) -> None:
        from include.results import Status

        for result in results:
            fields = {"rows_read": result.counts.rows_read, "rejected": result.counts.rejected, "ms": round(result.ms)}
            event = line(result.status.value, store=upload.store, day=upload.day, dataset=result.dataset, **fields)
            self.log.info(event)
        if all(result.status is Status.SKIPPED for result in results):
            raise AirflowSkipException(f"{upload.store} delivered no {self.dataset} on {upload.day}.")


class CloseUploadOperator(LongshorePostgresOperator):
    """Records what became of an upload, and fails if anything of it is held or failed, so that the run turns red.

    Args:
        upload: what `OpenUploadOperator` gave; None where it failed.
        kwargs: of LongshorePostgresOperator.
    """

    template_fields: Sequence[str] = ("upload",)

    def __init__(self, *, upload: Mapping[str, Any] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.upload = upload

    def execute(self, context: Context) -> dict[str, Any]:
        """{store, day, datasets: {dataset: status}, held, failed, stopped}; `stopped` are tasks that failed."""
        from include.loading.upload import Upload
        from include.pipelines.commerce.delivery.close import close_upload

        if self.upload is None:
            raise AirflowFailException("The upload was never opened. See the log of `open` in the same instance.")
        upload = Upload.from_json(dict(self.upload))
        with self.outcomes():
            summary = {**close_upload(self.hook.connect, upload), "stopped": self._stopped(context)}
        self.log.info(line("closed", store=upload.store, day=upload.day, **summary["datasets"]))
        self._fail_unless_whole(summary, context)
        context["outlet_events"][COMMERCE_UPLOADS].extra = {
            "store": upload.store,
            "day": upload.day.isoformat(),
            "upload_id": upload.upload_id,
        }
        return summary

    def _stopped(self, context: Context) -> list[str]:
        """The upload's tasks that failed or never ran: one that was killed has left nothing in the ledger."""
        group = self.task_group
        tasks = [] if group is None else [task.task_id for task in group.iter_tasks() if task.task_id != self.task_id]
        found = states(context, tasks)
        return sorted(task for task in tasks if found.get(task, NEVER_MADE) in FAILED_STATES)

    def _fail_unless_whole(self, summary: dict[str, Any], context: Context) -> None:
        from include.loading.upload import shell_name

        name = shell_name(summary["store"], dt.date.fromisoformat(summary["day"]))
        faults = {
            "held": (
                summary["held"],
                f"look: `./longshore uploads show {name}`; let it through: `./longshore uploads accept {name}`, or run"
                " it again with `accept`",
            ),
            "failed": (
                summary["failed"],
                f"look: `./longshore uploads show {name}`; deliver it anew, or mend the set-up and clear `open`",
            ),
            "stopped": (summary["stopped"], "see the log of the first one"),
        }
        said = [f"{fault}: {', '.join(which)} ({remedy})" for fault, (which, remedy) in faults.items() if which]
        if said:
            for words in (*(f"{', '.join(which)}: {reason}" for reason, which in summary["reasons"].items()), *said):
                say(words)
            context["ti"].xcom_push(key="return_value", value=summary)
            upload = f"{summary['store']} {summary['day']}"
            raise AirflowFailException(f"The upload of {upload} is partial. {'; '.join(said)}")


class ComputeCoverageOperator(LongshorePostgresOperator):
    """Computes the coverage of the uploads that are due, or of a range that was asked for; skipped if there is none."""

    def execute(self, context: Context) -> dict[str, int]:
        """{uploads, rows}: how many uploads were compared, and how many rows that wrote."""
        from include import migrations
        from include.pipelines.commerce.coverage import compute as coverage

        with self.outcomes(), self.hook.connect() as connection:
            migrations.migrate(connection)
            uploads = self._uploads(connection, context["params"])
            if not uploads:
                raise AirflowSkipException("No upload is due: the coverage is as new as the ledger's loads.")
            return {"uploads": len(uploads), "rows": coverage.compute(connection, uploads)}

    def _uploads(self, connection: Connection[TupleRow], params: Mapping[str, Any]) -> list[str]:
        from include.pipelines.commerce.coverage import compute as coverage

        first, last = day_of(params, "from"), day_of(params, "until")
        if first is None and last is None:
            return coverage.due(connection)
        if first is None or last is None:
            raise UsageError("A range needs its first and its last day.", "Give both `from` and `until`.")
        return coverage.uploads_between(connection, params.get("store"), first, last)

"""Loads the stores' deliveries (catalog, inventory, orders, variants) into PostgreSQL.

**What a run does.** `discover` lists the deliveries of the run's days under
`landing/<store>/<YYYY-MM-DD>/`. Each one is an instance of `upload`: `open` lists and hashes its files, then `catalog`
and `inventory` load side by side, then `orders` and `variants`, and `close` records the outcome. One store's bad file
stops no other store. Loading the same bytes again changes nothing.

**By hand.** Trigger the DAG with

| parameter | meaning |
| --- | --- |
| `store` | only this store |
| `from`, `until` | the days, both included; without them: the last two days, and what is new of the week before |
| `folder` | one delivery, a path or URL that ends in `<store>/<YYYY-MM-DD>`; else give `store` and `from` too |
| `force` | load again although the same bytes are loaded already |
| `accept` | let a held delivery through; the ledger notes who did |

History: `airflow backfill create --dag-id commerce_to_postgres --from-date 2025-01-01 --to-date 2025-01-31`. History of
one store: a run with `store`, `from` and `until`, of at most 1,024 uploads.

**Colours.** A *skipped* load was not delivered, or is *held*: the delivery would delete too much, is empty, or lacks a
file that the last one had; where the store's settings say so, also one with too many rejects or another header. Nothing
changed; the task's log and `close` say which, and `./longshore uploads show STORE/DAY` what it would change;
`./longshore uploads accept STORE/DAY` lets it through. A *failed* load left its table as it
was; its rejects are in `ledger.rejects`. `close` is red where anything of its upload is held or failed, and so is the
run. Mend the file, then clear the instance's `open` with all that follows it: what is loaded already stays as it is.

**Repeats.** A lost connection, a lock or a file that still grows is tried again after 15, 30, 60 and 120 seconds.
Errors of a file or of the set-up fail at once: their message says what to do.

Needs the connection `longshore_postgres`, the pool `longshore_postgres`, and `LONGSHORE_LANDING`. Where that is an
object store, the connection `longshore_landing` says how it is opened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TaskGroup, task_group
from longshore.assets import COMMERCE_UPLOADS
from longshore.operators.commerce import (
    CloseUploadOperator,
    DiscoverOperator,
    LoadDatasetOperator,
    OpenUploadOperator,
)
from longshore.outcomes import RETRIES

POOL = "longshore_postgres"
UPLOAD_NAME = "{{ task.upload['store'] }} {{ task.upload['day'] }}"
DELIVERY_NAME = "{{ task.delivery['store'] }} {{ task.delivery['day'] }}"


def dataset(name: str, upload: Any) -> TaskGroup:
    """The group that loads one dataset; a failure before it holds it back, a dataset not delivered does not."""
    with TaskGroup(name) as group:
        LoadDatasetOperator(
            task_id="load",
            upload=upload,
            dataset=name,
            pool=POOL,
            trigger_rule="none_failed",
            execution_timeout=dt.timedelta(hours=2),
            map_index_template=UPLOAD_NAME,
        )
    return group


@task_group
def upload(delivery: Mapping[str, str]) -> None:
    """One store's delivery for one day."""
    opened: Any = OpenUploadOperator(task_id="open", delivery=delivery, map_index_template=DELIVERY_NAME).output
    masters = [dataset("catalog", opened), dataset("inventory", opened)]
    followers = [dataset("orders", opened), dataset("variants", opened)]
    close = CloseUploadOperator(
        task_id="close", upload=opened, outlets=[COMMERCE_UPLOADS], map_index_template=UPLOAD_NAME
    )
    for master in masters:
        master >> followers
    # All four, since a dataset that is held back is done at once, while the one beside its master still loads.
    [*masters, *followers] >> close.as_teardown(on_failure_fail_dagrun=True)


with DAG(
    "commerce_to_postgres",
    description="The stores' CSV deliveries into PostgreSQL",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    # No older history can be backfilled; nothing is caught up by itself.
    start_date=dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=4,
    default_args={"owner": "longshore", **RETRIES},
    tags=["commerce", "postgres"],
    params={
        "store": Param(None, type=["null", "string"], minLength=1, description="Only this store"),
        "from": Param(None, type=["null", "string"], format="date", description="First day"),
        "until": Param(None, type=["null", "string"], format="date", description="Last day, included"),
        "folder": Param(None, type=["null", "string"], minLength=1, description="One delivery's folder or URL"),
        "force": Param(False, type="boolean", description="Load again although the same bytes are loaded"),
        "accept": Param(False, type="boolean", description="Let a held delivery through"),
    },
):
    upload.expand(delivery=DiscoverOperator(task_id="discover").output)

"""Compares each upload's order lines with the store's newest catalog, inventory and variants.

Woken by every closed upload, and once a day for wake-ups that were lost. The ledger decides what is due: a run takes
all of it, one run at a time, and ends at once (skipped) where nothing is. A dataset that is delivered again makes its
upload and the store's later ones due.

**By hand.** Trigger the DAG with `from` and `until` (both included) to compute those days again, with `store` for one
store only. Without them a run does what is due.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param
from longshore.assets import COMMERCE_UPLOADS
from longshore.operators.commerce import ComputeCoverageOperator
from longshore.outcomes import RETRIES

with DAG(
    "commerce_coverage",
    description="How much of the orders the catalog, the inventory and the variants cover",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 5 * * *", timezone="UTC"), assets=COMMERCE_UPLOADS),
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "longshore", **RETRIES},
    tags=["commerce", "postgres"],
    params={
        "store": Param(None, type=["null", "string"], minLength=1, description="Only this store, with a range"),
        "from": Param(None, type=["null", "string"], format="date", description="First day of a range"),
        "until": Param(None, type=["null", "string"], format="date", description="Last day of a range, included"),
    },
):
    ComputeCoverageOperator(task_id="compute", execution_timeout=dt.timedelta(hours=2))

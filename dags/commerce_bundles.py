"""Mines what each store's customers buy together: pairs and triples of variants that are worth recommending.

Woken by every closed upload, and once a day for wake-ups that were lost. The ledger decides what is due: the newest
window of each store whose orders, catalog, inventory or settings have changed since; one run at a time, which ends at
once (skipped) where nothing is. Settings: `bundles` in config/stores.yaml. A store that fails leaves the others mined
and the run red.

**By hand.** Trigger the DAG with `from` and `until` (both included) to mine the windows that end on those days again,
with `store` for one store only. Without them a run does what is due. The product graph is woken by what it wrote.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param
from longshore.assets import COMMERCE_BUNDLES, COMMERCE_UPLOADS
from longshore.operators.bundles import MineBundlesOperator
from longshore.outcomes import RETRIES

with DAG(
    "commerce_bundles",
    description="Pairs and triples of variants that are bought together, per store",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("30 5 * * *", timezone="UTC"), assets=COMMERCE_UPLOADS),
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
    MineBundlesOperator(task_id="mine", execution_timeout=dt.timedelta(hours=2), outlets=[COMMERCE_BUNDLES])

"""Brings what each store sells, and what is bought together, into a graph.

(:Store)-[:SELLS]->(:Variant)-[:OF]->(:Product), and (:Variant)-[:BOUGHT_WITH]->(:Variant) with baskets, support,
confidence and lift. It is a Neo4j server's where the connection `longshore_neo4j` is configured, else the embedded one
of Ladybug (connection `longshore_ladybug`, else graph.lbdb in LONGSHORE_HOME).

Woken by newly mined bundles, and once a day for wake-ups that were lost. The ledger decides what is due: each store
whose catalog, variants or bundles are others than the graph shows, what was taken back included; one run at a time,
which ends at once (skipped) where nothing is. What the tables no longer hold goes from the graph. A store that fails
leaves the others written and the run red.

**By hand.** Trigger the DAG with `again` to write stores that are not due, too, with `store` for one store only. The
pool `longshore_ladybug` has one slot, because one process at a time may write the embedded graph.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param
from longshore.assets import COMMERCE_BUNDLES, COMMERCE_PRODUCT_GRAPH
from longshore.operators.product_graph import BuildProductGraphOperator
from longshore.outcomes import RETRIES

with DAG(
    "commerce_product_graph",
    description="Stores, products, variants and what is bought together, as a graph",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 6 * * *", timezone="UTC"), assets=COMMERCE_BUNDLES),
    start_date=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "longshore", **RETRIES},
    tags=["commerce", "graph"],
    params={
        "store": Param(None, type=["null", "string"], minLength=1, description="Only this store"),
        "again": Param(False, type="boolean", description="Stores that are not due, too"),
    },
):
    BuildProductGraphOperator(
        task_id="build",
        execution_timeout=dt.timedelta(hours=2),
        inlets=[COMMERCE_BUNDLES],
        outlets=[COMMERCE_PRODUCT_GRAPH],
    )

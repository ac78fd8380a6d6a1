"""From a delivery to the graph: each DAG wakes the next one, and the ledger says what it has to do."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from include.pipelines.commerce.delivery.upload_id import upload_id
from include.writers.errors import repeat_transient
from include.writers.graph.ladybug.session import reading
from tests.scheduler.site import BUNDLES, CATALOG, GRAPH, Run, Site, until

pytestmark = pytest.mark.timeout(600)

STORE, DAY = "cedar", dt.date(2025, 3, 5)

# Six baskets hold lamp and bulb, four a shade: lamps and bulbs meet 1 / 0.6 times as often as chance would have it.
TOGETHER, ALONE = range(1, 7), range(7, 11)

OPEN = "import sys; file = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()"

PAIRS = """
MATCH (s:Store)-[:SELLS]->(a:Variant)-[r:BOUGHT_WITH]->(b:Variant) WHERE s.name = $store
RETURN a.id, b.id, r.baskets ORDER BY a.id
"""


def baskets() -> str:
    lines = [f"O-{number},{variant}" for number in TOGETHER for variant in ("v-1,L-1", "v-2,B-1")]
    lines += [f"O-{number},v-3,S-1" for number in ALONE]
    rows = [f"{line},2025-03-05 10:00:00,EUR,1,10.00" for line in lines]
    return "\n".join(["order_id,variant_id,sku,created_at,currency,quantity,unit_price", *rows, ""])


@pytest.fixture(scope="module")
def commerce(site: Site) -> Iterator[Run]:
    """The load of the store's delivery; what follows from it happens by itself."""
    for dag in (BUNDLES, GRAPH):
        until(partial(swept, site, dag), "the daily sweep, which is due at once and would load it first")
    site.deliver(STORE, DAY, {"catalog.csv": CATALOG + "v-3,Shade,S-1,7.00\n", "orders.csv": baskets()})
    yield site.ended(site.trigger(from_=DAY.isoformat(), until=DAY.isoformat()))
    site.withdraw(STORE)


@pytest.fixture(scope="module")
def woken(site: Site, commerce: Run) -> tuple[str, str]:
    """The runs of both DAGs that loaded what follows from the store's delivery."""
    mined, mined_by = until(lambda: newest(site, "bundles"), "the store's bundles")
    _, shown_by = until(lambda: newest(site, "product_graph", after=mined), "a graph that shows them")
    return mined_by, shown_by


def test_a_load_wakes_the_bundles_and_they_wake_the_graph(site: Site, commerce: Run, woken: tuple[str, str]) -> None:
    assert commerce.state == "success"
    for dag, run_id in zip((BUNDLES, GRAPH), woken, strict=True):
        run = site.ended(run_id, dag)
        assert (run.state, run.record["run_type"]) == ("success", "asset_triggered")


def test_table_and_graph_hold_what_was_bought_together(site: Site, woken: tuple[str, str]) -> None:
    found = "SELECT variant_a, variant_b, variant_c, support_count, baskets FROM commerce.current_bundles"
    assert site.rows(f"{found} WHERE store = %s", STORE) == [("v-1", "v-2", None, 6, 10)]
    assert pairs(site) == [["v-1", "v-2", 6], ["v-2", "v-1", 6]]


def test_where_nothing_is_new_both_end_at_once(site: Site, woken: tuple[str, str]) -> None:
    before = [newest(site, dataset) for dataset in ("bundles", "product_graph")]
    triggered = {dag: site.trigger(dag) for dag in (BUNDLES, GRAPH)}
    for dag, task in ((BUNDLES, "mine"), (GRAPH, "build")):
        again = site.ended(triggered[dag], dag)
        assert (again.state, again.tasks["", task]["state"]) == ("success", "skipped")
    assert [newest(site, dataset) for dataset in ("bundles", "product_graph")] == before


def test_a_graph_that_another_process_has_open_is_waited_for_by_name(site: Site, woken: tuple[str, str]) -> None:
    ((shown,),) = site.rows("SELECT max(load_id) FROM ledger.loads")
    with open_elsewhere(graph(site)) as pid:
        run_id = site.trigger(GRAPH, store=STORE, again=True)
        until(lambda: "TransientError" in said(site, run_id), "a try that found the graph held")
    run = site.ended(run_id, GRAPH)
    assert f"is held by process {pid} (" in said(site, run_id)
    assert (run.state, run.tasks["", "build"]["state"]) == ("success", "success")
    assert newest(site, "product_graph", after=shown) is not None
    assert pairs(site) == [["v-1", "v-2", 6], ["v-2", "v-1", 6]]


def swept(site: Site, dag: str) -> bool:
    return any(run["end_date"] for run in site.runs(dag, "scheduled"))


def newest(site: Site, dataset: str, after: int = 0) -> tuple[int, str] | None:
    """The store's newest load of a dataset and the run of Airflow behind it; None where there is none."""
    query = """
        SELECT load_id, source_run_id FROM ledger.loads JOIN ledger.runs USING (run_id)
        WHERE upload_id = %s AND dataset = %s AND status = 'loaded' AND load_id > %s ORDER BY load_id DESC
    """
    found = site.rows(query, upload_id(STORE, DAY), dataset, after)
    return (int(found[0][0]), str(found[0][1])) if found else None


def graph(site: Site) -> Path:
    return site.stack.home / "graph.lbdb"


def pairs(site: Site) -> list[list[object]]:
    """Variants that go together, and in how many baskets; a load that other deliveries woke is waited for."""

    def read() -> list[list[object]]:
        with reading(graph(site)) as shops:
            return shops.rows(PAIRS, store=STORE)

    return repeat_transient(read)


def said(site: Site, run_id: str) -> str:
    run = site.run(run_id, GRAPH)
    started = run.tasks and run.tasks["", "build"]["try_number"]
    return site.log(run_id, "build", dag=GRAPH) if started else ""


@contextmanager
def open_elsewhere(path: Path) -> Iterator[int]:
    """Another process that has the file open; its number."""
    command = [sys.executable, "-c", OPEN, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process.pid
        finally:
            process.communicate()

"""The product graph in a real Ladybug file, from the tables of a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from include.errors import TransientError, UsageError
from include.loading.replay.outcome import ReplayOutcome
from include.pipelines.commerce.delivery.replay import ReplayOptions
from include.pipelines.commerce.operate import forget
from include.pipelines.commerce.product_graph import load as product_graph
from include.pipelines.commerce.product_graph import replay as product_graph_replay
from include.pipelines.commerce.product_graph import rows as product_graph_report
from include.postgres.session import connect
from include.writers import errors as writer_errors
from include.writers.graph.ladybug.session import reading, writing
from include.writers.graph.stores import LadybugGraph
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.product_graph.product_graphs import (
    CATALOG,
    CUP,
    LOOSE,
    NEXT_DAY,
    TEAS,
    build,
    deliver,
    mine,
    mined_and_built,
    orders,
)


@pytest.fixture
def graph(tmp_path: Path) -> LadybugGraph:
    return LadybugGraph(tmp_path / "graph.lbdb")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.settings(currency="EUR", bundles=LOOSE)
    return shop


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_errors.Retrying, "sleep", lambda *_: None, raising=False)


def ask(graph: LadybugGraph, statement: str) -> list[list[Any]]:
    with reading(graph.path) as session:
        return session.rows(statement)


def nodes(graph: LadybugGraph, label: str) -> list[str]:
    key = "name" if label == "Store" else "key"
    return [row[0] for row in ask(graph, f"MATCH (n:{label}) RETURN n.{key} AS key ORDER BY key")]


def together(graph: LadybugGraph) -> dict[tuple[str, str], list[Any]]:
    """BOUGHT_WITH by the ids of both ends: baskets, support, confidence and items."""
    rows = ask(
        graph,
        "MATCH (a:Variant)-[r:BOUGHT_WITH]->(b:Variant) RETURN a.id, b.id, r.baskets, r.support, r.confidence, r.items",
    )
    return {(source, target): figures for source, target, *figures in rows}


def test_a_stores_catalog_and_bundles_become_nodes_and_relationships(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3", "v1", "v2"))
    built = mined_and_built(shop, graph)
    assert nodes(graph, "Store") == [STORE]
    assert nodes(graph, "Variant") == [f"{STORE}/v{number}" for number in (1, 2, 3)]
    assert nodes(graph, "Product") == [f"{STORE}/pot", f"{STORE}/tea"]
    sold = ask(
        graph,
        "MATCH (:Store)-[:SELLS]->(v:Variant)-[:OF]->(p:Product) RETURN v.id AS id, v.title, v.price, p.id ORDER BY id",
    )
    assert sold == [["v1", "Tea - 50 g", 4.5, "tea"], ["v2", "Tea - 250 g", 20.0, "tea"], ["v3", "Pot", 30.0, "pot"]]
    tea = ask(graph, "MATCH (p:Product {id: 'tea'}) RETURN p.title, p.product_type, p.vendor")
    assert tea == [["Tea", "drink", "Leaf"]]
    counts = built.result.counts
    assert (counts.rows_read, counts.inserted, counts.rejected) == (14, 14, 0)


def test_a_relationship_has_the_confidence_of_its_direction(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3", "v1", "v2"))
    mined_and_built(shop, graph)
    assert together(graph) == {("v1", "v3"): [2, 0.5, 2 / 3, 2], ("v3", "v1"): [2, 0.5, 1.0, 2]}


def test_a_triple_stands_for_pairs_that_have_no_bundle_of_their_own(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders(*["v1 v2 v3"] * 3, "v1", "v2", "v3", "v3"))
    mine(shop)
    shop.connection.execute(
        "DELETE FROM commerce.bundles WHERE variant_c IS NULL AND NOT (variant_a = 'v1' AND variant_b = 'v2')"
    )
    build(shop, graph)
    items = {pair: figures[3] for pair, figures in together(graph).items()}
    assert items == {
        **dict.fromkeys([("v1", "v2"), ("v2", "v1")], 2),
        **dict.fromkeys([("v1", "v3"), ("v3", "v1"), ("v2", "v3"), ("v3", "v2")], 3),
    }
    assert together(graph)["v3", "v1"][2] == 1.0


def test_a_second_build_finds_nothing_due_and_one_by_hand_changes_nothing(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    first = mined_and_built(shop, graph)
    before = graph.path.stat()
    assert build(shop, graph) == []
    (again,) = build(shop, graph, again=True)
    counts = again.result.counts
    assert counts.unchanged == counts.rows_read == first.result.counts.inserted
    assert (counts.inserted, counts.updated, counts.deleted) == (0, 0, 0)
    assert graph.path.stat().st_ino == before.st_ino


def test_what_vanished_from_catalog_and_bundles_vanishes_from_the_graph(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS + CUP, orders=orders("v1 v3", "v1 v3", "v2 v4"))
    mined_and_built(shop, graph)
    assert ("v2", "v4") in together(graph)
    deliver(shop, NEXT_DAY, catalog=CATALOG + TEAS, orders=orders("v2 v3", first=9, at="2025-03-04 09:00"))
    built = mined_and_built(shop, graph)
    assert nodes(graph, "Variant") == [f"{STORE}/v{number}" for number in (1, 2, 3)]
    assert f"{STORE}/cup" not in nodes(graph, "Product")
    assert together(graph).keys() == {("v1", "v3"), ("v3", "v1"), ("v2", "v3"), ("v3", "v2")}
    # The cup: its two nodes, SELLS, OF and two of BOUGHT_WITH.
    assert built.result.counts.deleted == 6
    assert built.state.day == NEXT_DAY


def test_two_stores_with_the_same_ids_do_not_meet(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mined_and_built(shop, graph)
    for table in ("commerce.uploads", "ledger.loads", "commerce.bundles"):
        shop.connection.execute(f"UPDATE {table} SET store = 'other'".encode())
    shop.connection.execute("DELETE FROM ledger.loads WHERE dataset = 'product_graph'")
    (built,) = build(shop, graph)
    assert (built.result.counts.inserted, built.result.counts.deleted) == (14, 0)
    assert nodes(graph, "Store") == [STORE, "other"]
    assert len(nodes(graph, "Variant")) == 6
    across = "MATCH (a:Variant)-[:BOUGHT_WITH]->(b:Variant) WHERE a.store <> b.store RETURN a.key"
    assert ask(graph, across) == []


def test_what_was_taken_back_is_due_and_goes_from_the_graph(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mined_and_built(shop, graph)
    found = forget.find_uploads(shop.connection, forget.Selection(store=STORE))
    forget.forget_uploads(lambda: connect(shop.url), [one.subject for one in found], "ann")
    (built,) = build(shop, graph)
    assert "taken out of the graph" in built.result.message
    assert (built.result.counts.rows_read, built.result.counts.deleted) == (0, 14)
    assert ask(graph, "MATCH (n) RETURN count(*)") == [[0]]
    assert build(shop, graph) == []
    assert forget.find_uploads(shop.connection, forget.Selection(store=STORE)) == []


def test_without_a_catalog_the_second_master_and_the_bundles_name_the_variants(shop: Shop, graph: LadybugGraph) -> None:
    deliver(
        shop,
        variants="variant_id,sku,product,title\nv1,T,Tea,50 g\nv9,N,Nut,\n",
        orders=orders("v1 v3", "v1 v3"),
    )
    mined_and_built(shop, graph)
    rows = ask(
        graph,
        "MATCH (v:Variant) OPTIONAL MATCH (v)-[:OF]->(p:Product) RETURN v.id AS id, v.title, p.title ORDER BY id",
    )
    assert rows == [["v1", "Tea - 50 g", "Tea"], ["v3", None, None], ["v9", "Nut", "Nut"]]


def test_a_graph_that_was_moved_away_is_built_anew_and_another_one_beside_it(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mined_and_built(shop, graph)
    other = LadybugGraph(graph.path.with_name("other.lbdb"))
    (beside,) = build(shop, other)
    assert beside.result.counts.inserted == 14
    assert build(shop, graph) == build(shop, other) == []
    graph.path.unlink()
    assert len(build(shop, graph)) == 1
    rows = product_graph_report.table(shop.connection, STORE)
    assert [(row["variants"], row["products"], row["bought_with"]) for row in rows] == [(3, 2, 2)] * 2


def test_a_load_that_comes_between_is_read_again(
    shop: Shop, graph: LadybugGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mine(shop)
    read, calls = product_graph.read_rows, []

    def read_and_be_overtaken(connection: Any, store: str) -> Any:
        rows = list(read(connection, store))
        calls.append(store)
        if len(calls) == 1:
            deliver(shop, NEXT_DAY, catalog=CATALOG + TEAS + CUP)
        return rows

    monkeypatch.setattr(product_graph, "read_rows", read_and_be_overtaken)
    build(shop, graph)
    assert calls == [STORE, STORE]
    assert len(nodes(graph, "Variant")) == 4


def test_a_graph_that_somebody_holds_fails_the_load_which_stays_due(
    shop: Shop, graph: LadybugGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mined_and_built(shop, graph)
    deliver(shop, NEXT_DAY, catalog=CATALOG + TEAS + CUP)
    monkeypatch.setattr(product_graph, "repeat_transient", lambda action: action())
    with writing(graph.path), pytest.raises(TransientError, match="already open"):
        build(shop, graph)
    last = shop.ledger()[-1]
    assert (last["dataset"], last["status"]) == ("product_graph", "failed")
    assert "already open" in str(last["message"])
    assert len(build(shop, graph)) == 1


def nameless_products(read: Any) -> Any:
    """Rows whose products have lost their keys: the graph refuses them, and with them every OF."""

    def changed(connection: Any, store: str) -> Any:
        for target, table in read(connection, store):
            keyless = pa.nulls(table.num_rows, pa.string())
            yield target, table.set_column(0, "key", keyless) if target.name == "Product" else table

    return changed


@pytest.fixture
def refused(shop: Shop, graph: LadybugGraph) -> product_graph.BuiltGraph:
    """A load of which the graph took no product."""
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    mine(shop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product_graph, "read_rows", nameless_products(product_graph.read_rows))
        (built,) = build(shop, graph)
    return built


def replay(shop: Shop, graph: LadybugGraph, load_id: int | None, **options: bool) -> ReplayOutcome:
    assert load_id is not None
    wanted = ReplayOptions("ann", **options)
    return product_graph_replay.replay_elements(lambda: connect(shop.url), load_id, graph, wanted)


def test_what_the_graph_refuses_is_in_the_ledgers_rejects_and_the_rest_is_there(
    shop: Shop, graph: LadybugGraph, refused: product_graph.BuiltGraph
) -> None:
    assert (refused.result.counts.rejected, refused.result.reasons) == (5, {"null_key": 2, "orphan": 3})
    rows = shop.rows("SELECT file, code, raw FROM ledger.rejects ORDER BY sequence")
    assert {(file, code) for file, code, _ in rows} == {("Product", "null_key"), ("Variant-OF->Product", "orphan")}
    assert f'"source": "{STORE}/v1"' in str(rows[2][2])
    assert (len(nodes(graph, "Variant")), nodes(graph, "Product")) == (3, [])


def test_refused_elements_are_written_again_and_leave_the_rejects(
    shop: Shop, graph: LadybugGraph, refused: product_graph.BuiltGraph
) -> None:
    load_id = refused.result.load_id
    assert replay(shop, graph, load_id, dry_run=True).passed == 5
    assert nodes(graph, "Product") == []
    outcome = replay(shop, graph, load_id)
    assert (outcome.passed, outcome.failures) == (5, ())
    assert len(nodes(graph, "Product")) == 2
    last = shop.ledger()[-1]
    assert (last["load_id"], last["rejected"], last["inserted"]) == (load_id, 0, last["rows_read"])
    assert shop.value("SELECT count(*) FROM ledger.rejects WHERE replay_id IS NULL") == 0
    assert replay(shop, graph, load_id).passed == 0
    assert build(shop, graph) == []


def test_what_is_refused_again_stays_a_reject_and_an_old_load_is_not_replayed(
    shop: Shop, graph: LadybugGraph, refused: product_graph.BuiltGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(product_graph_replay, "read_rows", nameless_products(product_graph_replay.read_rows))
        outcome = replay(shop, graph, refused.result.load_id)
    assert (outcome.passed, len(outcome.failures)) == (0, 5)
    deliver(shop, NEXT_DAY, catalog=CATALOG + TEAS + CUP)
    with pytest.raises(UsageError, match="hold other things"):
        replay(shop, graph, refused.result.load_id)
    build(shop, graph)
    with pytest.raises(UsageError, match="not the newest"):
        replay(shop, graph, refused.result.load_id)


def test_runs_are_in_the_ledger_with_counts_that_balance(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS, orders=orders("v1 v3", "v1 v3"))
    built = mined_and_built(shop, graph)
    row = shop.ledger()[-1]
    assert (row["dataset"], row["status"], row["load_id"]) == ("product_graph", "loaded", built.result.load_id)
    assert (row["store"], row["day"], str(row["upload_id"])) == (STORE, DAY, shop.upload_id)
    facts = row["facts"]["product_graph"]  # type: ignore[index]
    assert sum(counts["rows"] for counts in facts["elements"].values()) == row["rows_read"]
    assert facts["graph"] == graph.name
    run = shop.rows("SELECT pipeline, ended_at IS NOT NULL FROM ledger.runs WHERE run_id = %s", row["run_id"])
    assert run == [("commerce_product_graph", True)]


def test_a_store_without_orders_has_its_catalog_in_the_graph(shop: Shop, graph: LadybugGraph) -> None:
    deliver(shop, catalog=CATALOG + TEAS)
    (built,) = build(shop, graph)
    assert (built.state.day, len(nodes(graph, "Variant")), together(graph)) == (DAY, 3, {})

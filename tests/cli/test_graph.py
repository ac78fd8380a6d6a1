from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import CATALOG, Deliver, Run

ORDERS = "order_id,created_at,currency,quantity,unit_price,variant_id\n" + "".join(
    f"#{number},2026-03-01 10:00:00,EUR,1,10.50,{variant}\n"
    for number, variants in enumerate([*[["v1", "v2"]] * 6, *[["v1"]] * 2, *[["v3"]] * 6])
    for variant in variants
)


@pytest.fixture
def graph(tmp_path: Path, environment: Callable[..., None]) -> Path:
    environment(LONGSHORE_GRAPH=str(tmp_path / "shop.lbdb"))
    return tmp_path / "shop.lbdb"


@pytest.fixture
def mined(run: Run, deliver: Deliver, database: str, graph: Path) -> str:
    """URL of a database with one store's bundles, of which the graph knows nothing yet."""
    folder = deliver(catalog=CATALOG + "v3,cord,Cord,C-1,3\n", orders=ORDERS)
    assert run("load", "commerce", folder, "--target", database).code == 0
    assert run("bundles", "mine", "--target", database).code == 0
    return database


def test_what_is_due_is_said_then_built_then_shown(run: Run, mined: str, graph: Path) -> None:
    before = run("graph", "--target", mined)
    assert (before.code, before.out) == (0, "")
    assert "1 store due: ./longshore graph build" in before.err
    built = run("graph", "build", "--json", "--target", mined)
    assert built.code == 0
    (store,) = built.json()
    assert (store["store"], store["inserted"], store["rejected"]) == ("acme", 14, 0)
    (shown,) = run("graph", "--json", "--target", mined).json()
    assert [shown[name] for name in ("variants", "products", "bought_with")] == [3, 2, 2]
    assert shown["graph"] == f"ladybug:{graph}"
    table = run("graph", "--target", mined)
    assert ("acme" in table.out, "due" in table.err) == (True, False)
    asked = run("query", "--store", "graph", "MATCH (a)-[:BOUGHT_WITH]->(b) RETURN a.id AS id, b.id ORDER BY id")
    assert asked.out.split()[-4:] == ["v1", "v2", "v2", "v1"]


def test_a_second_build_has_nothing_to_do_and_again_changes_nothing(run: Run, mined: str) -> None:
    run("graph", "build", "--target", mined)
    second = run("graph", "build", "--target", mined)
    assert (second.code, second.out) == (0, "")
    assert "No store is due" in second.err
    (again,) = run("graph", "build", "--again", "--store", "acme", "--json", "--target", mined).json()
    assert (again["unchanged"], again["rows_read"]) == (14, 14)
    assert run("graph", "build", "--again", "--store", "other", "--json", "--target", mined).json() == []


def test_explain_shows_what_the_graph_got(run: Run, mined: str) -> None:
    (built,) = run("graph", "build", "--json", "--target", mined).json()
    said = run("explain", built["load_id"], "--target", mined).out
    assert "Variant-BOUGHT_WITH->Variant" in said
    assert "shop.lbdb" in said


def test_the_forgotten_stores_nodes_go_with_the_next_build(run: Run, mined: str) -> None:
    run("graph", "build", "--target", mined)
    assert run("uploads", "forget", "--store", "acme", "--yes", "--target", mined).code == 0
    (built,) = run("graph", "build", "--json", "--target", mined).json()
    assert built["deleted"] == 14
    assert run("query", "--store", "graph", "MATCH (n) RETURN n", "--json").json() == []


def test_a_wrong_address_of_a_server_is_wrong_usage(run: Run, mined: str, environment: Callable[..., None]) -> None:
    environment(LONGSHORE_NEO4J="postgresql://ann:secret@graphs.example/shop")
    ended = run("graph", "build", "--target", mined)
    assert ended.code == 2
    assert "secret" not in ended.err


def test_rejects_of_the_graph_are_replayed_without_a_file(run: Run, mined: str) -> None:
    (built,) = run("graph", "build", "--json", "--target", mined).json()
    load = ("--load", built["load_id"], "--target", mined)
    replayed = run("rejects", "replay", *load)
    assert (replayed.code, "0 of 0 came back" in replayed.err) == (0, True)
    assert run("rejects", "replay", *load, "--profile", "erp").code == 2
    exported = run("rejects", "export", "mend.csv", *load)
    assert (exported.code, "rejects replay --load" in exported.err) == (2, True)

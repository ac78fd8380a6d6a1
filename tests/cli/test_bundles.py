from __future__ import annotations

import pytest

from tests.cli.conftest import CATALOG, Deliver, Run

ORDERS = "order_id,created_at,currency,quantity,unit_price,variant_id\n" + "".join(
    f"#{number},2026-03-01 10:00:00,EUR,1,10.50,{variant}\n" for number in range(6) for variant in ("v1", "v2")
)
OTHERS = "".join(f"#{number},2026-03-01 10:00:00,EUR,1,10.50,v1\n" for number in range(10, 12))
SINGLES = "".join(f"#{number},2026-03-01 10:00:00,EUR,1,1,v3\n" for number in range(20, 26))


@pytest.fixture
def bought(run: Run, deliver: Deliver, database: str) -> str:
    """URL of a database with one store's orders, in which v1 and v2 go together."""
    folder = deliver(catalog=CATALOG + "v3,cord,Cord,C-1,3\n", orders=ORDERS + OTHERS + SINGLES)
    assert run("load", "commerce", folder, "--target", database).code == 0
    return database


def test_what_is_due_is_said_then_mined_then_shown(run: Run, bought: str) -> None:
    before = run("bundles", "--target", bought)
    assert (before.code, before.out) == (0, "")
    assert "1 window due: ./longshore bundles mine" in before.err
    mined = run("bundles", "mine", "--json", "--target", bought)
    assert mined.code == 0
    (window,) = mined.json()
    assert (window["store"], window["day"], window["inserted"]) == ("acme", "2026-03-01", 1)
    assert window["facts"]["baskets"] == 14
    shown = run("bundles", "--target", bought)
    assert "v1 + v2" in shown.out
    assert "22.50" in shown.out
    assert "due" not in shown.err
    again = run("bundles", "mine", "--target", bought)
    assert (again.code, again.out) == (0, "")
    assert "No window is due" in again.err


def test_json_has_every_bundle_of_the_days_and_store(run: Run, bought: str) -> None:
    assert run("bundles", "mine", "--from", "2026-03-01", "--until", "2026-03-01", "--target", bought).code == 0
    (bundle,) = run("bundles", "--json", "--target", bought).json()
    assert (bundle["variants"], bundle["products"], bundle["price"]) == (["v1", "v2"], ["Lamp", "Lamp"], 22.5)
    for words in (["--store", "other"], ["--from", "2026-03-02"], ["--until", "2026-02-28"]):
        assert run("bundles", *words, "--json", "--target", bought).json() == []
    assert len(run("bundles", "--from", "2026-03-01", "--json", "--target", bought).json()) == 1


def test_explain_shows_what_the_bundles_were_mined_from(run: Run, bought: str) -> None:
    (window,) = run("bundles", "mine", "--json", "--target", bought).json()
    said = run("explain", window["load_id"], "--target", bought).out
    assert "Orders from 2025-12-02 to 2026-03-01: 14 baskets" in said
    assert "20 lines: 20 used" in said
    assert "mine" in said


def test_the_forgotten_stores_bundles_are_gone(run: Run, bought: str) -> None:
    run("bundles", "mine", "--target", bought)
    assert run("uploads", "forget", "--store", "acme", "--yes", "--target", bought).code == 0
    assert run("bundles", "--json", "--target", bought).json() == []


def test_days_in_the_wrong_order_end_with_2(run: Run, bought: str) -> None:
    for command in (["bundles"], ["bundles", "mine"]):
        assert run(*command, "--from", "2026-03-02", "--until", "2026-03-01", "--target", bought).code == 2

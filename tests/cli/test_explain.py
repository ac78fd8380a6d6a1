from __future__ import annotations

from tests.cli.conftest import CATALOG, Deliver, Run


def test_a_load_is_explained_by_phases_files_and_rejects(run: Run, loaded: str) -> None:
    ended = run("explain", 4, "--target", loaded)
    assert ended.code == 0
    for words in (
        "order_lines of acme 2026-03-01, loaded",
        "copy",
        "█",
        "orders.csv",
        "not_an_integer",
        "encoding utf-8",
    ):
        assert words in ended.out


def test_the_shares_of_the_phases_add_up(run: Run, loaded: str) -> None:
    load = run("explain", 1, "--json", "--target", loaded).json()
    assert (load["dataset"], load["status"], load["source"], load["inserted"]) == ("catalog", "loaded", "cli", 2)
    assert abs(sum(load["shares"].values()) - 1) < 0.01
    assert load["bytes"] == len(CATALOG)


def test_header_changes_and_columns_that_are_not_loaded_are_named(run: Run, deliver: Deliver, loaded: str) -> None:
    changed = CATALOG.replace("price", "price,colour", 1)
    folder = deliver(
        catalog="".join(f"{line},red\n" if number else f"{line}\n" for number, line in enumerate(changed.splitlines()))
    )
    load = run("load", "commerce", folder / "catalog.csv", "--json", "--target", loaded).json()["datasets"][0]
    ended = run("explain", load["load_id"], "--target", loaded)
    assert "Columns not loaded: colour" in ended.out
    assert "+colour" in ended.out


def test_a_load_that_read_nothing_is_explained_by_its_message(run: Run, loaded: str) -> None:
    ended = run("explain", 5, "--target", loaded)
    assert ended.code == 0
    assert "not delivered" in ended.out


def test_a_number_that_no_load_has_ends_with_2(run: Run, loaded: str) -> None:
    ended = run("explain", 99, "--target", loaded)
    assert ended.code == 2
    assert "no load 99" in ended.err


def test_orders_that_do_not_agree_with_their_subtotal_are_counted_and_can_be_shown(
    run: Run, deliver: Deliver, database: str
) -> None:
    orders = "order_id,created_at,subtotal,quantity,unit_price\n#1,2026-03-01,20,2,10\n#2,2026-03-01,7,2,10\n"
    run("load", "commerce", deliver(orders=orders), "--target", database)
    shown = run("explain", 3, "--target", database).out
    assert "Money: 1 of 2 orders do not agree with their subtotal" in shown
    query = shown.split('query "')[1].split('"')[0]
    (row,) = run("query", query, "--json", "--target", database).json()
    assert (row["order_id"], row["difference"]) == ("#2", 13)
    assert "order_money" in run("explain", 3, "--json", "--target", database).out

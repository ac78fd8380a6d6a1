from __future__ import annotations

import pytest

from tests.cli.conftest import CATALOG, ORDERS, Deliver, Run


def test_rejects_are_listed_with_line_column_and_reason(run: Run, loaded: str) -> None:
    ended = run("rejects", "list", "--json", "--target", loaded)
    assert ended.code == 0
    (reject,) = ended.json()
    assert (reject["dataset"], reject["file"], reject["line"], reject["column"]) == (
        "order_lines",
        "orders.csv",
        3,
        "quantity",
    )
    assert "two" not in ended.out, "reasons speak of the value's shape"
    assert (reject["load_id"], reject["sequence"]) == (4, 2)


def test_the_list_names_the_command_that_shows_one(run: Run, loaded: str) -> None:
    ended = run("rejects", "list", "--target", loaded)
    assert "orders.csv" in ended.out
    assert "./longshore rejects show 4 2" in ended.err
    assert "./longshore rejects export FILE.csv --load 4" in ended.err


def test_the_list_offers_no_export_of_what_cannot_come_back(run: Run, loaded: str, deliver: Deliver) -> None:
    run("load", "commerce", deliver(orders=ORDERS), "--target", loaded)
    ended = run("rejects", "list", "--load", 4, "--target", loaded)
    assert "export" not in ended.err
    assert "with the file only" in ended.err
    assert run("rejects", "export", "mend.csv", "--load", 4, "--target", loaded).code == 2


def test_one_is_shown_with_its_text(run: Run, loaded: str) -> None:
    assert "#1,,,two,12.00,v2" in run("rejects", "show", 4, 2, "--target", loaded).out
    assert run("rejects", "show", 4, 2, "--json", "--target", loaded).json()["raw"].startswith("#1,,,two")


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--store", "acme"], 1),
        (["--store", "other"], 0),
        (["--day", "2026-03-01"], 1),
        (["--day", "2026-03-02"], 0),
        (["--load", "4"], 1),
        (["--load", "1"], 0),
    ],
)
def test_the_list_can_be_narrowed(run: Run, loaded: str, words: list[str], count: int) -> None:
    assert len(run("rejects", "list", *words, "--json", "--target", loaded).json()) == count


def test_a_list_that_is_cut_off_says_so(run: Run, deliver: Deliver, database: str) -> None:
    faulty = CATALOG + "v3,lamp,Lamp,L-3,dear\nv4,lamp,Lamp,L-4,dear\n"
    run("load", "commerce", deliver(catalog=faulty), "--target", database)
    ended = run("rejects", "list", "--limit", 1, "--json", "--target", database)
    assert len(ended.json()) == 1
    assert "--limit" in ended.err


def test_what_is_not_there_ends_with_2(run: Run, loaded: str) -> None:
    assert run("rejects", "show", 4, 99, "--target", loaded).code == 2
    assert run("rejects", "show", 99, 1, "--target", loaded).code == 2
    assert run("rejects", "list", "--load", 99, "--target", loaded).code == 2


def test_a_database_without_a_ledger_says_to_load_first(run: Run, database: str) -> None:
    ended = run("rejects", "list", "--target", database)
    assert ended.code == 1
    assert "longshore load commerce" in ended.err

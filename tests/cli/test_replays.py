from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import CATALOG, ORDERS, Deliver, Run

PLACE = ("--store", "acme", "--day", "2026-03-01", "--dataset", "orders")


@pytest.fixture
def mended(run: Run, loaded: str, tmp_path: Path) -> Path:
    """The export of the one reject, mended."""
    file = tmp_path / "mend.csv"
    ended = run("rejects", "export", file, *PLACE, "--target", loaded)
    assert (ended.code, ended.out) == (0, "")
    assert f"replay --from {file}" in ended.err
    file.write_bytes(file.read_bytes().replace(b"two", b"2"))
    return file


def test_a_mended_export_comes_back_and_is_no_reject_any_more(run: Run, loaded: str, mended: Path) -> None:
    tried = run("rejects", "replay", "--from", mended, "--dry-run", "--json", "--target", loaded)
    assert (tried.code, tried.json()["passed"], tried.json()["replay_id"]) == (0, 1, None)
    ended = run("rejects", "replay", "--from", mended, "--target", loaded)
    assert ended.code == 0
    assert "order_lines" in ended.out
    assert "1 of 1 came back" in ended.err
    assert run("rejects", "list", "--json", "--target", loaded).json() == []
    (row,) = run("rejects", "list", "--all", "--json", "--target", loaded).json()
    assert (row["sequence"], row["replay_id"] is None, row["replayed_at"] is None) == (2, False, False)
    assert "replayed_by" in run("rejects", "show", 4, 2, "--target", loaded).out
    assert "not_a_number" not in run("explain", 4, "--target", loaded).out


def test_a_second_replay_says_that_it_found_nothing_to_do(run: Run, loaded: str, mended: Path) -> None:
    run("rejects", "replay", "--from", mended, "--target", loaded)
    ended = run("rejects", "replay", "--from", mended, "--target", loaded)
    assert ended.code == 0
    assert "came back before" in ended.err


def test_what_fails_again_ends_with_3_and_its_reason_without_its_text(run: Run, loaded: str) -> None:
    ended = run("rejects", "replay", "--load", 4, "--target", loaded)
    assert ended.code == 3
    assert "orders.csv line 3, quantity" in ended.err
    assert "two" not in ended.err
    (failure,) = run("rejects", "replay", "--load", 4, "--json", "--target", loaded).json()["failures"]
    assert (failure["sequence"], failure["column"]) == (2, "quantity")


def test_wrong_usage_ends_with_2(run: Run, loaded: str, mended: Path, tmp_path: Path) -> None:
    for words in (
        ["replay"],
        ["replay", "--load", "99"],
        ["replay", "--store", "acme", "--day", "2026-03-01", "--dataset", "boxes"],
        ["replay", "--from", tmp_path / "none.csv"],
        ["export", mended, *PLACE],
        ["export", tmp_path / "n.csv", "--load", "1"],
        ["export", tmp_path / "n.csv"],
    ):
        assert run("rejects", *words, "--target", loaded).code == 2


def test_raw_leaves_what_a_spreadsheet_would_run(run: Run, deliver: Deliver, database: str, tmp_path: Path) -> None:
    run("load", "commerce", deliver(catalog=CATALOG + "v3,=1+1,Lamp,L-3,dear\n"), "--target", database)
    for name, words, cell in (("a.csv", [], "v3,'=1+1,"), ("b.csv", ["--raw"], "v3,=1+1,")):
        assert run("rejects", "export", tmp_path / name, "--load", 1, *words, "--target", database).code == 0
        assert cell in (tmp_path / name).read_text()


def test_texts_that_are_too_old_are_counted_and_then_emptied(run: Run, loaded: str) -> None:
    with psycopg.connect(loaded) as connection:
        connection.execute("UPDATE ledger.rejects SET recorded_at = now() - interval '31 days'")
    assert run("rejects", "prune", "--dry-run", "--json", "--target", loaded).json() == {"texts": 1, "dry_run": True}
    assert "emptied the text of 1 " in run("rejects", "prune", "--target", loaded).err
    assert run("rejects", "prune", "--json", "--target", loaded).json()["texts"] == 0
    ended = run("rejects", "replay", "--load", 4, "--target", loaded)
    assert ended.code == 3
    assert "reject_days" in ended.err


def test_show_tells_what_came_of_the_newest_replay(run: Run, loaded: str, tmp_path: Path) -> None:
    assert run("rejects", "show", 4, 2, "--json", "--target", loaded).json()["replay_outcome"] is None
    assert "replay" not in run("rejects", "show", 4, 2, "--target", loaded).out
    run("rejects", "replay", "--load", 4, "--target", loaded)
    file = tmp_path / "mend.csv"
    run("rejects", "export", file, "--load", 4, "--target", loaded)
    text = file.read_text()
    file.write_text(text.replace("two,12.00", "2,twelve"))
    run("rejects", "replay", "--from", file, "--target", loaded)
    again = run("rejects", "show", 4, 2, "--json", "--target", loaded).json()
    assert (again["column"], again["replay_outcome"], again["replay_column"]) == (
        "quantity",
        "rejected again",
        "unit_price",
    )
    assert "rejected again" in run("rejects", "show", 4, 2, "--target", loaded).out
    file.write_text(text.replace("two,12.00", "2,12.00"))
    run("rejects", "replay", "--from", file, "--target", loaded)
    back = run("rejects", "show", 4, 2, "--json", "--target", loaded).json()
    assert (back["replay_outcome"], back["replay_reason"]) == ("came back", None)


def test_show_tells_it_of_an_orders_header_too(run: Run, deliver: Deliver, database: str) -> None:
    faulty = ORDERS.replace("2026-03-01 10:00:00", "yesterday")
    run("load", "commerce", deliver(orders=faulty), "--target", database)
    [header, *_] = [
        one for one in run("rejects", "list", "--json", "--target", database).json() if one["dataset"] == "orders"
    ]
    run("rejects", "replay", "--load", header["load_id"], "--target", database)
    shown = run("rejects", "show", header["load_id"], header["sequence"], "--json", "--target", database).json()
    assert (shown["dataset"], shown["replay_outcome"], shown["replay_column"]) == (
        "orders",
        "rejected again",
        "created_at",
    )

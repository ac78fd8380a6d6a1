from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from include.postgres.session import connect
from tests.cli.conftest import CATALOG, INVENTORY, ORDERS, Deliver, Run


def count(url: str, table: str) -> int:
    with connect(url) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # type: ignore[index]


@pytest.fixture
def with_addresses(run: Run, deliver: Deliver, database: str, tmp_path: Path) -> str:
    """URL of a database with two orders of one person, whose address a profile asks for."""
    profile = tmp_path / "mail.yaml"
    profile.write_text("name: mail\ndatasets:\n  orders:\n    personal: [email]\n", encoding="utf-8")
    header, *lines = ORDERS.splitlines()
    text = "\n".join([f"{header},email", *(f"{line},ann@example.com" for line in lines)]) + "\n"
    folder = deliver(catalog=CATALOG, orders=text)
    assert run("load", "commerce", folder, "--profile", profile, "--target", database).code == 0
    return database


def test_a_dry_run_counts_rows_by_table_and_changes_nothing(run: Run, loaded: str) -> None:
    ended = run("uploads", "forget", "acme/2026-03-01", "--dry-run", "--json", "--target", loaded)
    assert ended.code == 0
    (upload,) = ended.json()["uploads"]
    assert (upload["store"], upload["day"]) == ("acme", "2026-03-01")
    assert (upload["rows"]["catalog"], upload["rows"]["order_lines"], upload["rows"]["reject texts"]) == (2, 2, 1)
    assert count(loaded, "commerce.catalog") == 2


def test_nothing_is_forgotten_where_nobody_can_be_asked(run: Run, loaded: str) -> None:
    ended = run("uploads", "forget", "--store", "acme", "--target", loaded)
    assert ended.code == 2
    assert "--yes" in ended.err
    assert count(loaded, "commerce.catalog") == 2


def test_an_upload_is_forgotten_by_its_id(run: Run, loaded: str) -> None:
    listed = run("uploads", "forget", "--store", "acme", "--dry-run", "--json", "--target", loaded).json()
    ended = run("uploads", "forget", listed["uploads"][0]["upload_id"], "--yes", "--json", "--target", loaded)
    assert ended.code == 0
    assert ended.json()["uploads"] == listed["uploads"]
    assert count(loaded, "commerce.orders") == 0
    assert "forgotten" in run("explain", 1, "--target", loaded).out


def test_an_upload_is_forgotten_by_the_signs_of_its_id_that_the_list_shows(run: Run, loaded: str) -> None:
    shown = run("uploads", "list", "--target", loaded).out.splitlines()[2].split()[2]
    assert run("uploads", "forget", shown, "--yes", "--target", loaded).code == 0
    assert count(loaded, "commerce.orders") == 0


def test_coverage_that_is_due_again_is_named(run: Run, loaded: str, deliver: Deliver) -> None:
    run("load", "commerce", deliver(day="2026-03-02", orders=ORDERS, inventory=INVENTORY), "--target", loaded)
    run("coverage", "--target", loaded)
    ended = run("uploads", "forget", "acme/2026-03-01", "--yes", "--target", loaded)
    assert "Coverage of 1 upload is due again: ./longshore coverage" in ended.err
    run("coverage", "--target", loaded)
    assert "Coverage" not in run("uploads", "forget", "acme/2026-03-01", "--yes", "--target", loaded).err


@pytest.mark.parametrize(
    ("words", "uploads"), [(["--older-than", 1], 1), (["--older-than", 100_000], 0), (["--store", "other"], 0)]
)
def test_uploads_are_chosen_by_age_and_store(run: Run, loaded: str, words: list[Any], uploads: int) -> None:
    ended = run("uploads", "forget", *words, "--dry-run", "--json", "--target", loaded)
    assert (ended.code, len(ended.json()["uploads"])) == (0, uploads)


@pytest.mark.parametrize("words", [[], ["acme"], ["acme/2026-13-01"], ["other/2026-03-01"], ["--older-than", "0"]])
def test_what_names_no_upload_ends_with_2(run: Run, loaded: str, words: list[str]) -> None:
    assert run("uploads", "forget", *words, "--yes", "--target", loaded).code == 2


def test_a_person_is_forgotten_and_said_in_counts_only(run: Run, with_addresses: str) -> None:
    ended = run("forget-person", "--email", "ann@example.com", "--yes", "--json", "--target", with_addresses)
    assert ended.code == 0
    assert ended.json()["uploads"][0]["rows"] == {"orders": 2, "reject texts": 0}
    assert "ann@" not in ended.out + ended.err
    assert count(with_addresses, "commerce.orders WHERE email IS NOT NULL") == 0
    assert count(with_addresses, "commerce.orders") == 2


def test_an_address_can_be_read_from_standard_input(
    run: Run, with_addresses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ann@example.com\n"))
    ended = run("forget-person", "--email", "-", "--dry-run", "--json", "--target", with_addresses)
    assert ended.json()["uploads"][0]["rows"]["orders"] == 2


def test_a_wrong_address_is_not_repeated(run: Run, loaded: str) -> None:
    ended = run("forget-person", "--email", "ann.example.com", "--yes", "--target", loaded)
    assert ended.code == 2
    assert "ann." not in ended.out + ended.err


def test_a_person_that_nobody_knows_is_said(run: Run, loaded: str) -> None:
    ended = run("forget-person", "--email", "nobody@example.com", "--yes", "--target", loaded)
    assert (ended.code, "nothing to forget" in ended.err) == (0, True)

from __future__ import annotations

from getpass import getuser

import pytest

from tests.cli.conftest import CATALOG, INVENTORY, Deliver, Run
from tests.cli.test_load import count

NAME = "acme/2026-03-01"


@pytest.fixture
def held(run: Run, deliver: Deliver, database: str) -> str:
    """URL of a database with a loaded delivery, whose catalog came again with 0 bytes and is held."""
    folder = deliver(catalog=CATALOG, inventory=INVENTORY)
    run("load", "commerce", folder, "--target", database)
    deliver(catalog="")
    ended = run("load", "commerce", folder, "--target", database)
    assert ended.code == 4
    assert f"./longshore uploads accept {NAME}" in ended.err
    return database


def test_uploads_are_listed_with_the_status_of_each_dataset_and_the_rows_in_the_tables(run: Run, held: str) -> None:
    (upload,) = run("uploads", "list", "--json", "--target", held).json()
    assert (upload["store"], upload["day"], upload["rows"]) == ("acme", "2026-03-01", 4)
    by_name = {dataset["dataset"]: dataset for dataset in upload["datasets"]}
    assert (by_name["catalog"]["status"], by_name["catalog"]["rows"]) == ("held", 2)
    assert upload["url"].endswith(NAME)
    page = run("uploads", "list", "--target", held)
    assert (page.code, upload["upload_id"][:13] in page.out) == (0, True)
    assert f"./longshore uploads show {NAME}" in page.err


def test_each_id_of_the_list_names_its_upload_also_among_those_of_one_day(
    run: Run, deliver: Deliver, held: str
) -> None:
    run("load", "commerce", deliver("zenith", "2026-03-01", catalog=CATALOG), "--target", held)
    lines = run("uploads", "list", "--target", held).out.splitlines()[2:]
    for store, _, shown in (line.split()[:3] for line in lines):
        assert run("uploads", "show", shown, "--json", "--target", held).json()["store"] == store


@pytest.mark.parametrize(
    ("words", "stores"),
    [
        (["--held"], ["acme"]),
        (["--held", "--store", "zenith"], []),
        (["--store", "zenith"], ["zenith"]),
        (["--from", "2026-03-02"], ["zenith"]),
        (["--until", "2026-03-01"], ["acme"]),
        ([], ["zenith", "acme"]),
    ],
)
def test_the_list_can_be_narrowed(run: Run, deliver: Deliver, held: str, words: list[str], stores: list[str]) -> None:
    run("load", "commerce", deliver("zenith", "2026-03-02", catalog=CATALOG), "--target", held)
    listed = run("uploads", "list", *words, "--json", "--target", held).json()
    assert [upload["store"] for upload in listed] == stores


def test_a_list_that_is_cut_off_says_so(run: Run, deliver: Deliver, held: str) -> None:
    run("load", "commerce", deliver(day="2026-03-02", catalog=CATALOG), "--target", held)
    ended = run("uploads", "list", "--limit", 1, "--json", "--target", held)
    assert [upload["day"] for upload in ended.json()] == ["2026-03-02"]
    assert "--limit" in ended.err


def test_show_sets_what_it_would_change_beside_what_is_loaded(run: Run, held: str) -> None:
    ended = run("uploads", "show", NAME, "--json", "--target", held)
    assert ended.code == 0
    catalog = ended.json()["tables"][0]
    assert (catalog["status"], catalog["rows_now"], catalog["rows_then"]) == ("held", 2, 0)
    assert catalog["would"]["deleted"] == 2
    assert catalog["current"]["files"][0]["file"] == "catalog.csv"
    page = run("uploads", "show", NAME, "--target", held)
    assert "the load before read 2 rows" in page.out
    assert f"uploads accept {NAME}" in page.err
    assert count(held, "commerce.catalog") == 2


def test_accept_loads_what_is_held_and_the_ledger_knows_who_it_was(run: Run, held: str) -> None:
    ended = run("uploads", "accept", NAME, "--json", "--target", held)
    assert ended.code == 0
    assert [(result["dataset"], result["status"]) for result in ended.json()["datasets"]] == [("catalog", "loaded")]
    assert count(held, "commerce.catalog") == 0
    assert count(held, f"ledger.loads WHERE accepted_by = '{getuser()}' AND dataset = 'catalog'") == 1
    assert run("uploads", "list", "--held", "--target", held).err.strip() == "Nothing is held."
    assert getuser() in run("uploads", "show", NAME, "--target", held).out


def test_accept_ends_with_4_where_other_bytes_lie_there_now(run: Run, deliver: Deliver, held: str) -> None:
    deliver(catalog=CATALOG.replace("10.50", "11.50"))
    shown = run("uploads", "show", NAME, "--target", held)
    assert "./longshore load commerce file:///" in shown.err
    assert f"./longshore uploads accept {NAME} --force" in shown.err
    refused = run("uploads", "accept", NAME, "--target", held)
    assert (refused.code, "changed: catalog.csv" in refused.err) == (4, True)
    assert run("uploads", "accept", NAME, "--force", "--target", held).code == 0
    assert count(held, "commerce.catalog WHERE price = 11.50") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "nobody/2026-03-01"], "uploads list"),
        (["accept", NAME, "--dataset", "inventory"], "not held"),
        (["accept", NAME, "--dataset", "nothing"], "no dataset"),
    ],
)
def test_what_is_not_there_or_not_held_ends_with_2(run: Run, held: str, words: list[str], said: str) -> None:
    ended = run("uploads", *words, "--target", held)
    assert ended.code == 2
    assert said in ended.err


def test_a_database_of_the_schema_before_is_brought_up_to_date_first(run: Run, held: str) -> None:
    from include.migrations import migrate
    from include.postgres.session import connect

    with connect(held) as connection:
        migrate(connection, 2)
    assert run("uploads", "list", "--held", "--target", held).code == 0

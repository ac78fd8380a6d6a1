from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import CATALOG, FAULTY_ORDERS, INVENTORY, ORDERS, Deliver, Run

DATASETS = ["catalog", "inventory", "orders", "order_lines", "variants"]


def count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


def test_a_folder_loads_and_prints_one_json_object(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog=CATALOG, inventory=INVENTORY, orders=ORDERS)
    ended = run("load", "commerce", folder, "--json", "--target", database)
    assert ended.code == 0
    result = ended.json()
    assert set(result) == {"upload_id", "run_id", "datasets"}
    assert [dataset["dataset"] for dataset in result["datasets"]] == DATASETS
    assert [dataset["status"] for dataset in result["datasets"]] == [*["loaded"] * 4, "skipped"]
    assert [dataset["inserted"] for dataset in result["datasets"]] == [2, 2, 2, 3, 0]
    assert count(database, "commerce.order_lines") == 3


def test_the_upload_is_closed(loaded: str) -> None:
    assert count(loaded, "commerce.uploads WHERE closed_at IS NOT NULL") == 1
    assert count(loaded, "ledger.runs WHERE ended_at IS NOT NULL AND source = 'cli'") == 1


def test_loading_again_changes_nothing_unless_forced(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog=CATALOG)
    run("load", "commerce", folder, "--target", database)
    again = run("load", "commerce", folder, "--json", "--target", database)
    forced = run("load", "commerce", folder, "--json", "--force", "--target", database)
    assert (again.code, forced.code) == (0, 0)
    assert again.json()["datasets"][0]["status"] == "unchanged"
    assert forced.json()["datasets"][0]["status"] == "loaded"
    assert forced.json()["datasets"][0]["unchanged"] == 2


def test_rejects_end_with_3_and_the_way_to_see_them(run: Run, deliver: Deliver, database: str) -> None:
    ended = run("load", "commerce", deliver(orders=FAULTY_ORDERS), "--target", database)
    assert ended.code == 3
    assert "rejects list --load" in ended.err
    assert "order_lines" in ended.out


def test_a_dataset_that_fails_stops_no_other_and_is_in_the_json(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog="no,such,header\n1,2,3\n", inventory=INVENTORY, orders=ORDERS)
    ended = run("load", "commerce", folder, "--json", "--target", database)
    assert ended.code == 1
    by_name = {dataset["dataset"]: dataset for dataset in ended.json()["datasets"]}
    assert by_name["catalog"]["status"] == "failed"
    assert "no header for variant_id or handle" in by_name["catalog"]["message"]
    assert by_name["catalog"]["load_id"] is not None
    assert by_name["orders"]["status"] == "loaded"


def test_a_load_over_budget_fails_with_its_rejects_in_the_json(run: Run, deliver: Deliver, database: str) -> None:
    rows = "".join(f"v{number},x,{number}\n" for number in range(90)) + "".join(f"w{n},x,dear\n" for n in range(20))
    ended = run("load", "commerce", deliver(catalog="variant_id,handle,price\n" + rows), "--json", "--target", database)
    assert ended.code == 1
    catalog = ended.json()["datasets"][0]
    assert (catalog["status"], catalog["rejected"]) == ("failed", 20)
    assert count(database, "commerce.catalog") == 0


def test_an_empty_file_is_held_until_it_is_accepted(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog=CATALOG, inventory=INVENTORY)
    run("load", "commerce", folder, "--target", database)
    deliver(catalog="")
    held = run("load", "commerce", folder, "--json", "--target", database)
    assert held.code == 4
    assert held.json()["datasets"][0]["status"] == "held"
    assert "--accept" in held.json()["datasets"][0]["message"]
    assert count(database, "commerce.catalog") == 2
    accepted = run("load", "commerce", folder, "--accept", "--json", "--target", database)
    assert accepted.json()["datasets"][0]["status"] == "loaded"
    assert count(database, "commerce.catalog") == 0
    assert count(database, "ledger.loads WHERE accepted_by IS NOT NULL AND dataset = 'catalog'") == 1


def test_a_dry_run_leaves_no_trace(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog=CATALOG, orders=FAULTY_ORDERS)
    ended = run("load", "commerce", folder, "--dry-run", "--json", "--target", database)
    assert ended.code == 3
    catalog = ended.json()["datasets"][0]
    assert (catalog["inserted"], catalog["load_id"]) == (2, None)
    tables = ("commerce.catalog", "commerce.uploads", "ledger.runs", "ledger.loads", "ledger.rejects")
    assert [count(database, table) for table in tables] == [0] * len(tables)


def test_a_dry_run_leaves_an_upload_closed_that_was_closed(run: Run, loaded: str, deliver: Deliver) -> None:
    run("load", "commerce", deliver(), "--dry-run", "--force", "--target", loaded)
    assert count(loaded, "commerce.uploads WHERE closed_at IS NOT NULL") == 1


def test_a_single_file_loads_its_own_datasets_only(run: Run, deliver: Deliver, database: str) -> None:
    folder = deliver(catalog=CATALOG, orders=ORDERS)
    ended = run("load", "commerce", folder / "orders.csv", "--json", "--target", database)
    assert [dataset["dataset"] for dataset in ended.json()["datasets"]] == ["orders", "order_lines"]
    assert count(database, "ledger.loads") == 2


def test_a_file_of_any_name_loads_as_what_its_header_says(
    run: Run, deliver: Deliver, database: str, tmp_path: Path
) -> None:
    export = tmp_path / "export of monday.csv"
    shutil.copy(deliver(catalog=CATALOG) / "catalog.csv", export)
    words = ("load", "commerce", export, "--store", "acme", "--day", "2026-03-02", "--target", database)
    assert run(*words).code == 0
    assert count(database, "commerce.current_catalog WHERE store = 'acme' AND day = '2026-03-02'") == 2


def test_a_file_of_which_neither_name_nor_header_say_what_it_is_asks_for_the_dataset(
    run: Run, database: str, tmp_path: Path
) -> None:
    export = tmp_path / "export.csv"
    export.write_text("a,b\n1,2\n")
    ended = run("load", "commerce", export, "--store", "acme", "--day", "2026-03-02", "--target", database)
    assert (ended.code, "--dataset" in ended.err) == (1, True)


def test_options_go_before_the_names_of_the_folder(run: Run, deliver: Deliver, database: str) -> None:
    run("load", "commerce", deliver(catalog=CATALOG), "--store", "other", "--target", database)
    assert count(database, "commerce.current_catalog WHERE store = 'other' AND day = '2026-03-01'") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no/such/folder"], "no folder and no file"),
        (["{folder}/.."], "holds no file named"),
        (["{folder}", "--dataset", "nothing"], "no dataset"),
        (["{folder}", "--day", "2026-02-30"], "--day"),
        (["{folder}", "--target", "nonsense"], "no URL that libpq understands"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_started(
    run: Run, deliver: Deliver, words: list[str], said: str
) -> None:
    folder = deliver(catalog=CATALOG)
    ended = run("load", "commerce", *(word.format(folder=folder) for word in words))
    assert ended.code == 2
    assert said in ended.err


def test_a_folder_without_a_day_needs_both_names(run: Run, deliver: Deliver, tmp_path: Path) -> None:
    shutil.copy(deliver(catalog=CATALOG) / "catalog.csv", tmp_path)
    ended = run("load", "commerce", tmp_path)
    assert ended.code == 2
    assert "--store and --day" in ended.err


def test_a_server_out_of_reach_ends_with_1(run: Run, deliver: Deliver) -> None:
    ended = run("load", "commerce", deliver(catalog=CATALOG), "--target", "postgresql://nobody:secret@127.0.0.1:1/x")
    assert ended.code == 1
    assert "secret" not in ended.err

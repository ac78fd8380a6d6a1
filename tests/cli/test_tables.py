from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Run

STOCK = "Artikelnr.;Lager;Menge;Preis\n0017;Hamburg;4;1.249,50\n0017;Köln;1;1.249,50\n0018;Köln;x;9,90\n"


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    file = tmp_path / "stock.csv"
    file.write_text(STOCK, encoding="utf-8")
    return file


@pytest.fixture
def contract(run: Run, stock: Path, tmp_path: Path) -> Path:
    """The contract as it was inferred from two good rows."""
    good, out = tmp_path / "good.csv", tmp_path / "c.yaml"
    good.write_text("\n".join(STOCK.split("\n")[:3]) + "\n", encoding="utf-8")
    ended = run("contract", "infer", good, "--key", "Artikelnr.,Lager", "--table", "erp.stock", "--out", out)
    assert (ended.code, ended.out) == (0, "")
    assert f"./longshore contract check {out} {good}" in ended.err
    return out


def test_infer_prints_the_contract_where_no_file_is_named(run: Run, stock: Path) -> None:
    ended = run("contract", "infer", stock)
    assert ended.code == 0
    assert "table: imported.stock" in ended.out


def test_an_existing_file_is_never_written_over(run: Run, stock: Path, contract: Path) -> None:
    before = contract.read_text(encoding="utf-8")
    for command in (("contract", "infer"), ("profile", "init", "--dataset", "inventory")):
        ended = run(*command, stock, "--out", contract)
        assert ended.code == 2
        assert "exists already" in ended.err
    assert contract.read_text(encoding="utf-8") == before


def test_check_shows_the_table_and_what_of_a_file_would_load(run: Run, stock: Path, contract: Path) -> None:
    alone, ended = run("contract", "check", contract), run("contract", "check", contract, stock)
    assert alone.code == 0
    assert 'PRIMARY KEY ("artikelnr", "lager")' in alone.out
    assert ended.code == 3
    assert "3 rows read: 2 to load, 1 rejected" in ended.out
    as_json = run("contract", "check", contract, stock, "--json").json()
    assert (as_json["contract"]["table"], as_json["file"]["rows"]) == ("erp.stock", 2)


def test_a_file_loads_and_the_second_time_changes_nothing(run: Run, stock: Path, contract: Path, database: str) -> None:
    words = ("load", "table", stock, "--contract", contract, "--target", database)
    first, again = run(*words), run(*words, "--json")
    assert first.code == 3
    assert "rejects list --load 1" in first.err
    assert (again.code, again.json()["status"]) == (0, "unchanged")
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT lager, menge FROM erp.stock ORDER BY 1").fetchall()
    assert rows == [("Hamburg", 4), ("Köln", 1)]


def test_a_held_load_says_so_and_is_let_through(run: Run, stock: Path, contract: Path, database: str) -> None:
    words = ("load", "table", stock, "--contract", contract, "--target", database)
    run(*words)
    stock.write_text("", encoding="utf-8")
    held = run(*words, "--json")
    assert (held.code, held.json()["status"]) == (4, "held")
    assert "--accept" in held.json()["message"]
    assert run(*words, "--accept").code == 0


def test_what_a_held_file_says_to_do_can_be_done(run: Run, stock: Path, contract: Path, database: str) -> None:
    stock.write_text("", encoding="utf-8")
    ended = run("load", "table", stock, "--contract", contract, "--target", database)
    assert ended.code == 4
    assert "--accept" in ended.err
    assert "longshore uploads" not in ended.err, "`uploads` knows the stores' deliveries only"


def test_a_load_that_fails_is_in_the_json_with_its_reason(run: Run, stock: Path, contract: Path, database: str) -> None:
    stock.write_text("a;b\n1;2\n", encoding="utf-8")
    ended = run("load", "table", stock, "--contract", contract, "--target", database, "--json")
    assert (ended.code, ended.json()["status"]) == (1, "failed")
    assert "columns.artikelnr.aliases" in ended.json()["message"]


def test_profile_init_writes_a_profile_that_check_takes(run: Run, stock: Path, tmp_path: Path) -> None:
    out = tmp_path / "erp.yaml"
    assert run("profile", "init", stock, "--dataset", "inventory", "--out", out).code == 0
    text = out.read_text(encoding="utf-8")
    assert 'sku: "Artikelnr."' in text
    assert "REQUIRED, and nothing fits surely: variant_id or handle" in text
    assert '# variant_id: "Artikelnr."  # its values would fit, instead of sku' in text
    out.write_text(text.replace('sku: "Artikelnr."', 'variant_id: "Artikelnr."'), encoding="utf-8")
    checked = run("check", stock, "--dataset", "inventory", "--profile", out)
    assert (checked.code, "2 to load, 1 rejected" in checked.out) == (3, True)


def test_an_unknown_contract_is_wrong_usage(run: Run, stock: Path) -> None:
    assert run("profile", "init", stock, "--dataset", "stock").code == 2


def test_a_reject_of_a_contracts_table_is_mended_and_comes_back(
    run: Run, stock: Path, contract: Path, database: str, tmp_path: Path
) -> None:
    run("load", "table", stock, "--contract", contract, "--target", database)
    assert "rejects export FILE.csv --load 1" in run("rejects", "list", "--target", database).err
    mend = tmp_path / "mend.csv"
    ended = run("rejects", "export", mend, "--load", 1, "--target", database)
    assert f"replay --from {mend} --contract C.yaml" in ended.err
    mend.write_text(mend.read_text(encoding="utf-8").replace(";x;", ";7;"), encoding="utf-8")
    alone = run("rejects", "replay", "--from", mend, "--target", database)
    assert (alone.code, "Add it: --contract C.yaml" in alone.err) == (2, True)
    ended = run("rejects", "replay", "--from", mend, "--contract", contract, "--target", database)
    assert (ended.code, "1 of 1 came back" in ended.err) == (0, True)
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "SELECT artikelnr, menge FROM erp.stock WHERE lager = 'Köln' ORDER BY 1"
        ).fetchall() == [
            ("0017", 1),
            ("0018", 7),
        ]
    assert run("rejects", "list", "--json", "--target", database).json() == []
    again = run("load", "table", stock, "--contract", contract, "--json", "--target", database).json()
    assert again["status"] == "unchanged"


def test_the_table_of_a_contract_is_named_by_its_load(
    run: Run, stock: Path, contract: Path, database: str, tmp_path: Path
) -> None:
    run("load", "table", stock, "--contract", contract, "--target", database)
    words = ("--store", "erp", "--day", "2026-03-01", "--dataset", "erp.stock", "--target", database)
    ended = run("rejects", "export", tmp_path / "mend.csv", *words)
    assert (ended.code, "Name the load: --load N" in ended.err) == (2, True)


def test_uploads_lists_the_tables_of_contracts_with_their_newest_delivery(
    run: Run, stock: Path, contract: Path, database: str
) -> None:
    words = ("load", "table", stock, "--contract", contract, "--target", database)
    run(*words)
    stock.write_bytes(b"")
    run(*words)
    ended = run("uploads", "list", "--tables", "--target", database)
    assert ended.out.splitlines()[-1].split()[0:5:3] == ["erp", "erp.stock"]
    assert ("held" in ended.out, "--accept" in ended.err) == (True, True)
    (upload,) = run("uploads", "list", "--tables", "--held", "--json", "--target", database).json()
    (attempt,) = upload["datasets"]
    assert (upload["store"], upload["rows"]) == ("erp", 2)
    assert (attempt["dataset"], attempt["status"], attempt["load_id"]) == ("erp.stock", "held", 2)
    assert (attempt["rows"], attempt["current_load_id"]) == (2, 1)
    assert run("uploads", "list", "--tables", "--store", "other", "--target", database).out == ""
    assert run("uploads", "list", "--json", "--target", database).json() == []

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.cli.conftest import CATALOG, FAULTY_ORDERS, INVENTORY, ORDERS, Run


@pytest.mark.parametrize(("name", "text"), [("catalog", CATALOG), ("inventory", INVENTORY), ("orders", ORDERS)])
def test_the_contract_is_told_by_the_name_or_else_by_the_header(run: Run, tmp_path: Path, name: str, text: str) -> None:
    named, unnamed = tmp_path / f"{name}-1.csv", tmp_path / "export.csv"
    for file in (named, unnamed):
        file.write_text(text)
    assert run("check", named, "--json").json() | {"file": ""} == run("check", unnamed, "--json").json() | {
        "file": "",
        "chosen_by": "name",
    }
    assert run("check", unnamed, "--json").json()["contract"] == name


def test_a_sound_file_shows_its_first_rows_as_they_were_typed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv.gz"
    file.write_bytes(gzip.compress(ORDERS.encode()))
    ended = run("check", file, "--rows", 1, "--json")
    assert ended.code == 0
    found = ended.json()
    assert found["columns"]["unit_price"] == "unit_price"
    assert (found["rows_read"], found["rows"], found["rejected"]) == (3, 3, 0)
    (row,) = found["first_rows"]
    assert (row["order_id"], row["quantity"], row["unit_price"]) == ("#1", 1, 10.5)
    assert row["created_at"] == "2026-03-01T10:00:00+00:00"


def test_rejects_end_with_3_and_name_line_and_column(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(FAULTY_ORDERS)
    ended = run("check", file, "--json")
    assert ended.code == 3
    found = ended.json()
    assert (found["rows"], found["rejected"], found["rejected_by_code"]) == (2, 1, {"not_an_integer": 1})
    assert (found["rejects"][0]["line"], found["rejects"][0]["column"]) == (3, "quantity")
    assert "two" not in ended.out
    page = run("check", file).out
    assert "3 rows read: 2 to load, 1 rejected, 0 folded" in page


def test_rows_that_name_no_variant_are_rejects_as_in_a_load(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "catalog.csv"
    file.write_text(CATALOG + ",,Lamp,L-3,5\n")
    found = run("check", file, "--json").json()
    assert (found["rejected_by_code"], found["rejects"][0]["line"]) == ({"missing": 1}, 4)


def test_form_and_columns_that_are_left_out_are_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "catalog.csv"
    file.write_text("variant_id;price;colour\nv1;1,50;red\n", encoding="utf-16")
    page = run("check", file).out
    for words in ("utf-16", "delimiter ';'", "decimal comma", "colour", "not in the file: handle"):
        assert words in page


def test_a_profile_maps_the_headers(run: Run, tmp_path: Path) -> None:
    profile, file = tmp_path / "mine.yaml", tmp_path / "catalog.csv"
    profile.write_text("datasets: {catalog: {columns: {variant_id: Artikel}}}\n")
    file.write_text("Artikel,price\nv1,1.50\n")
    assert run("check", file).code == 1
    assert run("check", file, "--profile", profile, "--json").json()["columns"]["variant_id"] == "Artikel"


def test_a_header_that_fits_no_contract_ends_with_1(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("a,b\n1,2\n")
    ended = run("check", file)
    assert ended.code == 1
    assert "--dataset" in ended.err


def test_wrong_words_end_with_2(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(CATALOG)
    assert run("check", tmp_path / "missing.csv").code == 2
    assert run("check", file, "--dataset", "nothing").code == 2

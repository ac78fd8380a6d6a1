from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import FileError
from include.pipelines.commerce.profiles.check import Checked, check_file
from include.pipelines.commerce.profiles.draft import draft_profile
from include.pipelines.commerce.records import CONTRACTS
from include.readers.profile import Profile, read_profile

ORDERS = (
    "Auftragsnr.;Auftragsdatum;Pos;Artikelnr.;Bezeichng;Menge;Einzelpreis;Währung;Kunde\n"
    "A-100;03.02.2026;1;0017;Stuhl;4;1.249,50;EUR;Fjord GmbH\n"
    "A-101;17.02.2026;1;0018;Tisch;2;399,00;EUR;Ahorn KG\n"
)


def draft(folder: Path, text: str, contract: str | None = None, name: str = "export.csv") -> tuple[str, Profile]:
    """The draft, and the profile that it is."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    written = draft_profile(str(file), contract)
    (folder / "erp.yaml").write_text(written, encoding="utf-8")
    return written, read_profile("erp", folder, CONTRACTS.values())


def check(folder: Path, profile: Profile, contract: str | None = None) -> Checked:
    return check_file(str(folder / "export.csv"), contract, profile, "UTC", max_rows=2, max_rejects=9)


def test_an_export_in_german_is_mapped_and_every_row_of_it_can_be_loaded(tmp_path: Path) -> None:
    written, profile = draft(tmp_path, ORDERS)
    assert profile.datasets["orders"].columns == {
        "order_id": "Auftragsnr.",
        "created_at": "Auftragsdatum",
        "sku": "Artikelnr.",
        "line_name": "Bezeichng",
        "quantity": "Menge",
        "unit_price": "Einzelpreis",
        "currency": "Währung",
    }
    assert (profile.decimal, profile.date_order) == ("comma", "day_first")
    found = check(tmp_path, profile)
    assert (found.contract.name, found.rows, found.counts.rejected) == ("orders", 2, 0)
    assert '# feeds no column: "Pos", "Kunde"' in written


def test_the_draft_holds_no_value(tmp_path: Path) -> None:
    written, _ = draft(tmp_path, ORDERS)
    assert not any(value in written for value in ("A-100", "Stuhl", "1.249,50", "Fjord"))


def test_what_a_load_finds_by_itself_is_a_comment(tmp_path: Path) -> None:
    written, profile = draft(tmp_path, "Name,Created at,Lineitem quantity,Lineitem price,Sku\n#1,2026-01-01,1,2.50,a\n")
    assert profile.datasets["orders"].columns == {}
    assert '# order_id: "Name"  # found by itself' in written
    assert check(tmp_path, profile).counts.rejected == 0


def test_required_columns_that_nothing_fits_are_listed_with_headers_whose_values_would(tmp_path: Path) -> None:
    written, profile = draft(tmp_path, "Menge;Stichtag;Zahl\n1;2026-01-01;2.50\n", "orders")
    assert profile.datasets["orders"].columns == {"quantity": "Menge"}
    assert "REQUIRED, and nothing fits surely: order_id." in written
    assert '# created_at: "Stichtag"  # its values would fit' in written
    with pytest.raises(FileError, match="no header for order_id"):
        check(tmp_path, profile, "orders")


def test_a_name_that_fits_with_values_that_do_not_is_unsure(tmp_path: Path) -> None:
    written, profile = draft(tmp_path, ORDERS.replace(";4;", ";viel;"), "orders")
    assert "quantity" not in profile.datasets["orders"].columns
    assert '# quantity: "Menge"  # unsure: not all of its values can be read as integer' in written


def test_personal_columns_are_comments(tmp_path: Path) -> None:
    written, profile = draft(tmp_path, ORDERS.replace("Kunde", "E-Mail"))
    assert "email" not in profile.datasets["orders"].columns
    assert "personal: not loaded unless" in written


@pytest.mark.parametrize(
    ("header", "contract"),
    [
        ("Artikelnummer;Produktkürzel;Bezeichnung;Verkaufspreis;EAN", "catalog"),
        ("Item ID;Warehouse;Available;On hand", "inventory"),
    ],
)
def test_the_contract_is_told_by_the_headers(tmp_path: Path, header: str, contract: str) -> None:
    _, profile = draft(tmp_path, f"{header}\n{';'.join('1' * len(header.split(';')))}\n")
    assert list(profile.datasets) == [contract]


def test_the_contract_is_told_by_the_files_name_first(tmp_path: Path) -> None:
    assert list(draft(tmp_path, ORDERS, name="inventory.csv")[1].datasets) == ["inventory"]


def test_headers_like_those_of_no_contract_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="--dataset"):
        draft(tmp_path, "foo,bar\n1,2\n")


def test_headers_per_market_are_no_headers_without_a_column_and_no_guesses(tmp_path: Path) -> None:
    text = "Handle,Title,Price,Price / Norway,Price / Föhr,Preis je Markt\nlamp,Lamp,1,2,3,4\n"
    written, profile = draft(tmp_path, text, "catalog")
    assert 'price_by_market: "Price / *"  # found by itself, for "Norway", "Föhr"' in written
    assert 'feeds no column: "Preis je Markt"' in written
    assert "price_by_market" not in profile.datasets["catalog"].columns
    assert check(tmp_path, profile, "catalog").first_rows[0]["price_by_market"] == '{"Norway":2.0000,"Föhr":3.0000}'

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.contracts import Column, ColumnType, Contract
from include.errors import FileError, SetupError
from include.readers.blocks import Part
from include.readers.dataset import DatasetReader
from include.readers.families import find_families
from include.readers.profile import DatasetProfile, Profile

CATALOG = Contract(
    "catalog",
    (
        Column("sku", ColumnType.IDENTIFIER, required=True),
        Column("price", ColumnType.DECIMAL, family="Price / *", minimum=Decimal(0)),
        Column("included", ColumnType.BOOLEAN, family="Included / *"),
        Column("note", ColumnType.TEXT, family="Note / *"),
    ),
)


def read(folder: Path, text: str, profile: Profile | None = None, contract: Contract = CATALOG) -> DatasetReader:
    file = folder / "catalog.csv"
    file.write_text(text, encoding="utf-8")
    part = Part(str(file), file.name, file.stat().st_size, "")
    return DatasetReader([part], contract, profile or Profile.none(), time_zone="UTC", serial=True)


def rows(reader: DatasetReader) -> tuple[list[dict[str, Any]], list[tuple[int, str | None, str]]]:
    batches = list(reader.batches())
    read = [row for batch in batches for row in batch.rows.to_pylist() if not row["_fault"]]
    return read, [(reject.line, reject.column, reject.code) for batch in batches for reject in batch.rejects]


def test_all_headers_of_a_form_become_one_object_with_exact_values(tmp_path: Path) -> None:
    header = "sku,Price / Germany,PRICE/France,Included / Germany,Note / Österreich &c\n"
    read_rows, rejects = rows(read(tmp_path, header + 'A,10.50,"1,200.00",true,"a ""word"""\nB,,,,\nC,,3,no,\n'))
    assert rejects == []
    assert [row["price"] for row in read_rows] == ['{"Germany":10.5000,"France":1200.0000}', None, '{"France":3.0000}']
    assert [row["included"] for row in read_rows] == ['{"Germany":true}', None, '{"Germany":false}']
    assert json.loads(read_rows[0]["note"]) == {"Österreich &c": 'a "word"'}


def test_a_bad_value_is_a_reject_that_names_the_header(tmp_path: Path) -> None:
    read_rows, rejects = rows(read(tmp_path, "sku,Price / A, Price / B\nx,1,dear\ny,-1,2\nz,1,2\n"))
    assert rejects == [(2, "Price / B", "not_a_number"), (3, "Price / A", "out_of_range")]
    assert [row["sku"] for row in read_rows] == ["z"]


def test_the_decimal_form_is_decided_by_the_members_too(tmp_path: Path) -> None:
    reader = read(tmp_path, "sku;Price / A;Price / B\nx;1,5;2,25\n")
    assert rows(reader)[0][0]["price"] == '{"A":1.5000,"B":2.2500}'
    assert reader.facts[0].decimal == "comma"


def test_the_facts_name_the_members_and_no_member_is_an_unknown_header(tmp_path: Path) -> None:
    facts = read(tmp_path, "sku,Price / A,Price per piece\nx,1,2\n").facts[0]
    assert facts.as_json()["families"] == {"price": ["A"]}
    assert facts.unknown_columns == ("Price per piece",)
    assert facts.mapping.missing == ("included", "note")


def test_a_profile_may_say_another_form(tmp_path: Path) -> None:
    profile = Profile(datasets={"catalog": DatasetProfile(columns={"price": "Preis * (EUR)"})})
    read_rows, _ = rows(read(tmp_path, "sku,Preis Wien (EUR),Preis Graz (EUR)\nx,1,2\n", profile))
    assert read_rows[0]["price"] == '{"Wien":1.0000,"Graz":2.0000}'


def test_a_family_that_is_required_and_not_there_is_named_by_its_form(tmp_path: Path) -> None:
    contract = Contract("c", (Column("price", ColumnType.DECIMAL, family="Price / *", required=True),))
    with pytest.raises(FileError, match=r"no header for price.*Expected one of: Price / \*"):
        list(read(tmp_path, "sku\nx\n", contract=contract).batches())


def test_a_member_that_stands_twice_is_refused() -> None:
    with pytest.raises(FileError, match="stands there twice"):
        find_families(["Price / A", "price / A"], {"price": "Price / *"}, ())


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (DatasetProfile(columns={"price": "Preis"}), r"columns.price is 'Preis'.*one star. Write it like 'Price / \*'"),
        (DatasetProfile(columns={"price": "* / *"}), "one star"),
        (DatasetProfile(constants={"price": "1"}), "constants has price"),
    ],
)
def test_a_profile_cannot_say_of_a_family_what_is_true_of_single_columns(
    tmp_path: Path, dataset: DatasetProfile, message: str
) -> None:
    with pytest.raises(SetupError, match=message):
        list(read(tmp_path, "sku,Preis\nx,1\n", Profile(datasets={"catalog": dataset})).batches())

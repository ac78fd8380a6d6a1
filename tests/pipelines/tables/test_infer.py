from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from include.contracts import ColumnType
from include.errors import FileError, UsageError
from include.pipelines.tables.contract import Merge, TableContract, read_contract
from include.pipelines.tables.infer import infer_contract
from include.readers.blocks import Part
from include.readers.cells.inspection import BLANKS
from include.readers.choices import HeaderForm
from include.readers.dataset import DatasetReader
from include.readers.headers import header_key
from include.results import LoadResult
from tests.pipelines.tables.conftest import Desk


def infer(folder: Path, text: str | bytes, **options: Any) -> tuple[str, TableContract]:
    """The draft of a file with that text, and the contract that it is."""
    file = folder / "stock list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    draft = infer_contract(str(file), **options)
    path = folder / "c.yaml"
    path.write_text(draft, encoding="utf-8")
    return draft, read_contract(path)


def types(contract: TableContract) -> dict[str, str]:
    return {name: column.type.value for name, column in contract.columns.items()}


def test_types_are_those_that_all_values_prove(tmp_path: Path) -> None:
    _, contract = infer(
        tmp_path,
        "code,zip,count,price,day,at,open,note,ean,none,bit\n"
        "A-1,01234,12,10.00,2026-01-31,2026-01-31 10:00,yes,some words,4006381333931,,1\n"
        "A-2,99999,-3,1.50,,2026-02-01 11:30,no,other,4006381333948,,0\n",
    )
    assert types(contract) == {
        "code": "identifier",
        "zip": "identifier",
        "count": "integer",
        "price": "decimal",
        "day": "date",
        "at": "timestamp",
        "open": "identifier",
        "note": "text",
        "ean": "identifier",
        "none": "text",
        "bit": "integer",
    }
    assert (contract.table, contract.key, contract.merge) == ("imported.stock_list", (), Merge.APPEND)


@pytest.mark.parametrize(
    ("cells", "forms", "kind"),
    [
        (("1.234,50", "2,00"), {"decimal": "comma"}, "decimal"),
        (("1,234.50", "2.00"), {"decimal": "dot"}, "decimal"),
        (("1.234", "2.345"), {}, "identifier"),
        (("31.01.2026", "01.02.2026"), {"date_order": "day_first"}, "date"),
        (("01/31/2026", "02/01/2026"), {"date_order": "month_first"}, "date"),
        (("01.02.2026", "05.05.2026"), {}, "identifier"),
        (("5.5.2026", "6.6.2026"), {}, "identifier"),
        (("2026-01-31", "2026-02-01"), {}, "date"),
    ],
)
def test_forms_are_decided_by_all_values_and_what_fits_two_readings_stays_text(
    tmp_path: Path, cells: tuple[str, str], forms: dict[str, str], kind: str
) -> None:
    draft, contract = infer(tmp_path, f"id;value\na;{cells[0]}\nb;{cells[1]}\n")
    assert {name: getattr(contract, name) for name in ("decimal", "date_order") if getattr(contract, name)} == forms
    assert contract.columns["value"].type == kind
    assert ("kept as text" in draft) == (kind == "identifier")


def test_one_bad_value_is_said_with_what_to_do(tmp_path: Path) -> None:
    draft, contract = infer(tmp_path, "id,price\na,1.50\nb,2.50\nc,on request\n")
    assert contract.columns["price"].type == "text"
    assert "2 of the first 3 values are of type decimal" in draft
    assert "null_words" in draft


def test_the_draft_holds_shapes_but_no_value(tmp_path: Path) -> None:
    draft, _ = infer(tmp_path, "id,name\n4711,Larch\n4712,Birch\n")
    assert '"aaaaa"' in draft
    assert not any(value in draft for value in ("4711", "Larch", "Birch"))


def test_a_key_is_taken_by_header_or_by_name_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    text = "Art. Nr,Lager\n1,a\n1,b\n"
    assert infer(tmp_path, text, key=["Art. Nr", "lager"])[1].key == ("art_nr", "lager")
    draft, contract = infer(tmp_path, "a,b\n1,1\n1,1\n")
    assert contract.key == () and "key: [a, b]" in draft
    with pytest.raises(UsageError, match=r"no column 'nr'.*art_nr, lager"):
        infer(tmp_path, text, key=["nr"])


def test_headers_of_one_form_become_a_family_unless_another_header_has_that_form(tmp_path: Path) -> None:
    _, contract = infer(tmp_path, "id,Price / A,Price / B\nx,1.50,2\ny,,3.25\n")
    assert (contract.columns["price"].family, contract.columns["price"].type) == ("Price / *", ColumnType.DECIMAL)
    _, mixed = infer(tmp_path, "id,Price / A,Price / B,price/b\nx,1.50,2,3\n")
    assert [column.family for column in mixed.columns.values()] == [None, None, None, None]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column that holds anything"):
        infer(tmp_path, "")


# What a CSV of UTF-8 can hold and a PostgreSQL text can store.
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=10)
VALUES = {
    "text": TEXTS.map(lambda text: f"x {text}"),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(min_value=-(10**13), max_value=10**13, places=4),
    "date": st.dates(dt.date(1000, 1, 1), dt.date(9998, 12, 31)),
    "timestamp": st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9998, 12, 31)),
    "boolean": st.booleans(),
}
BOUNDED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def as_csv(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def read_back(desk: Desk, contract: TableContract) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name in contract.columns)
    return desk.rows(f"SELECT {columns} FROM {contract.table} ORDER BY source_line")


def load_anew(desk: Desk, text: str, draft: str, contract: TableContract) -> LoadResult:
    desk.connection.execute(f"DROP TABLE IF EXISTS {contract.table}".encode())
    return desk.load(text, draft, force=True)


def as_typed(value: Any, kind: ColumnType) -> Any:
    """What a generated value is in a column of the inferred type."""
    if value is None:
        return None
    if kind in {ColumnType.TEXT, ColumnType.IDENTIFIER}:
        return str(value)
    if kind is ColumnType.DECIMAL:
        return Decimal(value)
    if kind is ColumnType.TIMESTAMP:
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        return moment.replace(tzinfo=dt.UTC)
    return value


@BOUNDED
@given(st.data(), st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5))
def test_any_table_of_values_is_inferred_and_loaded_and_comes_out_again(
    desk: Desk, data: st.DataObject, kinds: list[str]
) -> None:
    row = st.tuples(*(st.one_of(st.none(), VALUES[kind]) for kind in kinds))
    rows = [list(values) for values in data.draw(st.lists(row, min_size=1, max_size=8))]
    header = ["row", *(f"{kind} {number}" for number, kind in enumerate(kinds))]
    text = as_csv([header, *([f"r{number}", *values] for number, values in enumerate(rows))])
    draft, contract = infer(desk.folder, text, delimiter=",", header=HeaderForm.FIRST)
    result = load_anew(desk, text, draft, contract)
    assert (result.counts.rows_read, result.counts.rejected, result.counts.inserted) == (len(rows), 0, len(rows))
    found = [column.type for column in contract.columns.values()][1:]
    expected = [tuple(map(as_typed, values, found)) for values in rows]
    assert [values[1:] for values in read_back(desk, contract)] == expected


@BOUNDED
@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(st.lists(TEXTS, min_size=4, max_size=4), max_size=6))
def test_any_texts_under_any_headers_load_without_a_reject_and_texts_come_out_as_they_were(
    desk: Desk, header: list[str], rows: list[list[str]]
) -> None:
    assume("row" not in map(header_key, header))
    # A last header cell without a name is a trailing delimiter: few values under it are rejects, not a column.
    assume(header_key(header[-1]))
    text = as_csv([["row", *header], *([f"r{number}", *row[: len(header)]] for number, row in enumerate(rows))])
    draft, contract = infer(desk.folder, text, key=["row"], delimiter=",", header=HeaderForm.FIRST)
    result = load_anew(desk, text, draft, contract)
    assert (result.counts.rejected, result.counts.inserted) == (0, len(rows))
    stored = read_back(desk, contract)
    positions = dict(read_part(desk).facts[0].mapping.positions)
    for place, (name, column) in enumerate(contract.columns.items()):
        if column.type is ColumnType.TEXT and name in positions:
            cells = [row[positions[name] - 1] for row in rows]
            assert [row[place] for row in stored] == [cell if cell.strip(BLANKS) else None for cell in cells]


def read_part(desk: Desk) -> DatasetReader:
    """The reader of the file that was loaded last."""
    file = desk.folder / "articles.csv"
    contract = read_contract(desk.folder / "contract.yaml")
    part = Part(str(file), file.name, file.stat().st_size, "")
    return DatasetReader([part], contract.contract, contract.profile, time_zone="UTC", serial=True)

"""What `contract infer` makes of files that other programs wrote: each guess proved or said, no value changed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.errors import FileError
from include.pipelines.tables.contract import TableContract, read_contract
from include.pipelines.tables.infer import infer
from include.readers.blocks import Part
from include.readers.choices import DateOrder, DecimalForm, HeaderForm
from include.readers.dataset import DatasetReader


def contract_of(folder: Path, text: str | bytes, **options: Any) -> tuple[TableContract, str]:
    """The contract that is inferred of a file with that text, and all that is said of it."""
    file = folder / "file.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = infer(str(file), **options)
    path = folder / "contract.yaml"
    path.write_text(found.text, encoding="utf-8")
    return read_contract(path), "\n".join(found.notes)


def rows_of(folder: Path, text: str | bytes, **options: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The rows that the inferred contract reads from the file it was inferred from, and the rejects' codes."""
    contract, _ = contract_of(folder, text, **options)
    return read_by(folder, contract, text)


def read_by(folder: Path, contract: TableContract, text: str | bytes) -> tuple[list[tuple[Any, ...]], list[str]]:
    file = folder / "read.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    part = Part(str(file), file.name, file.stat().st_size, "")
    batches = list(DatasetReader([part], contract.contract, contract.profile, time_zone="UTC", serial=True).batches())
    rows = [
        tuple(row[name] for name in contract.columns)
        for batch in batches
        for row in batch.rows.to_pylist()
        if row["_fault"] == 0
    ]
    return rows, [reject.code for batch in batches for reject in batch.rejects]


KEPT_AS_TEXT = [
    ("NO", "YES"),
    ("F", "M"),
    ("+4791234567", "+4791234568"),
    ("10-", "12-"),
    ("(38)", "(40)"),
    ("1 234", "2 345"),
    ("612 345 678", "612 345 679"),
    ("$5", "$6"),
    ("€5", "€6.50"),
    ('"2,2"', '"3,1"'),
    ('"1,234"', '"5,678"'),
    ("01067", "10115"),
    ("'s-Gravenhage", "'t Zand"),
    ("007", "8"),
    ("09-Mar-11", "10-Mar-11"),
    ("9/24/06", "12/8/06"),
    ("1e400", "2"),
    ("12:61", "12:30"),
    ('"2,25"', '"3,75"'),
]


def test_what_a_person_says_needs_no_proof(tmp_path: Path) -> None:
    text = "id;price;day\n1;2,25;01/02/2026\n2;1.234;03/04/2026\n"
    said = {"decimal": DecimalForm.COMMA, "date_order": DateOrder.MONTH_FIRST}
    assert rows_of(tmp_path, text, **said)[0] == [
        (1, Decimal("2.25"), dt.date(2026, 1, 2)),
        (2, Decimal(1234), dt.date(2026, 3, 4)),
    ]


@pytest.mark.parametrize("cells", KEPT_AS_TEXT)
def test_what_only_a_readers_tolerance_could_take_for_a_type_stays_text(tmp_path: Path, cells: tuple[str, str]) -> None:
    text = f"id,value\n1,{cells[0]}\n2,{cells[1]}\n"
    rows, rejects = rows_of(tmp_path, text)
    assert ([row[1] for row in rows], rejects) == ([cell.strip('"') for cell in cells], [])


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (("1", "-2"), "integer", [1, -2]),
        (("1.5", ".25"), "decimal", [Decimal("1.5"), Decimal("0.25")]),
        (("31.95376472", "-89.23450472"), "decimal", [Decimal("31.95376472"), Decimal("-89.23450472")]),
        (("82544000000000707.52", "1"), "decimal", [Decimal("82544000000000707.52"), Decimal(1)]),
        (("9223372036854775808", "1"), "decimal", [Decimal(9223372036854775808), Decimal(1)]),
        (("1.5e-7", "2"), "double", [1.5e-7, 2.0]),
        (("TRUE", "false"), "boolean", [True, False]),
        (("12:30:00", "23:59:59"), "time", ["12:30:00", "23:59:59"]),
        (("2026-01-31", "2026-02-01"), "date", [dt.date(2026, 1, 31), dt.date(2026, 2, 1)]),
        (('"1,234.50"', "7"), "decimal", [Decimal("1234.5"), Decimal(7)]),
        (('"1,234,567"', "7"), "decimal", [Decimal(1234567), Decimal(7)]),
    ],
)
def test_a_type_is_taken_where_all_values_prove_it(
    tmp_path: Path, cells: tuple[str, str], kind: str, values: list[Any]
) -> None:
    text = f"id,value\n1,{cells[0]}\n2,{cells[1]}\n"
    contract, _ = contract_of(tmp_path, text)
    assert contract.columns["value"].type == kind
    assert [row[1] for row in read_by(tmp_path, contract, text)[0]] == values


@pytest.mark.parametrize("header", ["zip", "Postal Code", "customerPhone", "PLZ"])
def test_numbers_under_a_header_of_codes_stay_text_so_that_a_zero_before_them_is_kept_tomorrow(
    tmp_path: Path, header: str
) -> None:
    contract, _ = contract_of(tmp_path, f"id,{header}\n1,10115\n2,20095\n")
    [_, name] = contract.columns
    assert contract.columns[name].type == "identifier"
    assert read_by(tmp_path, contract, f"id,{header}\n3,01067\n")[0] == [(3, "01067")]


def test_numbers_that_all_end_in_a_check_digit_are_codes(tmp_path: Path) -> None:
    contract, _ = contract_of(tmp_path, "id,article\n1,4006381333931\n2,9780306406157\n3,5901234123457\n")
    assert contract.columns["article"].type == "identifier"


@pytest.mark.parametrize("word", ["NA", "NULL", "N/A", "nan", r"\N"])
def test_one_word_for_nothing_among_numbers_is_null_in_that_column_alone(tmp_path: Path, word: str) -> None:
    text = f"id,count,name\n1,5,Ann\n2,{word},Bob\n3,7,NA\n"
    assert rows_of(tmp_path, text)[0] == [(1, 5, "Ann"), (2, None, "Bob"), (3, 7, "NA")]


def test_one_column_that_proves_the_order_of_dates_proves_it_for_the_others_and_says_so(tmp_path: Path) -> None:
    text = "id,from,to\n1,01/02/2026,13/02/2026\n2,03/02/2026,14/02/2026\n"
    contract, said = contract_of(tmp_path, text)
    assert read_by(tmp_path, contract, text)[0][0][1:] == (dt.date(2026, 2, 1), dt.date(2026, 2, 13))
    assert 'proven by "to"; "from" would fit the other one too' in said


def test_dates_that_no_column_proves_stay_text_and_that_is_said(tmp_path: Path) -> None:
    contract, said = contract_of(tmp_path, "id,day\n1,01/02/2026\n2,03/04/2026\n")
    assert contract.columns["day"].type == "identifier"
    assert "day: kept as text" in said and "date_order" in said


def test_columns_that_prove_different_orders_of_dates_both_stay_text(tmp_path: Path) -> None:
    contract, _ = contract_of(tmp_path, "id,a,b\n1,13/02/2026,02/13/2026\n2,14/02/2026,02/14/2026\n")
    assert [column.type.value for column in contract.columns.values()] == ["integer", "identifier", "identifier"]


@pytest.mark.parametrize(
    "text",
    [
        'id\ttitle\tyear\n1\t"Swing it" magistern\t1940\n2\tPlain\t1950\n3\tOther\t1960\n',
        'id\ttitle\tyear\n1\t"Open\t1940\n2\tPlain\t1950\n3\tclosed"\t1960\n4\tLast\t1970\n',
        'id|title|year\n1|Disc 12" mix|1940\n2|"7 inch|1950\n3|Other|1960\n',
    ],
)
def test_quotes_that_guard_nothing_are_letters_and_no_row_is_swallowed(tmp_path: Path, text: str) -> None:
    delimiter = "\t" if "\t" in text else "|"
    expected = [line.split(delimiter) for line in text.splitlines()[1:]]
    rows, rejects = rows_of(tmp_path, text)
    assert ([[str(value) for value in row] for row in rows], rejects) == (expected, [])


def test_cells_in_other_quotes_with_escapes_or_below_notes_are_read_as_they_are_meant(tmp_path: Path) -> None:
    apostrophes = "id,name,note\n1,'Ann','a, b'\n2,'Bob','it''s'\n"
    assert rows_of(tmp_path, apostrophes)[0] == [(1, "Ann", "a, b"), (2, "Bob", "it's")]
    escapes = 'id,size,note\n1,"5\\" x 3","a, b"\n2,"7\\" x 3","c"\n3,"9\\" x 3","c"\n'
    assert rows_of(tmp_path, escapes)[0][0] == (1, '5" x 3', "a, b")
    blanks = 'id, name, note\n1, "a, b", "c, d"\n2, "e, f", "g"\n'
    assert rows_of(tmp_path, blanks)[0][0] == (1, "a, b", "c, d")
    notes = "Report of sales,,\nexported 2026-01-31\n\nid,name,count\n1,Ann,5\n2,Bob,6\n"
    contract, said = contract_of(tmp_path, notes)
    assert (contract.skip_lines, read_by(tmp_path, contract, notes)[0]) == (3, [(1, "Ann", 5), (2, "Bob", 6)])
    assert "skip_lines: lines above the header" in said


def test_lines_of_comment_hold_no_record(tmp_path: Path) -> None:
    text = '# made by "x\n# on Monday\nid,name,count\n1,Ann,5\n# half way\n2,Bob,6\n'
    contract, _ = contract_of(tmp_path, text)
    assert (contract.comment, read_by(tmp_path, contract, text)[0]) == ("#", [(1, "Ann", 5), (2, "Bob", 6)])


def test_the_header_once_more_right_below_itself_is_no_row(tmp_path: Path) -> None:
    assert rows_of(tmp_path, "name,city\nname,city\nAnn,Rome\nBob,Oslo\n")[0] == [("Ann", "Rome"), ("Bob", "Oslo")]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", (Decimal("5.1"), Decimal("3.5"), "setosa")),
        ("AC,Ascension\nAD,Andorra\nAE,Emirates\nAF,Afghanistan\nAG,Antigua\n", ("AC", "Ascension")),
        ("Data hub;http://a.example/x\nOther hub;http://b.example/y\n", ("Data hub", "http://a.example/x")),
        ("a1,2026-01-31,photo\na2,2026-02-01,photo\n", ("a1", dt.date(2026, 1, 31), "photo")),
    ],
)
def test_a_file_without_a_header_keeps_its_first_row(tmp_path: Path, text: str, first: tuple[Any, ...]) -> None:
    contract, said = contract_of(tmp_path, text)
    rows, _ = read_by(tmp_path, contract, text)
    assert (contract.header, rows[0], len(rows)) == (HeaderForm.NONE, first, len(text.splitlines()))
    assert "header: the first record looks like those below it" in said


@pytest.mark.parametrize(
    "text", ["name,city\nAnn,Rome\n", "state,2010,2011\nOhio,5,6\n", "Land;1/22/20\nFrance;5\n", "a,b,c\n1,2,3\n"]
)
def test_a_header_is_known_by_its_words_or_by_what_stands_below_it(tmp_path: Path, text: str) -> None:
    assert contract_of(tmp_path, text)[0].header is HeaderForm.FIRST


def test_where_nothing_tells_a_header_from_data_a_person_is_asked(tmp_path: Path) -> None:
    text = "Anna,Rome\nBert,Oslo\nCarl,Bonn\n"
    with pytest.raises(FileError, match="--header first, or --header none"):
        contract_of(tmp_path, text)
    assert len(rows_of(tmp_path, text, header=HeaderForm.NONE)[0]) == 3
    assert len(rows_of(tmp_path, text, header=HeaderForm.FIRST)[0]) == 2


def test_records_that_leave_out_their_last_cells_as_a_habit_are_filled_with_null(tmp_path: Path) -> None:
    text = "id,name,note\n1,Ann\n2,Bob,x\n3,Eve\n"
    contract, said = contract_of(tmp_path, text)
    assert read_by(tmp_path, contract, text) == ([(1, "Ann", None), (2, "Bob", "x"), (3, "Eve", None)], [])
    assert "2 of the first 3 records have fewer cells" in said


def test_columns_without_a_header_or_with_one_that_stands_twice_are_drafted_by_their_place(tmp_path: Path) -> None:
    text = ",name,note,note,C,C#,C++\n1,Ann,x,y,7,8,9\n2,Bob,z,w,1,2,3\n"
    contract, _ = contract_of(tmp_path, text)
    assert read_by(tmp_path, contract, text)[0][0] == (1, "Ann", "x", "y", 7, 8, 9)
    assert [column.position for column in contract.columns.values()][:4] == [1, None, 3, 4]
    with pytest.raises(FileError, match=r"column 3 should hold note.*its header is 'other'"):
        read_by(tmp_path, contract, text.replace("note,note", "other,note"))


def test_bad_bytes_in_a_file_of_utf_8_are_rejects_of_their_rows_alone(tmp_path: Path) -> None:
    text = "id,name\n1,Müller\n2,José\n".encode() + b"3,Fran\xe7ois\n" + "4,Žižek\n".encode()
    rows, rejects = rows_of(tmp_path, text)
    assert (rows, rejects) == ([(1, "Müller"), (2, "José"), (4, "Žižek")], ["encoding"])


def test_the_encoding_that_a_person_names_is_taken(tmp_path: Path) -> None:
    text = "id,name\n1,Dvořák\n2,Łukasz\n".encode("cp1250")
    with pytest.raises(FileError, match="--encoding"):
        contract_of(tmp_path, text)
    assert rows_of(tmp_path, text, encoding="cp1250")[0] == [(1, "Dvořák"), (2, "Łukasz")]


def test_a_file_of_which_most_records_do_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="2 of 3 records do not fit the header"):
        contract_of(tmp_path, "id,name\n1,Ann\n1,2,3,4\n5,6,7,8,9\n")

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.errors import UsageError
from include.ledger.replays import open_rejects
from include.loading.replay.cells import ADDED, Guard, guarded, guarded_raw, unguarded
from include.loading.replay.mended_file import read_mended
from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.reject_export import Exported, export_rejects
from include.pipelines.commerce.delivery.replay_subject import find_subject
from include.readers.record_bounds import split_raw, split_record
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

HEADER = "handle,option1_value,title,sku,price\n"
SELECTION = Selection(store=STORE, day=DAY, dataset="catalog")

# What a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def export(shop: Shop, path: Path, **options: object) -> Exported:
    path.unlink(missing_ok=True)
    return export_rejects(shop.connection, SELECTION, path, **options)  # type: ignore[arg-type]


def load(shop: Shop, **files: str | bytes) -> None:
    shop.settings(max_rejected_percent=100)
    for name, text in files.items():
        shop.deliver(f"{name}.csv", text)
    shop.load("catalog", force=True, accept=True)


def rows(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    text = path.read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_header_and_record_stand_as_delivered_with_the_reason_beside(shop: Shop, tmp_path: Path) -> None:
    load(shop, catalog=HEADER + 'ok,,Fine,b,1\nlamp,,"A ""big"" lamp",a,cheap\n')
    done = export(shop, tmp_path / "m.csv")
    assert (done.rows, done.expired, done.encoding) == (1, 0, "utf-8")
    header, line = (tmp_path / "m.csv").read_bytes().decode().splitlines()
    assert header == HEADER.strip() + "," + ",".join(ADDED)
    assert line.startswith('lamp,,"A ""big"" lamp",a,cheap,')
    (row,) = rows(tmp_path / "m.csv")
    assert [row[name] for name in ADDED] == [
        *("1", "catalog.csv", "3", "2", "2", "price", "not_a_number"),
        *(row["longshore_reason"], "apostrophe", ""),
    ]
    assert "cheap" not in row["longshore_reason"]


@pytest.mark.parametrize(
    ("encoding", "mark", "delimiter"),
    [
        ("utf-8", codecs.BOM_UTF8, ";"),
        ("utf-8", b"", "|"),
        ("cp1252", b"", ";"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "\t"),
        ("utf-16-be", codecs.BOM_UTF16_BE, ","),
    ],
)
def test_the_export_has_the_files_encoding_mark_and_delimiter(
    shop: Shop, tmp_path: Path, encoding: str, mark: bytes, delimiter: str
) -> None:
    text = f"{HEADER}lamp,,Größe,a,cheap\n".replace(",", delimiter)
    load(shop, catalog=mark + text.encode(encoding))
    assert export(shop, tmp_path / "m.csv").encoding == encoding
    document = (tmp_path / "m.csv").read_bytes()
    assert document.startswith(mark + text.splitlines()[0].encode(encoding))
    assert rows_of(document.removeprefix(mark).decode(encoding), delimiter)[0]["title"] == "Größe"
    assert read_mended(tmp_path / "m.csv").records[0].cells == ("lamp", None, "Größe", "a", "cheap")


def rows_of(text: str, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_text_that_the_files_encoding_lacks_makes_the_export_utf_8(shop: Shop, tmp_path: Path) -> None:
    load(shop, **{"catalog-Łódź": f"{HEADER}lamp,,Größe,a,cheap\n".encode("cp1252")})
    assert export(shop, tmp_path / "m.csv").encoding == "utf-8"
    assert rows(tmp_path / "m.csv", "utf-8-sig")[0]["longshore_file"] == "catalog-Łódź.csv"


def test_records_that_do_not_fit_the_header_stand_whole_in_one_cell(shop: Shop, tmp_path: Path) -> None:
    load(shop, catalog=HEADER + '=lamp,x\nshade,,Shade,b,2,more\npole,,"Po"le,c,3\ncord,,Co\x00rd,d,4\n')
    export(shop, tmp_path / "m.csv")
    assert [(row["handle"], row["longshore_text"]) for row in rows(tmp_path / "m.csv")] == [
        ("", "'=lamp,x"),
        ("", "shade,,Shade,b,2,more"),
        ("", 'pole,,"Po"le,c,3'),
        ("", "cord,,Co\u2400rd,d,4"),
    ]


def test_files_that_differ_in_form_are_exported_one_by_one(shop: Shop, tmp_path: Path) -> None:
    load(shop, **{"catalog-1": HEADER + "lamp,,L,a,cheap\n", "catalog-2": "handle,price\nshade,dear\n"})
    with pytest.raises(UsageError, match=r"catalog-1\.csv, catalog-2\.csv\. .*--part"):
        export(shop, tmp_path / "m.csv")
    assert export(shop, tmp_path / "m.csv", part="catalog-2.csv").rows == 1
    assert list(rows(tmp_path / "m.csv")[0])[:2] == ["handle", "price"]


def test_a_file_that_may_hold_mended_records_is_never_overwritten(shop: Shop, tmp_path: Path) -> None:
    load(shop, catalog=HEADER + "lamp,,L,a,cheap\n")
    (tmp_path / "m.csv").write_text("mended")
    with pytest.raises(UsageError, match="exists"):
        export_rejects(shop.connection, SELECTION, tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text() == "mended"


def test_where_nothing_is_rejected_there_is_nothing_to_export(shop: Shop, tmp_path: Path) -> None:
    load(shop, catalog=HEADER + "lamp,,L,a,1\n")
    with pytest.raises(UsageError, match="no open rejects"):
        export(shop, tmp_path / "m.csv")
    assert not (tmp_path / "m.csv").exists()


@given(st.text(alphabet="=+-@'\t\r\n ab\"", max_size=6))
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    assert not guarded(text).lstrip(" ").startswith(FORMULA)
    assert unguarded(guarded(text)) == text


@given(st.lists(st.text(alphabet="=+-@' ab\"\n", max_size=5), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_a_raw_cell_is_guarded_within_its_quotes(cells: list[str], delimiter: str) -> None:
    text = delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)
    assert delimiter.join(split_raw(text, delimiter)) == text
    again = delimiter.join(guarded_raw(cell) for cell in split_raw(text, delimiter))
    assert split_record(again, delimiter) == [guarded(cell) for cell in cells]


RAW = st.lists(st.text(alphabet="ab1=+-@',;\"\n\t\ré\u2400 ", max_size=5), min_size=1, max_size=7)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RAW, min_size=1, max_size=5), guard=st.sampled_from(Guard), plain=st.booleans())
@example(records=[["=1", "'x", "-5", "@a", "bad"]], guard=Guard.NONE, plain=True)
@example(records=[["=1", "'x", "-5", "@a", "bad"]], guard=Guard.APOSTROPHE, plain=True)
def test_what_is_exported_and_not_mended_is_read_as_it_was_delivered(
    shop: Shop, tmp_path: Path, records: list[list[str]], guard: Guard, plain: bool
) -> None:
    """Whatever the cells hold and however many there are: the same cells, or the same text, reach the replay."""
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in record] for record in records]
    lines = [",".join(record if plain and not set("\n\r\",") & set("".join(record)) else cells)
             for record, cells in zip(records, quoted, strict=True)]  # fmt: skip
    load(shop, catalog="handle,option1_value,title,sku,price\n" + "\n".join([*lines, "x,,,,bad"]) + "\n")
    export(shop, tmp_path / "m.csv", guard=guard)
    subject = find_subject(shop.connection, SELECTION)
    rejects = open_rejects(shop.connection, subject.main.load_id)
    texts = read_mended(tmp_path / "m.csv").texts(subject, rejects, ())
    for reject in rejects:
        delivered = split_record(reject.raw or "", ",")
        if any(delivered):
            fits = reject.code not in {"quoting", "nul"} and len(delivered) >= 5 and not any(delivered[5:])
            assert split_record(texts[reject.sequence], ",") == (delivered[:5] if fits else delivered)


def test_in_a_raw_export_cells_are_as_delivered_and_in_the_other_no_cell_is_a_formula(
    shop: Shop, tmp_path: Path
) -> None:
    load(shop, catalog=HEADER + 'lamp,=1+1,"=HYPERLINK(""x"")",-7,@cheap\n')
    export(shop, tmp_path / "m.csv", guard=Guard.NONE)
    assert '\r\nlamp,=1+1,"=HYPERLINK(""x"")",-7,@cheap,' in (tmp_path / "m.csv").read_bytes().decode()
    export(shop, tmp_path / "m.csv")
    (row,) = rows(tmp_path / "m.csv")
    assert not [cell for cell in row.values() if cell.startswith(FORMULA)]
    assert read_mended(tmp_path / "m.csv").records[0].cells == ("lamp", "=1+1", '=HYPERLINK("x")', "-7", "@cheap")


def test_a_spreadsheets_own_form_of_csv_is_read_all_the_same(shop: Shop, tmp_path: Path) -> None:
    load(shop, catalog=HEADER.replace(",", ";") + "lamp;;Größe;a;cheap\n")
    export(shop, tmp_path / "m.csv")
    (row,) = rows(tmp_path / "m.csv", delimiter=";")
    with (tmp_path / "saved.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(row), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerow(row)
    subject = find_subject(shop.connection, SELECTION)
    texts = read_mended(tmp_path / "saved.csv").texts(subject, open_rejects(shop.connection, subject.main.load_id), ())
    assert texts == {1: '"lamp";"";"Größe";"a";"cheap"'}

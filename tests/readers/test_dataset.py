from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contracts import Column, ColumnType, Contract
from include.errors import FileError, SetupError, TransientError
from include.pipelines.commerce.records import CATALOG, CONTRACTS, INVENTORY, ORDERS
from include.readers.blocks import Fault, Part, TypedBatch
from include.readers.cells.inspection import BLANKS
from include.readers.choices import DateOrder
from include.readers.dataset import DatasetReader
from include.readers.profile import DatasetProfile, Profile, read_profile
from include.settings import PROJECT_ROOT

SHARED = Path(os.environ.get("LONGSHORE_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))
needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")

HEADER = "order_id,created_at,currency,quantity,unit_price,sku\n"

ALL_TYPES = Contract("all", tuple(Column(kind.value, kind) for kind in list(ColumnType)[:7]))


def part(path: Path) -> Part:
    content = path.read_bytes()
    return Part(str(path), path.name, len(content), hashlib.sha256(content).hexdigest())


def reader(folder: Path, *texts: str | bytes, contract: Contract = ORDERS, **options: Any) -> DatasetReader:
    parts = []
    for number, text in enumerate(texts):
        path = folder / f"{contract.name}-{number}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        parts.append(part(path))
    profile = options.pop("profile", Profile.none())
    return DatasetReader(parts, contract, profile, **{"time_zone": "UTC"} | options)


def rows(batches: list[TypedBatch], contract: Contract = ORDERS) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.rows.to_pylist()]


def check_arithmetic(found: DatasetReader, batches: list[TypedBatch]) -> None:
    """Every record is a row without fault, a reject or folded, and only once."""
    faulty = [row["_sequence"] for row in rows(batches) if row["_fault"]]
    rejects = [reject.sequence for batch in batches for reject in batch.rejects]
    folded = sum(batch.folded for batch in batches)
    clean = sum(not row["_fault"] for row in rows(batches))
    assert sorted(faulty) == sorted(rejects)
    assert sum(found.rows_read) == sum(batch.read for batch in batches) == clean + len(rejects) + folded
    for batch in batches:
        assert batch.rows.schema.names[-4:] == ["_sequence", "_part", "_line", "_fault"]
        assert batch.read == batch.rows.num_rows + batch.folded


def test_rows_have_the_contracts_columns_and_types_and_where_they_came_from(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER + "#1,2024-01-31 10:00,EUR,2,1.50,A\n", time_zone="Europe/Berlin")
    (batch,) = found.batches()
    assert batch.rows.schema.names == [*ORDERS.names, "_sequence", "_part", "_line", "_fault"]
    assert batch.rows.schema.field("unit_price").type == pa.decimal128(18, 4)
    assert batch.rows.schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert [batch.rows.schema.field(name).type for name in ("_sequence", "_part", "_line", "_fault")] == [
        pa.int64(), pa.int32(), pa.int64(), pa.int8(),
    ]  # fmt: skip
    (row,) = batch.rows.to_pylist()
    assert row["created_at"] == dt.datetime(2024, 1, 31, 9, tzinfo=dt.UTC)
    assert (row["quantity"], row["unit_price"], row["subtotal"]) == (2, Decimal("1.5"), None)
    assert (row["_sequence"], row["_part"], row["_line"], row["_fault"]) == (1, 0, 2, Fault.NONE)


def test_the_sequence_runs_over_all_parts_and_folded_records(tmp_path: Path) -> None:
    line = "#1,2024-01-31,EUR,1,1,A\n"
    found = reader(tmp_path, HEADER + line + "\n" + line + ",,,,,\n", HEADER + line)
    batches = list(found.batches())
    assert [(row["_sequence"], row["_part"], row["_line"]) for row in rows(batches)] == [
        (1, 0, 2),
        (3, 0, 4),
        (5, 1, 2),
    ]
    assert found.rows_read == (4, 1)
    assert found.blank == (1, 0)
    assert [batch.folded for batch in batches] == [2, 0]
    check_arithmetic(found, batches)


def test_a_row_that_is_blank_but_for_a_column_that_is_not_loaded_is_no_empty_row(tmp_path: Path) -> None:
    header = "Notes,order_id,created_at,quantity,unit_price,Phone\n"
    text = header + "x,#1,2024-01-31,1,1,\n,,,,,\n, ,,,,\n,,,,,555\nx,#1,,2,1,\n,,,,\nhello,,,,,\n"
    found = reader(tmp_path, text, profile=Profile.none())
    batches = list(found.batches())
    assert [(row["_sequence"], row["_fault"]) for row in rows(batches)] == [(1, 0), (4, 1), (5, 0), (6, 1), (7, 1)]
    assert [(reject.line, reject.code) for batch in batches for reject in batch.rejects] == [
        (5, "missing"), (7, "columns"), (8, "missing"),
    ]  # fmt: skip
    assert [batch.folded for batch in batches] == [2]
    assert {"Notes", "Phone"} <= set(found.facts[0].unknown_columns)
    check_arithmetic(found, batches)


def test_a_bad_cell_rejects_its_row_and_its_row_only(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER + "#1,2024-01-31,EUR,1,1,A\n#1,,,two,free,B\n#1,,,3,3,C\n")
    (batch,) = found.batches()
    (reject,) = batch.rejects
    assert (reject.line, reject.record, reject.sequence, reject.column, reject.code) == (
        3,
        2,
        2,
        "quantity",
        "not_an_integer",
    )
    assert reject.reason == "not a whole number: 3 characters, letters; 1 more column of the row failed"
    assert reject.raw == "#1,,,two,free,B"
    assert batch.rows["_fault"].to_pylist() == [Fault.NONE, Fault.ROW, Fault.NONE]
    assert batch.rows["order_id"].to_pylist() == ["#1", "#1", "#1"]
    assert batch.rows["unit_price"].to_pylist()[1] is None
    check_arithmetic(found, [batch])


def test_an_unreadable_cell_of_the_group_is_told_apart(tmp_path: Path) -> None:
    found = reader(
        tmp_path, HEADER + "#1,someday,EUR,x,1,A\n#2,someday,EUR,1,1,A\n#3,2024-01-31,EUR,x,1,A\n#4,,,1,1,A\n"
    )
    (batch,) = found.batches()
    assert batch.rows["_fault"].to_pylist() == [Fault.GROUP, Fault.GROUP, Fault.ROW, Fault.NONE]
    assert [reject.column for reject in batch.rejects] == ["created_at", "created_at", "quantity"]


def test_what_the_text_layer_rejects_keeps_its_group_key_and_nothing_else(tmp_path: Path) -> None:
    found = reader(
        tmp_path, HEADER + "#1,2024-01-31,EUR,1,1,A\n#1,2024-01-31,EUR,7\n#1,2024-01-31,EUR,1,1,A,more\n#1,,,1,a\0b,A\n"
    )
    (batch,) = found.batches()
    assert [reject.column for reject in batch.rejects] == [None, None, None]
    assert batch.rows["_fault"].to_pylist() == [Fault.NONE, Fault.ROW, Fault.ROW, Fault.ROW]
    assert batch.rows["order_id"].to_pylist() == ["#1"] * 4
    assert batch.rows["quantity"].to_pylist() == [1, None, None, None]
    check_arithmetic(found, [batch])


def test_image_rows_of_a_catalog_are_folded_unless_nothing_tells_variants_apart(tmp_path: Path) -> None:
    text = "Handle,Title,Option1 Value,Variant Price,Image Src\nshirt,Shirt,S,5,a\nshirt,,,,b\nshirt,,M,6,\n,,,,c\n"
    found = reader(tmp_path, text, contract=CATALOG)
    batches = list(found.batches())
    assert [row["option1_value"] for row in rows(batches)] == ["S", "M", None]
    assert batches[0].folded == 1
    check_arithmetic(found, batches)
    assert next(reader(tmp_path, "Handle,Title\nshirt,Shirt\n", contract=CATALOG).batches()).folded == 0


def test_a_row_that_would_be_folded_but_for_an_unreadable_cell_is_a_reject(tmp_path: Path) -> None:
    (batch,) = reader(tmp_path, "Handle,Option1 Value,Price\nshirt,,cheap\n", contract=CATALOG).batches()
    assert (batch.folded, [reject.code for reject in batch.rejects]) == (0, ["not_a_number"])


def test_not_stocked_is_no_figure(tmp_path: Path) -> None:
    text = "Handle,Location,Available (not editable),On hand (current)\na,Berlin,not stocked,Not Stocked\na,Bonn,-3,4\n"
    (batch,) = reader(tmp_path, text, contract=INVENTORY).batches()
    assert batch.rows["available"].to_pylist() == [None, -3]
    assert batch.rejects == ()


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", HEADER, HEADER.strip()])
def test_an_empty_file_and_a_header_alone_are_no_rows_and_no_error(tmp_path: Path, text: str) -> None:
    found = reader(tmp_path, text)
    batches = list(found.batches())
    assert rows(batches) == []
    assert found.facts[0].empty == ("order_id" not in text)
    check_arithmetic(found, batches)


def test_parts_may_have_different_headers_and_forms(tmp_path: Path) -> None:
    german = "Menge;Preis;order_id;created_at\n1;1,50;#2;31.12.2024\n"
    profile = Profile(datasets={"orders": DatasetProfile(columns={"quantity": "Menge", "unit_price": "Preis"})})
    found = reader(tmp_path, german, german.replace("1,50", "2.50").replace("31.12", "2.13"), profile=profile)
    batches = list(found.batches())
    assert [row["unit_price"] for row in rows(batches)] == [Decimal("1.5"), Decimal("2.5")]
    assert [row["created_at"].month for row in rows(batches)] == [12, 2]
    assert [facts.decimal for facts in found.facts] == ["comma", "dot"]
    assert [facts.date_orders["created_at"] for facts in found.facts] == [DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST]


def test_a_form_is_decided_by_the_whole_file_where_the_first_block_leaves_it_open(tmp_path: Path) -> None:
    lines = ["#1,2024-01-31,EUR,1,1.234,A\n"] * 200 + ["#1,,,1,1.5,A\n"] * 200
    found = reader(tmp_path, HEADER + "".join(lines), block_bytes=1024)
    batches = list(found.batches())
    assert len(batches) > 2
    assert rows(batches)[0]["unit_price"] == Decimal("1.234")
    with pytest.raises(FileError, match=r"orders-0\.csv: cells of unit_price such as 9\.999 fit two readings"):
        list(reader(tmp_path, HEADER + "".join(lines[:200]), block_bytes=1024).batches())


def test_facts_are_known_before_rows_are_read_and_are_json(tmp_path: Path) -> None:
    header = "Name;Created at;Quantity;Price;Email;Note;;\n"
    found = reader(tmp_path, (header + "#1;13.02.2024;1;1,50;a@example.com;n;x;\n").encode("cp1252"))
    (facts,) = found.facts
    assert facts.unknown_columns == ("Note", "column 7 without a header")
    assert facts.mapping.left_out == ("Email",)
    document = json.loads(json.dumps(facts.as_json()))
    assert document["columns"]["order_id"] == "Name"
    assert (document["delimiter"], document["decimal"], document["date_orders"]) == (
        ";",
        "comma",
        {"created_at": "day_first"},
    )
    assert found.rows_read == (0,)
    assert len(rows(list(found.batches()))) == 1


def test_constants_fill_columns_that_the_file_does_not_have(tmp_path: Path) -> None:
    profile = Profile(
        datasets={"orders": DatasetProfile(constants={"currency": "GBP", "discount": "0.5", "source": "web"})}
    )
    text = HEADER + "#1,2024-01-31,EUR,1,1,A\n#1,,,1,1,A\n"
    (batch,) = reader(tmp_path, text, profile=profile).batches()
    assert batch.rows["currency"].to_pylist() == ["EUR", None]
    assert batch.rows["discount"].to_pylist() == [Decimal("0.5")] * 2
    assert batch.rows["source"].to_pylist() == ["web"] * 2


def test_a_constant_that_does_not_fit_its_column_is_a_set_up_error(tmp_path: Path) -> None:
    profile = Profile(name="erp", datasets={"orders": DatasetProfile(constants={"discount": "none"})})
    with pytest.raises(SetupError, match=r"profile 'erp', datasets\.orders\.constants\.discount"):
        list(reader(tmp_path, HEADER + "#1,2024-01-31,EUR,1,1,A\n", profile=profile).batches())


def test_null_words_and_time_zone_of_the_profile(tmp_path: Path) -> None:
    profile = Profile(time_zone="Europe/Berlin", datasets={"orders": DatasetProfile(null_words=("N/A",))})
    (batch,) = reader(
        tmp_path, HEADER + "#1,2024-01-31 10:00,n/a,1,1,N/A\n", profile=profile, time_zone="UTC"
    ).batches()
    assert batch.rows["created_at"].to_pylist() == [dt.datetime(2024, 1, 31, 9, tzinfo=dt.UTC)]
    assert batch.rows["sku"].to_pylist() == batch.rows["currency"].to_pylist() == [None]


def test_a_missing_column_is_an_error_of_the_file_even_where_no_rows_follow(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"orders-0\.csv: no header for created_at"):
        list(reader(tmp_path, "order_id,quantity\n").batches())


def test_a_file_of_another_size_than_listed_is_tried_again_later(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER)
    (tmp_path / "orders-0.csv").write_text(HEADER + "#1,2024-01-31,EUR,1,1,A\n")
    with pytest.raises(TransientError, match=r"orders-0\.csv has 77 bytes, 53 when it was listed"):
        list(found.batches())


def test_a_file_written_again_since_it_was_listed_is_tried_again_later(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER + "#1,2024-01-31,EUR,1,1,A\n")
    listed = [replace(each, modified=Path(each.url).stat().st_mtime) for each in found.parts]
    assert len(rows(list(DatasetReader(listed, ORDERS, Profile.none(), time_zone="UTC").batches()))) == 1
    os.utime(listed[0].url, (0, listed[0].modified + 60))
    with pytest.raises(TransientError, match=r"orders-0\.csv was written again"):
        list(DatasetReader(listed, ORDERS, Profile.none(), time_zone="UTC").batches())


def test_the_text_of_records_is_found_again_by_their_number(tmp_path: Path) -> None:
    lines = [f"#{number},2024-01-31,EUR,1,1,A" for number in range(1, 401)]
    found = reader(tmp_path, HEADER + "\n".join(lines[:200]), HEADER + "\n".join(lines[200:]), block_bytes=512)
    assert len(rows(list(found.batches()))) == 400
    assert found.raw({1, 200, 201, 350}) == {number: lines[number - 1] for number in (1, 200, 201, 350)}


def test_a_file_that_grows_while_it_is_read_is_tried_again_later(tmp_path: Path) -> None:
    line = "#1,2024-01-31,EUR,1,1,A\n"
    batches = reader(tmp_path, HEADER + line * 500, block_bytes=1024).batches()
    next(batches)
    with (tmp_path / "orders-0.csv").open("a") as growing:
        growing.write(line)
    with pytest.raises(TransientError, match="changed while it was read"):
        list(batches)


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER)
    (tmp_path / "orders-0.csv").unlink()
    with pytest.raises(TransientError, match=r"orders-0\.csv cannot be looked up"):
        list(found.batches())


def test_urls_are_read_as_paths_are(tmp_path: Path) -> None:
    found = reader(tmp_path, HEADER + "#1,2024-01-31,EUR,1,1,A\n")
    path = tmp_path / "orders-0.csv"
    remote = Part(path.as_uri(), path.name, path.stat().st_size, "")
    assert list(DatasetReader([remote], ORDERS, Profile.none(), time_zone="UTC").batches()) == list(found.batches())


@pytest.mark.parametrize(
    "body", ["#1,2024-01-31,EUR,1,1,A\n#2,,,x,1,B\n\n" * 100, "#1,2024-01-31,EUR,1,1,A\n" * 90 + '"']
)
def test_reading_ahead_gives_the_same_batches_or_error_as_reading_serially(tmp_path: Path, body: str) -> None:
    def outcome(serial: bool) -> tuple[list[TypedBatch], str]:
        found = reader(tmp_path, HEADER + body, HEADER + body, block_bytes=512, serial=serial)
        batches = []
        try:
            batches.extend(found.batches())
        except FileError as error:
            return batches, str(error)
        return batches, ""

    assert outcome(serial=True) == outcome(serial=False)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
IDENTIFIERS = TEXTS.map(lambda text: unicodedata.normalize("NFC", text.strip(BLANKS + "'=")).strip(BLANKS + "'="))
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))
TYPED_ROWS = st.fixed_dictionaries(
    {
        "identifier": IDENTIFIERS,
        "text": TEXTS,
        "integer": st.integers(-(2**63), 2**63 - 1),
        "decimal": st.decimals(-(10**14) + 1, 10**14 - 1, places=4),
        "boolean": st.booleans(),
        "timestamp": MOMENTS,
        "date": st.dates(dt.date(1000, 1, 1)),
    }
)


def blank_as_none(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(cell, str) and not cell.strip(BLANKS) else cell for name, cell in row.items()}


@settings(deadline=None, max_examples=60)
@given(
    table=st.lists(TYPED_ROWS, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t"]),
    block_bytes=st.sampled_from([64, 1 << 20]),
)
def test_every_typed_table_comes_back_from_its_csv(
    table: list[dict[str, Any]], delimiter: str, block_bytes: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(ALL_TYPES.names)
    writer.writerows([str(row[name]) for name in ALL_TYPES.names] for row in table)
    profile = Profile(delimiter=delimiter, decimal="dot")
    with TemporaryDirectory() as folder:
        found = reader(Path(folder), text.getvalue(), contract=ALL_TYPES, profile=profile, block_bytes=block_bytes)
        batches = list(found.batches())
    assert [reject for batch in batches for reject in batch.rejects] == []
    assert [{name: row[name] for name in ALL_TYPES.names} for row in rows(batches)] == [
        blank_as_none(row) for row in table
    ]
    check_arithmetic(found, batches)


DIRTY = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"#1", b"#2", b"x", b"1", b"2.5", b"1,5", b'"', b'""', b'"a,b"', b'"a\nb"', b",", b",", b",", b"\n",
             b"\n", b"\r\n", b"\0",
             b" ", b"2024-01-31", b"31/12/2024", b"\xe9", b"\xc3\xa9", b";"]
        ),
        max_size=60,
    ).map(b"".join),
)  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(
    bodies=st.lists(DIRTY, min_size=1, max_size=3),
    header=st.sampled_from([HEADER.encode(), b"Name,Created at,Lineitem quantity,Lineitem price\n"]),
    block_bytes=st.sampled_from([32, 1 << 20]),
)
def test_whatever_the_bytes_every_record_is_counted_once(bodies: list[bytes], header: bytes, block_bytes: int) -> None:
    with TemporaryDirectory() as folder:
        found = reader(Path(folder), *(header + body for body in bodies), block_bytes=block_bytes)
        batches = []
        try:
            batches.extend(found.batches())
        except FileError:
            return
    check_arithmetic(found, batches)
    sequences = [row["_sequence"] for row in rows(batches)]
    assert sequences == sorted(set(sequences))
    assert all(1 <= sequence <= sum(found.rows_read) for sequence in sequences)


def shared(*pattern: str) -> Iterator[Part]:
    return (part(path) for path in sorted(SHARED.joinpath(pattern[0]).glob(pattern[1])))


@needs_shared_data
def test_real_product_exports_load_with_their_image_rows_folded() -> None:
    found = {}
    for each in shared("shopify-products", "*.csv"):
        batches = list(DatasetReader([each], CATALOG, Profile.none(), time_zone="UTC").batches())
        assert not any(batch.rejects for batch in batches)
        found[each.name] = (sum(batch.read for batch in batches), sum(batch.folded for batch in batches))
    assert found == {"apparel.csv": (22, 0), "home-and-garden.csv": (21, 0), "jewelery.csv": (41, 18)}


@needs_shared_data
def test_real_order_lines_load_with_the_shipped_profile() -> None:
    profile = read_profile("online-retail", PROJECT_ROOT / "config" / "profiles", CONTRACTS.values())
    found = DatasetReader(list(shared("retail-by-day", "2010-12-0*.csv")), ORDERS, profile, time_zone="UTC")
    batches = list(found.batches())
    assert not any(batch.rejects for batch in batches)
    assert {row["currency"] for row in rows(batches)} == {"GBP"}
    assert rows(batches)[0]["sku"] == "85123A"
    assert sum(found.rows_read) == len(rows(batches)) > 10_000
    check_arithmetic(found, batches)

"""Bytes to blocks of text cells: lines, records, rejects and arithmetic hold for every way of writing a table."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.errors import FileError
from include.readers import delimited
from include.readers.blocks import Part, TextBlock
from include.readers.delimited import read_text_blocks
from include.readers.encoding import detect_encoding
from include.readers.parsing import FEW_RAGGED
from include.readers.quoting import Form
from include.readers.sniffing.dialect import Dialect, read_dialect
from include.results import Reject
from tests.readers.oracle import UnclosedError, read_plainly

DEFECTS = Path(__file__).parent / "defects"


class Reading:
    """All blocks of one file, taken together."""

    def __init__(self, blocks: list[TextBlock]) -> None:
        self.blocks = blocks
        self.cells = [tuple(row.values()) for block in blocks for row in block.cells.to_pylist()]
        self.lines = [line for block in blocks for line in block.lines.to_pylist()]
        self.records = [record for block in blocks for record in block.records.to_pylist()]
        self.rejects = [reject for block in blocks for reject in block.rejects]
        self.blank = sum(block.blank for block in blocks)

    @property
    def rejected(self) -> list[tuple[int, int, str]]:
        return [(reject.record, reject.line, reject.code) for reject in self.rejects]

    def facts(self) -> tuple[object, ...]:
        return self.cells, self.lines, self.records, self.rejects, self.blank


def blocks_of(
    path: Path,
    block_bytes: int | None,
    delimiter: Form | str | None,
    encoding: str | None = None,
    columns: Collection[int] = (),
) -> Iterator[TextBlock]:
    facts = detect_encoding(str(path), encoding)
    dialect = read_dialect(str(path), facts, delimiter)
    part = Part(str(path), path.name, path.stat().st_size, "")
    return read_text_blocks(part, dialect, facts, first_sequence=101, columns=columns, block_bytes=block_bytes)


def read(
    path: Path,
    block_bytes: int = 1 << 20,
    delimiter: Form | str | None = ",",
    encoding: str | None = None,
    columns: Collection[int] = (),
) -> Reading:
    return Reading(list(blocks_of(path, block_bytes, delimiter, encoding, columns)))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("delimited") / "orders.csv"


def read_bytes(scratch: Path, content: bytes, block_bytes: int = 1 << 20, delimiter: str | None = ",") -> Reading:
    scratch.write_bytes(content)
    return read(scratch, block_bytes, delimiter)


def test_a_newline_within_quotes_moves_the_lines_and_not_the_record_numbers() -> None:
    reading = read(DEFECTS / "newline_in_quotes.csv")
    assert reading.cells == [("1", "two\nlines"), ("2", "one line"), ("3", "three\n\nlines"), ("4", None)]
    assert reading.lines == [2, 4, 5, 8]
    assert reading.records == [1, 2, 3, 4]
    assert not reading.rejects


def test_an_unclosed_quote_is_an_error_of_the_file_with_the_line_on_which_it_opens() -> None:
    with pytest.raises(FileError, match=r"unclosed_quote\.csv opens a quote on line 3 and never closes it"):
        read(DEFECTS / "unclosed_quote.csv")


def test_an_unclosed_quote_that_a_later_one_seems_to_close_is_found_on_its_own_line() -> None:
    with pytest.raises(FileError, match="opens a quote on line 3 and never closes it"):
        read(DEFECTS / "unclosed_quote_then_quotes.csv")


def test_a_quote_within_an_unquoted_cell_is_literal() -> None:
    reading = read(DEFECTS / "stray_quote.csv")
    assert reading.cells == [("1", '5" screen'), ("2", 'a "quoted" word'), ("3", 'pro"per, one')]
    assert not reading.rejects


def test_text_after_a_closing_quote_rejects_its_record_alone() -> None:
    reading = read(DEFECTS / "text_after_quote.csv")
    assert reading.rejected == [(2, 3, "quoting")]
    assert reading.cells == [("1", "a"), ("2", "bc"), ("3", "d\ne")]
    assert reading.rejects[0].raw == '2,"b"c'


def test_ragged_records_are_rejected_with_both_counts_and_keep_their_place() -> None:
    reading = read(DEFECTS / "ragged.csv")
    assert reading.cells == [("1", "a", "b"), ("2", "a", None), ("3", "a", "b"), ("4", "a", "b"), ("5", "a", "b")]
    assert reading.rejects == [
        Reject("ragged.csv", 3, 2, 102, None, "columns", "3 cells expected, 2 found", "2,a"),
        Reject("ragged.csv", 4, 3, 103, None, "columns", "3 cells expected, 4 found", "3,a,b,c"),
    ]


@pytest.mark.parametrize("ragged", [1, FEW_RAGGED, FEW_RAGGED + 1, 199])
def test_records_keep_their_order_however_many_of_them_are_ragged(scratch: Path, ragged: int) -> None:
    short = {0, 199, *range(3, 1 + ragged)} if ragged > 1 else {199}
    lines = [f"{number}" if number in short else f"{number},a" for number in range(200)]
    reading = read_bytes(scratch, "\n".join(["id,name", *lines, ""]).encode())
    assert reading.cells == [(f"{number}", None if number in short else "a") for number in range(200)]
    assert [reject.record - 1 for reject in reading.rejects] == sorted(short)


def test_empty_surplus_cells_are_no_defect() -> None:
    reading = read(DEFECTS / "trailing_delimiter_on_data.csv")
    assert reading.cells == [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]
    assert reading.rejected == [(4, 5, "columns")]


def test_a_trailing_delimiter_on_all_lines_is_no_column() -> None:
    reading = read(DEFECTS / "trailing_delimiter.csv")
    assert reading.cells == [("1", "a"), ("2", "b"), ("3", None)]
    assert not reading.rejects


def test_blank_lines_are_counted_and_numbered_and_are_no_rows() -> None:
    reading = read(DEFECTS / "blank_lines.csv")
    assert reading.cells == [("1", "a"), (None, None), ("2", "b")]
    assert (reading.blank, reading.records, reading.lines) == (4, [3, 5, 7], [4, 6, 8])


def test_a_record_with_a_nul_character_is_rejected_and_the_next_one_read() -> None:
    reading = read(DEFECTS / "nul.csv")
    assert reading.rejected == [(1, 2, "nul")]
    assert reading.cells[1] == ("2", "b")


@pytest.mark.parametrize("name", ["mixed_line_ends.csv", "old_mac_line_ends.csv"])
def test_line_ends_of_every_system_end_records(name: str) -> None:
    reading = read(DEFECTS / name)
    assert reading.cells == [("1", "a"), ("2", "b"), ("3", "c")]
    assert reading.lines == [2, 3, 4]


def test_a_line_end_within_quotes_is_kept_as_delivered(scratch: Path) -> None:
    assert read_bytes(scratch, b'a,b\r\n1,"x\r\ny\rz\n"\r\n').cells == [("1", "x\r\ny\rz\n")]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"a,b", b"a,b\n", b"a,b\r\n", b"sep=;\n"])
def test_an_empty_file_and_a_header_alone_have_no_blocks(scratch: Path, content: bytes) -> None:
    assert read_bytes(scratch, content, delimiter=None).blocks == []


def test_an_unquoted_empty_cell_is_null_and_a_quoted_one_is_empty_text(scratch: Path) -> None:
    assert read_bytes(scratch, b'a,b\n,""\n').cells == [(None, "")]


def test_columns_are_strings_named_by_position(scratch: Path) -> None:
    block = read_bytes(scratch, b"id,id\n00123,3.65E+11\n").blocks[0]
    assert block.cells.schema == pa.schema([("0", pa.string()), ("1", pa.string())])
    assert block.cells.to_pylist() == [{"0": "00123", "1": "3.65E+11"}]


def test_the_original_text_of_every_record_can_be_had(scratch: Path) -> None:
    block = read_bytes(scratch, b'a,b\n1,"x\ny"\n\n2,z\r\n3').blocks[0]
    assert [block.raw(record) for record in (1, 2, 3, 4)] == ['1,"x\ny"', "", "2,z", "3"]
    with pytest.raises(KeyError):
        block.raw(5)


def test_a_mark_within_the_file_stays_part_of_its_cell(scratch: Path) -> None:
    assert read_bytes(scratch, b"a,b\n\xef\xbb\xbf1,2\n", block_bytes=4).cells == [("\ufeff1", "2")]


def test_a_record_without_end_is_an_error_before_it_fills_the_memory(scratch: Path) -> None:
    scratch.write_bytes(b"a,b\n1,2\n" + b"x" * (delimited.MAX_RECORD_BYTES + 1))
    with pytest.raises(FileError, match="more than 8388608 bytes that starts on line 3"):
        read(scratch)


@pytest.mark.parametrize("block_bytes", [1 << 20, 32 << 20])
def test_a_quote_that_swallows_the_file_is_an_error_before_it_fills_the_memory(scratch: Path, block_bytes: int) -> None:
    scratch.write_bytes(b'a,b\n1,"x"\n2,"y\n' + b"3,z\n" * (delimited.MAX_RECORD_BYTES // 4) + b'4,"w"\n')
    with pytest.raises(FileError, match="opens a quote on line 3 and never closes it"):
        read(scratch, block_bytes)


def test_a_block_holds_a_bounded_number_of_records_however_short_they_are(scratch: Path) -> None:
    limit = delimited.MAX_BLOCK_RECORDS
    content = b"a,b\n" + b",\n" * limit + b'\n"\n",\n"x"y,\n' + b",\n" * limit
    reading = read_bytes(scratch, content, block_bytes=4 << 20)
    assert [block.cells.num_rows + block.blank for block in reading.blocks] == [limit, limit, 3]
    assert reading.records == [*range(1, limit + 1), *range(limit + 2, 2 * limit + 4)]
    assert reading.lines == [*range(2, limit + 2), limit + 3, *range(limit + 5, 2 * limit + 6)]
    assert reading.rejected == [(limit + 3, limit + 5, "quoting")]
    assert reading.rejects[0].raw == '"x"y,'


LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])
CELLS = st.text(st.sampled_from("ab,;|\t\"\n\r é€'=0"), max_size=6) | st.text(
    st.characters(codec="utf-16", exclude_characters="\0"), max_size=6
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    columns = draw(st.integers(2, 5))
    row = st.lists(CELLS, min_size=columns, max_size=columns)
    return [[f"c{place}" for place in range(columns)], *draw(st.lists(row, max_size=12))]


@given(
    tables(), LINE_ENDS, ENCODINGS, DELIMITERS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.integers(1, 80)
)
def test_any_table_that_pythons_csv_module_writes_comes_back_with_its_lines(
    scratch: Path,
    table: list[list[str]],
    line_end: str,
    encoding: str,
    delimiter: str,
    quoting: int,
    block_bytes: int,
) -> None:
    if encoding == "cp1252":
        table = [[cell.encode(encoding, "ignore").decode(encoding) for cell in row] for row in table]
    # Python's writer leaves a line end other than its own unquoted within a cell.
    quoting = csv.QUOTE_ALL if any("\r" in cell or "\n" in cell for row in table for cell in row) else quoting
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)
    scratch.write_bytes(text.getvalue().encode(encoding))
    fixed = encoding if encoding == "cp1252" else None

    reading = read(scratch, block_bytes, Form(delimiter, settled=True), fixed)

    reader = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter)
    ends = [reader.line_num for _ in reader]
    assert [[cell or "" for cell in row] for row in reading.cells] == table[1:]
    assert reading.lines == [end + 1 for end in ends[:-1]]
    assert reading.records == list(range(1, len(table)))
    assert not reading.rejects


CHOICES = [
    b"a",
    b"b",
    b'"',
    b'"',
    b",",
    b",",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b" ",
    b"\t",
    b"\0",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
]
MESS = st.lists(st.sampled_from(CHOICES), max_size=60).map(b"".join)


def outcome(path: Path, block_bytes: int, delimiter: str | None) -> object:
    try:
        return read(path, block_bytes, delimiter).facts()
    except FileError as error:
        return str(error)


@given(MESS, st.integers(1, 40))
@example(b'"a\nb"c,\n', 3)
def test_every_mess_reads_as_a_plain_state_machine_reads_it(scratch: Path, mess: bytes, block_bytes: int) -> None:
    scratch.write_bytes(b"x,y\n" + mess)
    dialect = Dialect(",", ("x", "y"), 2, 4, 2)
    part = Part(str(scratch), scratch.name, 0, "")
    blocks = read_text_blocks(
        part, dialect, detect_encoding(str(scratch), "utf-8"), first_sequence=101, block_bytes=block_bytes
    )
    try:
        expected = read_plainly(mess.decode(), ",", columns=2, line=2)
    except UnclosedError as unclosed:
        with pytest.raises(FileError, match=f"on line {unclosed.line} and never"):
            list(blocks)
        return
    reading = Reading(list(blocks))
    assert reading.cells == [row.cells for row in expected if not row.blank]
    assert reading.lines == [row.line for row in expected if not row.blank]
    assert reading.blank == sum(row.blank for row in expected)
    assert reading.rejected == [
        (number, row.line, row.code) for number, row in enumerate(expected, 1) if row.code and not row.blank
    ]


def test_a_block_is_larger_where_few_of_its_columns_are_wanted(scratch: Path) -> None:
    row = ",".join(["some text"] * 8) + "\n"
    scratch.write_bytes((",".join("abcdefgh") + "\n").encode() + (row * 40_000).encode())
    sizes = [
        [block.cells.num_rows for block in blocks_of(scratch, None, ",", columns=range(count))] for count in (8, 4, 1)
    ]
    assert [sum(rows) for rows in sizes] == [40_000] * 3
    assert [len(rows) for rows in sizes] == [4, 3, 3]


@settings(deadline=None)
@given(MESS, st.integers(1, 40), st.sets(st.integers(0, 2), min_size=1), st.booleans())
@example(b"1,2\n1,2,3,4\n", 40, {0}, False)
@example(b"1,2,3,4\n,,,\n", 40, {2}, True)
def test_cells_that_are_not_asked_for_are_checked_and_can_be_had_afterwards(
    scratch: Path, mess: bytes, block_bytes: int, columns: set[int], trailing: bool
) -> None:
    scratch.write_bytes((b"x,y,z,\n" if trailing else b"x,y,z\n") + mess)
    try:
        every = read(scratch, block_bytes, encoding="utf-8")
    except FileError:
        return
    some = read(scratch, block_bytes, encoding="utf-8", columns=columns)
    assert some.cells == [tuple(row[place] for place in sorted(columns)) for row in every.cells]
    assert some.facts()[1:] == every.facts()[1:]
    whole = [block.whole(block.records.to_numpy()) for block in some.blocks if block.cells.num_rows]
    assert [tuple(row.values()) for cells in whole for row in cells.to_pylist()] == every.cells


@given(st.binary(max_size=80) | MESS, st.integers(1, 30), st.sampled_from([None, ",", ";"]))
@example(codecs.BOM_UTF16_LE + b"a", 1, None)
def test_any_bytes_are_an_error_of_the_file_or_add_up_and_no_block_size_changes_that(
    scratch: Path, content: bytes, block_bytes: int, delimiter: str | None
) -> None:
    scratch.write_bytes(content)
    assert outcome(scratch, block_bytes, delimiter) == outcome(scratch, 1 << 20, delimiter)
    try:
        reading = read(scratch, block_bytes, delimiter)
    except FileError:
        return
    numbers = sum(1 for block in reading.blocks for _ in range(block.cells.num_rows + block.blank))
    assert reading.records == sorted(set(reading.records))
    assert (reading.records or [0])[-1] <= numbers == len(reading.cells) + reading.blank
    assert {reject.record for reject in reading.rejects} <= set(reading.records)
    assert len({reject.record for reject in reading.rejects}) == len(reading.rejects)

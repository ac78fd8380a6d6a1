"""Delimiter, header and where data begins, by the file itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import FileError, SetupError
from include.readers.encoding import detect_encoding
from include.readers.sniffing.dialect import DELIMITERS, SAMPLE_BYTES, detect_dialect, read_dialect

DEFECTS = Path(__file__).parent / "defects"


@pytest.mark.parametrize(
    ("name", "delimiter", "header", "data_line"),
    [
        ("separator_line.csv", ";", ("id", "text"), 3),
        ("semicolons_and_decimal_commas.csv", ";", ("id", "price", "discount"), 2),
        ("tabs.csv", "\t", ("id", "text, long"), 2),
        ("pipes.csv", "|", ("id", "text"), 2),
        ("commas_in_quotes.csv", ";", ("id", "text"), 2),
        ("delimiter_in_header.csv", ",", ("Product; or service", "Price | EUR", "Quantity"), 2),
        ("blank_lines_before_header.csv", ",", ("id", "text"), 5),
        ("header_over_two_lines.csv", ",", ("id", "text\nof the line"), 3),
        ("quoted_header.csv", ",", ("id", 'the "text"', " spaced "), 2),
        ("trailing_delimiter.csv", ",", ("id", "text"), 2),
        ("duplicate_and_empty_headers.csv", ",", ("id", "", "text", "text"), 2),
        ("old_mac_line_ends.csv", ",", ("id", "text"), 2),
    ],
)
def test_the_file_says_its_dialect(name: str, delimiter: str, header: tuple[str, ...], data_line: int) -> None:
    url = str(DEFECTS / name)
    dialect = read_dialect(url, detect_encoding(url))
    assert (dialect.delimiter, dialect.header, dialect.data_line) == (delimiter, header, data_line)
    assert not dialect.assumed


def test_data_begins_after_the_headers_line_end() -> None:
    for content in (b"a,b\n1,2", b"a,b\r\n1,2", b"a,b\r1,2", b"sep=,\r\n\r\na,b\r\n1,2"):
        assert content[detect_dialect(content).data_offset :] == b"1,2"


@pytest.mark.parametrize("content", [b"", b"\n \n", b"sep=;\n", b",,,\n"])
def test_a_file_without_header_is_no_error_and_has_no_columns(content: bytes) -> None:
    dialect = detect_dialect(content)
    assert (dialect.header, dialect.header_only, dialect.data_offset) == ((), True, len(content))


@pytest.mark.parametrize("content", [b"id;text", b"id;text\n", b"id;text\r\n"])
def test_a_header_alone_is_said(content: bytes) -> None:
    assert detect_dialect(content).header_only
    assert not detect_dialect(content + b"\n1;2").header_only


def test_one_column_needs_a_delimiter_that_its_cells_do_not_hold() -> None:
    dialect = detect_dialect(b"title\nHello, world\nBye; now\n")
    assert (dialect.delimiter, dialect.header, dialect.assumed) == ("\t", ("title",), True)


def test_records_that_end_in_a_delimiter_make_the_table_wider_than_its_header() -> None:
    assert detect_dialect(b"a,b\n1,2,\n3,4,\n5,6\n").width == 3
    assert detect_dialect(b"a,b,\n1,2\n3,4\n").width == 2
    assert detect_dialect(b"a,b\n1,2,x\n1,2,x\n1,2\n").width == 2


def test_an_unnamed_last_column_with_data_stays() -> None:
    assert detect_dialect(b"a,b,\n1,2,x\n3,4,y\n").header == ("a", "b", "")


def test_two_delimiters_that_fit_alike_are_an_error_that_names_the_profiles_key() -> None:
    with pytest.raises(FileError, match=r"orders\.csv fits these delimiters alike: ',' ';'\. .*key `delimiter`"):
        detect_dialect(b"a,b;c\n1,2;3\n", name="orders.csv")
    assert detect_dialect(b"a,b;c\n1,2;3\n", ";").header == ("a,b", "c")


def test_the_profile_decides_against_the_file() -> None:
    dialect = detect_dialect(b"sep=,\na;b,c\n1;2,3\n", ";")
    assert (dialect.delimiter, dialect.header, dialect.separator_line) == (";", ("a", "b,c"), True)


@pytest.mark.parametrize("fixed", ["", ";;", '"', "\n", "§"])
def test_a_delimiter_that_is_none_is_an_error_of_the_set_up(fixed: str) -> None:
    with pytest.raises(SetupError, match="key `delimiter`"):
        detect_dialect(b"a;b\n", fixed)


def test_a_quote_that_the_header_never_closes_is_named_with_its_line() -> None:
    with pytest.raises(FileError, match="opens a quote in its header on line 3"):
        detect_dialect(b'\n"a\nb","c\n1,2\n')


def test_a_header_without_end_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(b"x" * (2 * SAMPLE_BYTES))
    with pytest.raises(FileError, match=r"header of the file .*orders\.csv starts on line 1 and is longer than"):
        read_dialect(str(file), detect_encoding(str(file)))


def test_a_sample_may_end_anywhere() -> None:
    content = 'id;"text"\r\n' + '1;"é\r\nü"\r\n' * 20
    expected = detect_dialect(content.encode())
    for end in range(30, len(content.encode())):
        found = detect_dialect(content.encode()[:end], complete=False)
        assert (found.delimiter, found.header, found.data_offset) == (expected.delimiter, ("id", "text"), 11)


NAME = st.text("abc 123'é", max_size=6).map("n{}".format)


@given(st.lists(NAME, min_size=2, max_size=6), st.integers(0, 5), st.sampled_from(DELIMITERS))
def test_any_plain_table_says_its_delimiter(header: list[str], rows: int, delimiter: str) -> None:
    lines = [delimiter.join(header)] + [delimiter.join("x" for _ in header)] * rows
    found = detect_dialect("\n".join(lines).encode())
    assert (found.delimiter, found.header, found.width) == (delimiter, tuple(header), len(header))
    assert found.header_only == (rows == 0)


@given(st.binary(max_size=60))
def test_any_bytes_have_a_dialect_or_are_an_error_of_the_file(content: bytes) -> None:
    text = content.decode("cp1252", "ignore").encode()
    try:
        assert detect_dialect(text).data_offset <= len(text)
    except FileError:
        return

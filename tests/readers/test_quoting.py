"""Other ways of guarding cells than RFC 4180: other quotes, none, escapes, comments, blanks before quotes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import FileError
from include.readers.blocks import Part
from include.readers.delimited import read_text_blocks
from include.readers.encoding import detect_encoding
from include.readers.quoting import NO_QUOTES, Form, Quoting
from include.readers.record_bounds import find_records, split_raw, split_record
from include.readers.sniffing.dialect import read_dialect

Rows = list[list[str | None]]


def read(path: Path, form: Form, block_bytes: int = 1 << 20) -> tuple[Rows, list[int], list[str]]:
    """Cells, lines and the rejects' codes."""
    facts = detect_encoding(str(path))
    dialect = read_dialect(str(path), facts, form)
    part = Part(str(path), path.name, path.stat().st_size, "")
    blocks = list(read_text_blocks(part, dialect, facts, first_sequence=1, block_bytes=block_bytes))
    rows = [list(row) for block in blocks for row in zip(*(cells.to_pylist() for cells in block.cells), strict=True)]
    lines = [line for block in blocks for line in block.lines.to_pylist()]
    return rows, lines, [reject.code for block in blocks for reject in block.rejects]


@pytest.mark.parametrize(
    ("text", "quoting", "cells"),
    [
        ("a,'b,''c',d", Quoting(quote="'"), ["a", "b,'c", "d"]),
        (r'a,"b\"c,d",e\,f', Quoting(escape="\\"), ["a", 'b"c,d', "e,f"]),
        (r'a,"\\",\n', Quoting(escape="\\"), ["a", "\\", "n"]),
        ('a, "b, c" ,  d', Quoting(skip_blanks=True), ["a", "b, c", "d"]),
        ('a,"b,c"', NO_QUOTES, ["a", '"b', 'c"']),
        ('"",,x', Quoting(), ["", None, "x"]),
    ],
)
def test_a_record_is_divided_as_its_quoting_says_and_raw_cells_join_to_it(
    text: str, quoting: Quoting, cells: list[str | None]
) -> None:
    assert split_record(text, ",", quoting) == cells
    assert ",".join(split_raw(text, ",", quoting)) == text


def test_a_quote_within_a_comment_opens_nothing() -> None:
    found = find_records(b'a,b\n# "open\n"c\nd",e\n', b",", final=True, quoting=Quoting(comment="#"))
    assert (found.ends.tolist(), found.line_ends.tolist()) == ([4, 12, 20], [4, 12, 15, 20])


def test_comments_and_lines_above_the_header_hold_no_record(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text('a note\nanother\n#c\nid,name\n1,Ann\n#"\n2,Bob\n')
    rows, lines, rejects = read(file, Form(",", Quoting(comment="#"), skip_lines=2))
    assert (rows, lines, rejects) == ([["1", "Ann"], ["2", "Bob"]], [5, 7], [])


def test_a_file_without_a_header_gives_its_first_record_as_a_row(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("1,Ann,\n2,Bob,\n")
    assert read(file, Form(",", headed=False))[:2] == ([["1", "Ann"], ["2", "Bob"]], [1, 2])


def test_short_records_are_rejects_unless_their_last_cells_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("id,name,note\n1,Ann\n2,Bob,x\n")
    assert read(file, Form(","))[2] == ["columns"]
    assert read(file, Form(",", missing_trailing=True)) == ([["1", "Ann", None], ["2", "Bob", "x"]], [2, 3], [])


# No line ends and no backslash at a cell's end: outside quotes Python's reader takes them otherwise.
CELLS = st.text(st.sampled_from("abc,;'\" #\\é"), max_size=6).filter(lambda cell: not cell.endswith("\\"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8),
    st.sampled_from([Quoting(quote="'"), Quoting(escape="\\"), Quoting()]),
    st.integers(1, 60),
)
def test_what_pythons_csv_module_writes_in_other_quotes_comes_back(
    tmp_path: Path, table: list[tuple[str, str]], quoting: Quoting, block_bytes: int
) -> None:
    text = io.StringIO(newline="")
    escape = {"escapechar": "\\", "doublequote": False} if quoting.escape else {}
    writer = csv.writer(text, quotechar=quoting.quote, quoting=csv.QUOTE_ALL, lineterminator="\n", **escape)
    writer.writerows([("id", "name", "note"), *(("x", *row) for row in table)])
    file = tmp_path / "file.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    rows, _, rejects = read(file, Form(",", quoting, settled=True), block_bytes)
    assert ([tuple(cell or "" for cell in row[1:]) for row in rows], rejects) == (table, [])


SWALLOWED = [
    'id\ttitle\tyear\n1\t"Open\t1940\n2\tPlain\t1950\n3\tclosed"\t1960\n4\tLast\t1970\n',
    'id,title,year\n1,"Open,1940\n2,Plain,1950\n3,Other,1960\n4,closed",1970\n5,Last,1980\n',
    'a;b;c\nx;"y;z\nu;v;w"\np;q;r\n',
]
MEANT = [
    'id,note,year\n1,"Dear Ann,\nwell, and you?",1940\n2,Plain,1950\n',
    'id,note\n1,"one\ntwo\nthree"\n2,x\n',
    'id,note,year\n1,"a, b, c\nd, e, f",1940\n2,x,1950\n',
]


@pytest.mark.parametrize("text", SWALLOWED)
def test_a_quoted_cell_in_which_whole_records_stand_is_refused_until_somebody_settles_it(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "file.csv"
    file.write_text(text)
    delimiter = next(sign for sign in "\t;," if sign in text)
    with pytest.raises(FileError, match=r"line 2 that goes on for [234] lines.*quote: none"):
        read(file, Form(delimiter))
    assert len(read(file, Form(delimiter, NO_QUOTES, settled=True))[0]) == len(text.splitlines()) - 1
    assert len(read(file, Form(delimiter, settled=True))[0]) < len(text.splitlines()) - 1


@pytest.mark.parametrize("text", MEANT)
def test_a_quoted_cell_of_several_lines_that_are_no_records_is_a_cell(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text(text)
    assert len(read(file, Form(","))[0]) == 2

"""Quoted cells that hold line ends between which stand whole records: a stray quote has swallowed them, most likely."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from include.errors import FileError
from include.readers.record_bounds import Records, count_lines
from include.readers.sniffing.dialect import NUMBER, Dialect

LINE_END = re.compile(rb"\r\n|\r|\n")

# Columns, and lines, from which on equal numbers of delimiters are no chance where no column of numbers tells more.
SURE_COLUMNS = 3
SURE_LINES = 3


class SuspectError(FileError):
    """A quoted cell that holds what looks like records."""


def check_suspects(buffer: bytes, records: Records, dialect: Dialect, line: int, name: str) -> None:
    """Refuses a file in which a quoted cell holds whole records.

    A record of several lines is suspect if each of its lines has as many delimiters as a record has, and a number in
    each column of numbers. Example: an unquoted file in which one cell begins with a quote and a later one ends in one.

    Args:
        buffer: what the records were found in.
        records: of the buffer.
        dialect: of the file; one whose quotes somebody has settled is not looked at.
        line: the buffer's first, in the file.
        name: the file's, for the message.

    Raises:
        SuspectError: names the line, what it seems to hold, and the key that settles it.
    """
    if not records.multiline or dialect.form.settled or len(dialect.header) < 2:  # no delimiter at all
        return
    starts = records.starts
    lines = np.diff(np.searchsorted(records.line_ends, records.ends, "right"), prepend=0)
    for index in np.flatnonzero(lines > 1).tolist():
        text = buffer[starts[index] : records.ends[index]]
        if _is_suspect(text, dialect):
            first = line + count_lines(buffer[: starts[index]])
            what = (
                f"The file {name} has a quoted cell on line {first} that goes on for {lines[index]} lines, each of"
                " which looks like a record of its own."
            )
            remedy = (
                "If quotes are letters like others in this file, set the key `quote: none`; if the cell is meant, set"
                f" `quote: {dialect.quoting.quote!r}`."
            )
            raise SuspectError(what, remedy)


def _is_suspect(text: bytes, dialect: Dialect) -> bool:
    delimiter, wanted = dialect.delimiter.encode(), len(dialect.header) - 1
    end = LINE_END.search(text)
    if end is None or text.count(delimiter, 0, end.start()) != wanted:
        return False
    lines = LINE_END.split(text)
    lines = lines[: None if lines[-1] else -1]
    if any(line.count(delimiter) != wanted for line in lines):
        return False
    if dialect.numeric:
        return all(_has_numbers(line.split(delimiter), dialect.numeric) for line in lines[1:])
    return wanted + 1 >= SURE_COLUMNS or len(lines) >= SURE_LINES


def _has_numbers(cells: Sequence[bytes], places: Sequence[int]) -> bool:
    texts = (cells[place].decode(errors="replace").strip().strip("\"'") for place in places)
    return all(not text or NUMBER.fullmatch(text) for text in texts)

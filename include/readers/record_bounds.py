r"""Where the records of delimited text end, quotes respected: RFC 4180, and a quote within an unquoted cell is literal.

A line ends in \n, \r\n or a lone \r, also mixed within one file. Two ways of finding records give the same result:
arithmetic over all bytes at once where the quoting is well formed, else a scan of those lines that hold a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

QUOTE, FEED, RETURN = b'"\n\r'


@dataclass(frozen=True, slots=True)
class Records:
    """The complete records at the start of a buffer.

    `ends`: n positions, each just past a record's line end; a record starts where the one before it ends. `line_ends`:
    the same for the physical lines of these records. `broken`: indices of records in which text follows a closing
    quote. `unclosed`: the position of a quote that opens a cell and is never closed; no record after it is known.
    """

    ends: Positions
    line_ends: Positions
    broken: Positions = field(default_factory=lambda: np.empty(0, np.int64))
    unclosed: int | None = None

    @property
    def starts(self) -> Positions:
        return np.concatenate((np.zeros(min(1, len(self.ends)), np.int64), self.ends[:-1]))

    @property
    def end(self) -> int:
        """Bytes of the buffer that the records take."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def multiline(self) -> bool:
        """Whether a record holds a line end within quotes."""
        return len(self.ends) != len(self.line_ends)

    def piece(self, first: int, last: int) -> tuple[Records, int]:
        """The records from `first` until before `last`, and the position at which they start, from which they count."""
        start = int(self.ends[first - 1]) if first else 0
        ends = self.ends[first:last]
        low, high = np.searchsorted(self.line_ends, [start, ends[-1]], "right")
        broken = self.broken[(self.broken >= first) & (self.broken < last)] - first
        return Records(ends - start, self.line_ends[low:high] - start, broken), start


def find_records(buffer: bytes, delimiter: bytes, *, final: bool) -> Records:
    """Finds the complete records of a buffer that starts with a record.

    Args:
        buffer: text in UTF-8; it may end anywhere, and ends with a line end if `final`.
        delimiter: one byte.
        final: whether nothing follows the buffer.
    """
    line_ends = find_line_ends(buffer, final=final)
    if b'"' not in buffer:
        return Records(line_ends, line_ends)
    data = np.frombuffer(buffer, np.uint8)
    quotes = np.flatnonzero(data == QUOTE)
    closed = len(quotes) % 2 == 0
    if not _well_formed(data, quotes, delimiter) or (final and not closed):
        return _scan(buffer, delimiter, line_ends, quotes, final=final)
    ends = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0]
    return Records(ends, line_ends[: np.searchsorted(line_ends, ends[-1], "right") if len(ends) else 0])


def find_line_ends(buffer: bytes, *, final: bool) -> Positions:
    r"""Positions just past each line end; a \r that ends the buffer is one only if no \n can follow (`final`)."""
    data = np.frombuffer(buffer, np.uint8)
    feeds = np.flatnonzero(data == FEED) + 1
    if b"\r" not in buffer or buffer.count(b"\r") == np.count_nonzero(data[feeds[feeds > 1] - 2] == RETURN):
        return feeds
    returns = np.flatnonzero(data == RETURN) + 1
    if returns[-1] == len(data) and not final:
        returns = returns[:-1]
    followed = data[np.minimum(returns, len(data) - 1)] == FEED
    return np.sort(np.concatenate((feeds, returns[~followed])), kind="stable")


def count_lines(buffer: bytes) -> int:
    r"""Line ends in a piece of text that does not end between \r and \n."""
    return buffer.count(b"\n") + buffer.count(b"\r") - buffer.count(b"\r\n")


def open_quote(buffer: bytes, delimiter: bytes) -> int | None:
    """The position of the quote that is open at the end of a buffer that starts with a record."""
    return _scan_record(buffer, 0, _patterns(delimiter)[1]).unclosed


def _well_formed(data: Bytes, quotes: Positions, delimiter: bytes) -> bool:
    """Whether quotes open and close cells in turn.

    Each quote at an even place must follow the start, a delimiter, a line end or a quote, each at an odd place stand
    before one of these: only then does counting quotes tell inside from outside.
    """
    edge = np.zeros(256, bool)
    edge[[QUOTE, FEED, RETURN, delimiter[0]]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = edge[data[np.maximum(opening - 1, 0)]]
    after = edge[data[np.minimum(closing + 1, len(data) - 1)]]
    return bool(before.all() and after.all())


@cache
def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A whole record without defects, and one cell with what follows its closing quote and what ends it."""
    plain = rb'(?!")[^%b\r\n]*+' % re.escape(delimiter)
    quoted = rb'"(?:[^"]++|"")*+"'
    cell = rb"(?:%b|%b)" % (quoted, plain)
    record = re.compile(rb"(?:%b%b)*+%b(?:\r\n|\r|\n)" % (cell, re.escape(delimiter), cell))
    careful = rb"(?:(%b)([^%b\r\n]*+)|%b)(%b|\r\n|\r|\n|\Z)"
    return record, re.compile(careful % (quoted, re.escape(delimiter), plain, re.escape(delimiter)))


@dataclass(frozen=True, slots=True)
class _Scanned:
    """One record: its end (None: the buffer ends first), whether text follows a closing quote, and an unclosed quote.

    `certain` tells an unclosed quote from one that what follows the buffer may yet close.
    """

    end: int | None
    broken: bool = False
    unclosed: int | None = None
    certain: bool = False


def _scan_record(buffer: bytes, start: int, cell: re.Pattern[bytes]) -> _Scanned:
    broken = False
    while True:
        match = cell.match(buffer, start)
        if match is None:
            return _Scanned(None, unclosed=start)
        quoted, after, end = match.groups()
        if after:
            if b"\n" in quoted or b"\r" in quoted:
                return _Scanned(None, unclosed=start, certain=True)
            broken = True
        if not end:
            return _Scanned(None)
        start = match.end()
        if end in b"\r\n":
            return _Scanned(start, broken)


def _scan(buffer: bytes, delimiter: bytes, line_ends: Positions, quotes: Positions, *, final: bool) -> Records:
    record, cell = _patterns(delimiter)
    keep = np.ones(len(line_ends), bool)
    broken: list[int] = []
    unclosed: int | None = None
    free_line = 0  # the first line that no scanned record has taken
    for line in np.unique(np.searchsorted(line_ends, quotes, "right")).tolist():
        if line < free_line:
            continue
        start = int(line_ends[line - 1]) if line else 0
        match = record.match(buffer, start)
        scanned = _Scanned(match.end()) if match else _scan_record(buffer, start, cell)
        if scanned.end is None or line == len(line_ends) or scanned.end > line_ends[-1]:
            if scanned.certain or final:
                unclosed = scanned.unclosed
            keep[line:] = False
            break
        free_line = line + count_lines(buffer[start : scanned.end])
        keep[line : free_line - 1] = False
        if scanned.broken:
            broken.append(scanned.end)
    ends = line_ends[keep]
    lines = line_ends[: np.searchsorted(line_ends, ends[-1], "right") if len(ends) else 0]
    return Records(ends, lines, np.searchsorted(ends, np.array(broken, np.int64)), unclosed)


def split_record(text: str, delimiter: str) -> list[str | None]:
    """Splits one record, without its line end, into cells: None for an empty one, "" for a quoted empty one.

    Text after a closing quote belongs to the cell, as in Arrow's reader.
    """
    if '"' not in text:
        return [cell or None for cell in text.split(delimiter)]
    cells: list[str | None] = []
    for match in _cell_pattern(delimiter).finditer(text):
        quoted, after, plain, end = match.groups()
        cells.append(plain or None if quoted is None else quoted.replace('""', '"') + after)
        if not end:
            break
    return cells


def split_raw(text: str, delimiter: str) -> list[str]:
    """Splits one record, without its line end, into cells as they stand there, quotes included."""
    cells = []
    for match in _cell_pattern(delimiter).finditer(text):
        cells.append(text[match.start() : match.start(4)])
        if not match[4]:
            break
    return cells


@cache
def _cell_pattern(delimiter: str) -> re.Pattern[Any]:
    escaped = re.escape(delimiter)
    return re.compile(rf'(?:"((?:[^"]++|"")*+)"([^{escaped}]*+)|([^{escaped}]*+))({escaped}|\Z)')

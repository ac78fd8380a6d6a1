r"""Where the records of delimited text end, quotes respected: RFC 4180, and a quote within an unquoted cell is literal.

A line ends in \n, \r\n or a lone \r, also mixed within one file. Two ways of finding records give the same result:
arithmetic over all bytes at once where the quoting is well formed, else a scan of those lines that hold a quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from include.readers.quoting import RFC_4180, Quoting

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

FEED, RETURN = b"\n\r"


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


def find_records(buffer: bytes, delimiter: bytes, *, final: bool, quoting: Quoting = RFC_4180) -> Records:
    """Finds the complete records of a buffer that starts with a record.

    Args:
        buffer: text in UTF-8; it may end anywhere, and ends with a line end if `final`.
        delimiter: one byte.
        final: whether nothing follows the buffer.
        quoting: how cells are guarded. A comment is a record of its own.
    """
    line_ends = find_line_ends(buffer, final=final)
    if quoting.quote is None or quoting.quote.encode() not in buffer:
        return Records(line_ends, line_ends)
    data = np.frombuffer(buffer, np.uint8)
    quotes = np.flatnonzero(data == ord(quoting.quote))
    closed = len(quotes) % 2 == 0
    simple = quoting.plain and quoting.comment is None
    if not (simple and _well_formed(data, quotes, delimiter)) or (final and not closed):
        return _scan(buffer, delimiter, line_ends, quotes, quoting, final=final)
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


def open_quote(buffer: bytes, delimiter: bytes, quoting: Quoting = RFC_4180) -> int | None:
    """The position of the quote that is open at the end of a buffer that starts with a record."""
    return None if quoting.quote is None else _scan_record(buffer, 0, _patterns(delimiter, quoting)[1]).unclosed


def _well_formed(data: Bytes, quotes: Positions, delimiter: bytes) -> bool:
    """Whether quotes open and close cells in turn.

    Each quote at an even place must follow the start, a delimiter, a line end or a quote, each at an odd place stand
    before one of these: only then does counting quotes tell inside from outside.
    """
    edge = np.zeros(256, bool)
    edge[[data[quotes[0]], FEED, RETURN, delimiter[0]]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = edge[data[np.maximum(opening - 1, 0)]]
    after = edge[data[np.minimum(closing + 1, len(data) - 1)]]
    return bool(before.all() and after.all())


@cache
def _patterns(delimiter: bytes, quoting: Quoting) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A whole record without defects, and one cell with what follows its closing quote and what ends it."""
    guarded = _Guarded(delimiter.decode(), quoting)
    quoted, end = f"{guarded.blanks}{guarded.quote}{guarded.within}{guarded.quote}", guarded.end
    escaped = rf"|{guarded.escape}[^\r\n]" if guarded.escape else ""
    # An unquoted cell may hold quotes, but not begin with one.
    plain = rf"(?!{guarded.blanks}{guarded.quote})(?:[^{end}\r\n{guarded.escape}]{escaped})*+"
    line_end = r"(?:\r\n|\r|\n)"
    comment = rf"{re.escape(quoting.comment)}[^\r\n]*+{line_end}|" if quoting.comment else ""
    cell = f"(?:{quoted}{guarded.blanks}|{plain})"
    record = f"{comment}(?:{cell}{end})*+{cell}{line_end}"
    careful = rf"(?:({quoted}){guarded.blanks}([^{end}\r\n]*+)|{plain})({end}|\r\n|\r|\n|\Z)"
    return re.compile(record.encode()), re.compile(careful.encode())


class _Guarded:
    """Pieces of patterns: the signs, blanks that may stand around a quoted cell, and what stands within its quotes."""

    def __init__(self, delimiter: str, quoting: Quoting) -> None:
        self.end = re.escape(delimiter)
        self.quote = re.escape(quoting.quote or "")
        self.escape = re.escape(quoting.escape or "")
        self.blanks = " *+" if quoting.skip_blanks else ""
        escaped = rf"|{self.escape}[\s\S]" if self.escape else ""
        self.within = f"(?:[^{self.quote}{self.escape}]++|{self.quote}{self.quote}{escaped})*+"


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


def _scan(  # what find_records has found out so far
    buffer: bytes, delimiter: bytes, line_ends: Positions, quotes: Positions, quoting: Quoting, *, final: bool
) -> Records:
    record, cell = _patterns(delimiter, quoting)
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


def split_record(text: str, delimiter: str, quoting: Quoting = RFC_4180) -> list[str | None]:
    """Splits one record, without its line end, into cells: None for an empty one, "" for a quoted empty one.

    Text after a closing quote belongs to the cell, as in Arrow's reader.
    """
    quote, escape = quoting.quote, quoting.escape
    if (quote is None or quote not in text) and quoting.plain:  # ten times as fast, and most records are such
        return [cell or None for cell in text.split(delimiter)]
    cells: list[str | None] = []
    for match in _cell_pattern(delimiter, quoting).finditer(text):
        quoted, after, plain, end = match.groups()
        if quoted is None:
            cells.append(_meant(plain.lstrip(" ") if quoting.skip_blanks else plain, escape) or None)
        else:
            cells.append(_meant(quoted, escape, quote) + after)
        if not end:
            break
    return cells


def _meant(text: str, escape: str | None, quote: str | None = None) -> str:
    """The characters that escapes and doubled quotes stand for."""
    if escape is None or escape not in text:
        return text.replace(quote * 2, quote) if quote else text
    doubled = f"|{re.escape(quote)}({re.escape(quote)})" if quote else "|(?!)()"
    return re.sub(rf"{re.escape(escape)}([\s\S]){doubled}", lambda found: found[1] or found[2], text)


def split_raw(text: str, delimiter: str, quoting: Quoting = RFC_4180) -> list[str]:
    """Splits one record, without its line end, into cells as they stand there, quotes included."""
    cells = []
    for match in _cell_pattern(delimiter, quoting).finditer(text):
        cells.append(text[match.start() : match.start(4)])
        if not match[4]:
            break
    return cells


@cache
def _cell_pattern(delimiter: str, quoting: Quoting) -> re.Pattern[str]:
    """A cell of one record: what is within quotes and what follows them, or what is unquoted; and what ends it."""
    guarded = _Guarded(delimiter, quoting)
    end, quote, blanks = guarded.end, guarded.quote, guarded.blanks
    quoted = rf"{blanks}{quote}({guarded.within}){quote}{blanks}([^{end}]*+)" if quote else "(?!)()()"
    escaped = rf"|{guarded.escape}[\s\S]" if guarded.escape else ""
    return re.compile(rf"(?:{quoted}|((?:[^{end}{guarded.escape}]{escaped})*+))({end}|\Z)")

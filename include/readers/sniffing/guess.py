"""How a file that nobody has described is written: guessed from its start, each guess with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from include.readers.quoting import NO_QUOTES, RFC_4180, Form, Quoting
from include.readers.record_bounds import count_lines, find_records, split_raw, split_record
from include.readers.sniffing.dialect import DELIMITERS, SEPARATOR_LINE, Cells, sample_records
from include.readers.sniffing.header_rows import NOTHING, has_header, header_row, kind_of

# Signs that delimit where none of the usual ones does.
RARE_DELIMITERS = (" ", "^", "~", ":", "#", "\x1f", "\x01")
# The least share of records that fit a usual delimiter, below which the others are tried.
GOOD_FIT = 0.9
# Columns from which on blanks between words are no chance.
SURE_COLUMNS = 3

ENCLOSED = re.compile(r"""\s*(?:"[^"]*"|'[^']*')\s*""")
BLANK_BEFORE_QUOTE = re.compile(r'(?:^|[,;|\t]) +"', re.MULTILINE)

# What a defect of one reading weighs beside one record that does not fit.
UNCLOSED = 1_000
BROKEN = 2

# Escaped quotes that are no chance: one of them in a long file may be a backslash that ends a cell.
SURE_ESCAPES = 3

# From this share of short records on, with none too long, leaving out last cells is the file's habit.
SHORT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file's start says of its form; `reasons` tell each guess that is not the usual, `headed` None is doubt."""

    form: Form
    reasons: dict[str, str]
    headed: bool | None = True


@dataclass(frozen=True, slots=True)
class _Reading:
    """The sample under one delimiter and one way of quoting: records, and how much speaks against it."""

    delimiter: str
    quoting: Quoting
    rows: Sequence[Cells]
    defects: int

    @property
    def width(self) -> int:
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 0

    @property
    def fit(self) -> float:
        """The share of records that have as many cells as most have, empty ones at either end not counted."""
        width = self.width
        fitting = sum(len(cells) == width or (len(cells) > width and not _holds(cells[width:])) for cells in self.rows)
        return fitting / len(self.rows) if self.rows else 0.0

    @property
    def is_sure(self) -> bool:
        """Whether a delimiter that few programs use is beyond doubt: all records fit it, and names stand on top."""
        first = self.rows[0]
        named = all(cell and kind_of(cell) == "text" for cell in first)
        return self.width >= SURE_COLUMNS and self.fit == 1 and not self.defects and len(self.rows) > 1 and named

    @property
    def rank(self) -> tuple[bool, float, int, int]:
        return self.width > 1, round(self.fit - self.defects / max(len(self.rows), 1), 6), self.width, -self.defects


def guess_form(sample: bytes, complete: bool, *, fixed: Form, headed: bool | None = None) -> Guess:
    """Decides what `fixed` leaves open.

    Args:
        sample: the first bytes of the file as UTF-8 without byte order mark, whole or up to any byte.
        fixed: what is known; a delimiter, and quoting that is settled, stay.
        complete: whether the sample is the whole file.
        headed: whether there is a header, where somebody said it.

    Returns:
        A form that `read_dialect` takes. Nothing is decided of a file that none of the readings fits.
    """
    if SEPARATOR_LINE.match(sample) or not sample.strip():
        return Guess(fixed, {})
    if complete and not sample.endswith((b"\n", b"\r")):
        sample += b"\n"
    comment = fixed.quoting.comment or _comment(sample)
    best = _best(sample, fixed, comment, complete)
    if best is None or not best.rows:
        return Guess(fixed, {})
    reasons = dict(_reasons(best, comment, fixed))
    start = header_row(best.rows)
    if start and not fixed.skip_lines:
        reasons["skip_lines"] = "lines above the header"
    skipped = fixed.skip_lines or _lines_before(sample, best, start, complete)
    first, *data = best.rows[start:]
    if headed is None:
        headed = has_header(first, data)
        if headed is False:
            reasons["header"] = "the first record looks like those below it"
    short = sum(len(cells) < len(first) for cells in data)
    early = data[: len(data) // 2]  # notes below a table are short as well
    trailing = fixed.missing_trailing or (
        bool(data)
        and min(_short(data, first), _short(early or data, first)) >= SHORT_SHARE
        and not any(_holds(cells[len(first) :]) for cells in data)
    )
    if trailing and not fixed.missing_trailing:
        reasons["missing_trailing"] = f"{short} of the first {len(data)} records have fewer cells than the header"
    form = Form(best.delimiter, best.quoting, skipped, headed is not False, trailing, fixed.settled)
    return Guess(form, reasons, headed)


def _short(data: Sequence[Cells], first: Cells) -> float:
    """The share of records that have fewer cells than the first one."""
    return sum(len(cells) < len(first) for cells in data) / len(data)


def _holds(cells: Cells) -> bool:
    return any(cell and cell.strip() for cell in cells)


def _comment(sample: bytes) -> str | None:
    """`#`, where lines that begin with it have few of the delimiters that the lines between have."""
    lines = [line for line in re.split(rb"\r\n|\r|\n", sample) if line.strip()]
    marked = [line for line in lines if line.startswith(b"#")]
    others = [line for line in lines if not line.startswith(b"#")]
    if not marked or not others or len(marked) > len(others):
        return None
    delimiter = max((sign.encode() for sign in DELIMITERS), key=others[0].count)
    usual = others[len(others) // 2].count(delimiter)
    # A header may begin with the sign, and a line of one column says nothing.
    return None if any(line.count(delimiter) * 2 > usual for line in marked) or not usual else "#"


def _best(sample: bytes, fixed: Form, comment: str | None, complete: bool) -> _Reading | None:
    delimiters = (fixed.delimiter,) if fixed.delimiter else DELIMITERS
    quotings = (
        [fixed.quoting] if fixed.settled or fixed.quoting != RFC_4180 else _quotings(sample.decode(errors="replace"))
    )
    quotings = [replace(quoting, comment=comment) for quoting in quotings]
    best = _best_of(sample, delimiters, quotings, complete)
    if fixed.delimiter or (best and best.width > 1 and best.fit >= GOOD_FIT and not best.defects):
        return best
    rare = _best_of(sample, RARE_DELIMITERS, quotings, complete)
    return rare if rare and rare.is_sure else best


def _best_of(sample: bytes, delimiters: Sequence[str], quotings: Sequence[Quoting], complete: bool) -> _Reading | None:
    """The reading that fits best; of those that fit alike, the first one."""
    readings = [_read(sample, sign, quoting, complete) for quoting in quotings for sign in delimiters]
    return max(filter(None, readings), key=lambda reading: reading.rank, default=None)


def _quotings(text: str) -> list[Quoting]:
    """The ways of quoting for which the sample has a sign, the usual one first."""
    found = [RFC_4180]
    if text.count('\\"') >= min(SURE_ESCAPES, 1 + text.count("\n") // SURE_ESCAPES):
        found.append(Quoting(escape="\\"))
    if BLANK_BEFORE_QUOTE.search(text):
        found.append(Quoting(skip_blanks=True))
    if '"' in text:
        found.append(NO_QUOTES)
    if "'" in text:
        found.append(Quoting(quote="'"))
    return found


def _read(sample: bytes, delimiter: str, quoting: Quoting, complete: bool) -> _Reading | None:
    records = find_records(sample, delimiter.encode(), final=complete, quoting=quoting)
    texts, _ = sample_records(sample, delimiter, quoting, complete=complete)
    split = [split_record(text, delimiter, quoting) for text in texts]
    rows = [cells for cells in split if any(cell and cell.strip() for cell in cells)]
    if not rows:
        return None
    defects = BROKEN * len(records.broken) + (UNCLOSED if records.unclosed is not None else 0)
    return _Reading(delimiter, quoting, rows, defects + _against(texts, rows, delimiter, quoting))


def _against(texts: Sequence[str], rows: Sequence[Cells], delimiter: str, quoting: Quoting) -> int:
    """What speaks against a way of quoting: cells that another way would read better."""
    cells = [cell.strip() for row in rows for cell in row if cell]
    enclosed = sum(1 for cell in cells if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'))
    if quoting.quote is None:
        return UNCLOSED * enclosed
    if quoting.quote == "'":
        sure = _has_quoted_column(texts, delimiter, quoting) or _guarded(rows, delimiter) >= SURE_ESCAPES
        return UNCLOSED * (enclosed + (not sure))
    apostrophes = '"' not in "".join(texts) and _has_quoted_column(texts, delimiter, Quoting(quote="'"))
    return UNCLOSED if apostrophes else 0


def _guarded(rows: Sequence[Cells], delimiter: str) -> int:
    """Cells that hold the delimiter, which only quotes allow."""
    return sum(1 for row in rows for cell in row if cell and delimiter in cell)


def _has_quoted_column(texts: Sequence[str], delimiter: str, quoting: Quoting) -> bool:
    """Whether all cells of a column stand in these quotes, in two records or more, the first one perhaps not."""
    rows = [split_raw(text, delimiter, quoting) for text in texts[1:]]
    columns = (
        [row[place] for row in rows if place < len(row) and row[place].strip().lower() not in NOTHING]
        for place in range(len(max(rows, key=len, default=[])))
    )
    return any(
        len(column) > 1 and all(map(ENCLOSED.fullmatch, column)) and quoting.quote == column[0].strip()[0]
        for column in columns
    )


def _lines_before(sample: bytes, best: _Reading, start: int, complete: bool) -> int:
    """Physical lines above the record with that index among those that hold something."""
    if start == 0:
        return 0
    records = find_records(sample, best.delimiter.encode(), final=complete, quoting=best.quoting)
    filled = -1
    for first, end in zip(records.starts.tolist(), records.ends.tolist(), strict=True):
        text = sample[first:end].decode().rstrip("\r\n")
        is_comment = bool(best.quoting.comment) and text.startswith(best.quoting.comment or "#")
        cells = split_record(text, best.delimiter, best.quoting)
        filled += not is_comment and any(cell and cell.strip() for cell in cells)
        if filled == start:
            return count_lines(sample[:first])
    return 0


def _reasons(best: _Reading, comment: str | None, fixed: Form) -> Iterator[tuple[str, str]]:
    quoting = best.quoting
    if quoting.quote != fixed.quoting.quote:
        yield "quote", "cells are in this sign" if quoting.quote else "quotes stand within cells, and guard none"
    if quoting.escape:
        yield "escape", "stands before quotes"
    if quoting.skip_blanks:
        yield "skip_blanks", "blanks stand before quotes"
    if comment and not fixed.quoting.comment:
        yield "comment", "lines that begin with it have other cells"

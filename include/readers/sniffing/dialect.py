"""How a delimited file is written: its delimiter, its header, where its data begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from include.errors import FileError, SetupError
from include.readers.encoding import EncodingFacts, utf8_blocks
from include.readers.quoting import Form, Quoting
from include.readers.record_bounds import count_lines, find_records, split_record

# In order of preference where nothing in the file decides.
DELIMITERS = (",", ";", "\t", "|")

# Bytes of UTF-8. A header of 57 columns takes 1.5 kB; some hundred records show how many cells they have.
SAMPLE_BYTES = 64 << 10
SAMPLE_RECORDS = 500

# Excel's first line that names the delimiter; programs that read it as a record fill it up with empty cells.
SEPARATOR_LINE = re.compile(rb'"?sep=([^"\r\n\x00\x80-\xff])\1*"?[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)

# A whole or decimal number, however grouped.
NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")
# Least share of a column's cells that are numbers in a column of numbers.
NUMERIC_SHARE = 0.9

Cells = list[str | None]

# Nothing is fixed.
USUAL = Form()


@dataclass(frozen=True, slots=True)
class Dialect:
    """What was decided about a file's form.

    `header` holds the header's cells, unquoted, otherwise as delivered; () means that the file has no header: it is
    empty or holds blank lines only. `form` is what was fixed, `numeric` the positions of columns of numbers. `width` is
    the number of cells that most records have: more than the header's where records end in a delimiter. `data_offset`
    counts bytes of the file as UTF-8 without byte order mark, `data_line` is the physical line (1-based) on which the
    first record starts. `separator_line`: the file opens with `sep=`. `header_only`: nothing stands after the header.
    `assumed`: nothing in the file decides the delimiter (one column).
    """

    delimiter: str
    header: tuple[str, ...]
    width: int
    data_offset: int
    data_line: int
    separator_line: bool = False
    header_only: bool = False
    assumed: bool = False
    form: Form = USUAL
    numeric: tuple[int, ...] = ()

    @property
    def quoting(self) -> Quoting:
        """How cells are guarded."""
        return self.form.quoting


@dataclass(frozen=True, slots=True)
class _Reading:
    """The sample as one delimiter divides it; `header_bytes` with the line end."""

    delimiter: str
    header: Cells
    header_bytes: int
    data: Sequence[Cells]

    @property
    def rank(self) -> tuple[bool, float, int]:
        """How well the delimiter fits: it divides the header, records have as many cells, cells are many."""
        fitting = sum(len(cells) == len(self.header) or _is_padded(cells, self.header) for cells in self.data)
        return len(self.header) > 1, fitting / len(self.data) if self.data else 1.0, len(self.header)


def read_dialect(
    url: str, facts: EncodingFacts, fixed: Form | str | None = None, options: Mapping[str, Any] | None = None
) -> Dialect:
    """Takes a sample of the file's start and decides the dialect by it; see `detect_dialect`."""
    sample, complete = read_sample(url, facts, options)
    return detect_dialect(sample, fixed, name=url, complete=complete)


def read_sample(url: str, facts: EncodingFacts, options: Mapping[str, Any] | None = None) -> tuple[bytes, bool]:
    """The file's first bytes as UTF-8 without byte order mark, and whether they are all of it."""
    sample = b""
    blocks = utf8_blocks(url, facts, SAMPLE_BYTES, options)
    while len(sample) <= SAMPLE_BYTES and (block := next(blocks, None)) is not None:
        sample += block
    return sample, len(sample) <= SAMPLE_BYTES


def detect_dialect(
    sample: bytes, fixed: Form | str | None = None, *, name: str = "of this name", complete: bool = True
) -> Dialect:
    """Decides the dialect by a sample: the first bytes of the file as UTF-8 without byte order mark.

    A `sep=` line, comments, blank lines and lines of delimiters alone before the header are skipped. Empty cells that
    end the header are dropped where most records hold nothing there either.

    Args:
        sample: whole or up to any byte.
        fixed: what profile or contract fixes, or the delimiter alone.
        name: the file's name, for messages.
        complete: whether the sample is the whole file.

    Raises:
        FileError: the header's quote is never closed, the header is longer than the sample, two delimiters fit alike.
        SetupError: the delimiter that is fixed is none.
    """
    form = fixed if isinstance(fixed, Form) else Form(fixed)
    if form.delimiter is not None:
        _check_fixed(form)
    separator, start = _skip_to_header(sample, form)
    delimiters = (form.delimiter,) if form.delimiter else (separator,) if separator else DELIMITERS
    if start == len(sample) and complete:
        line = count_lines(sample) + 1
        return Dialect(delimiters[0], (), 0, start, line, separator is not None, header_only=True, form=form)
    rest = sample[start:]
    if complete and not rest.endswith((b"\n", b"\r")):
        rest += b"\n"
    readings = [reading for delimiter in delimiters if (reading := _read(rest, delimiter, form, complete))]
    best = max(readings, key=lambda reading: reading.rank, default=None)
    if best is None or (len(best.header) == 1 and len(readings) < len(delimiters)):
        raise _no_header(rest, count_lines(sample[:start]) + 1, delimiters, form, name, complete)
    _check_rivals(best, readings, name)
    return _dialect(best, sample, start, separator is not None, complete, form, assumed=len(delimiters) > 1)


def _check_fixed(form: Form) -> None:
    delimiter, quote = form.delimiter or "", form.quoting.quote or ""
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in f"{quote}\r\n\0":
        what = f"The profile's key `delimiter` is {delimiter!r}, expected one ASCII character other than a quote."
        raise SetupError(what, "Name one such as ',', ';', '|' or a tab.")


def _skip_to_header(sample: bytes, form: Form) -> tuple[str | None, int]:
    """The delimiter that a `sep=` line names, and where the header starts."""
    separator: str | None = None
    signs = re.escape("".join(DELIMITERS) + (form.delimiter or "")).encode()
    comment = re.escape(form.quoting.comment or "").encode()
    nothing = re.compile(rb"(?:[ %b]*|%b[^\r\n]*)(?:\r\n|\r|\n|\Z)" % (signs, comment or b"(?!)"))
    start = _after_lines(sample, form.skip_lines)
    while start < len(sample):
        named = None if separator else SEPARATOR_LINE.match(sample, start)
        skipped = named or nothing.match(sample, start)
        if not skipped:
            break
        separator = named[1].decode() if named else separator
        start = skipped.end()
    return separator, start


def _after_lines(sample: bytes, lines: int) -> int:
    start = 0
    for end in islice(re.finditer(rb"\r\n|\r|\n", sample), lines):
        start = end.end()
    return start


def _read(rest: bytes, delimiter: str, form: Form, complete: bool) -> _Reading | None:
    texts, header_bytes = sample_records(rest, delimiter, form.quoting, complete=complete)
    if not texts:
        return None
    split = [split_record(text, delimiter, form.quoting) for text in texts]
    filled = [cells for cells in split if len(cells) > 1 or (cells[0] or "").strip()]
    if form.headed:
        return _Reading(delimiter, split[0], header_bytes, filled[1:])
    names: Cells = [f"column_{number}" for number in range(1, _columns(filled) + 1)]
    return _Reading(delimiter, names, 0, filled)


def _columns(data: Sequence[Cells]) -> int:
    """How many columns a file without header has: as many as most records have cells, less those that are all empty."""
    width = Counter(map(len, data)).most_common(1)[0][0]
    usual = [cells for cells in data if len(cells) == width]
    while width > 1 and not any(cells[width - 1] for cells in usual):
        width -= 1
    return width


def sample_records(sample: bytes, delimiter: str, quoting: Quoting, *, complete: bool) -> tuple[list[str], int]:
    """The texts of a sample's first records, comments left out, and the bytes that the first one takes."""
    records = find_records(sample, delimiter.encode(), final=complete, quoting=quoting)
    ends = records.ends[: SAMPLE_RECORDS + 1].tolist()
    texts = [sample[start:end].decode().rstrip("\r\n") for start, end in zip([0, *ends], ends, strict=False)]
    kept = [text for text in texts if not (quoting.comment and text.startswith(quoting.comment))]
    return kept, ends[0] if ends else 0


def _is_padded(cells: Cells, header: Cells) -> bool:
    """Whether a record has the header's cells but for empty ones at the end of either."""
    longer, shorter = (cells, header) if len(cells) > len(header) else (header, cells)
    return not _holds(longer[len(shorter) :])


def _holds(cells: Cells) -> bool:
    return any(cell and cell.strip() for cell in cells)


def _check_rivals(best: _Reading, readings: Sequence[_Reading], name: str) -> None:
    rivals = [reading.delimiter for reading in readings if reading.rank == best.rank]
    if len(rivals) > 1 and best.data and len(best.header) > 1:
        what = f"The file {name} fits these delimiters alike: {' '.join(map(repr, rivals))}."
        raise FileError(what, "Set the profile's key `delimiter`.")


def _dialect(  # what detect_dialect has found out
    best: _Reading, sample: bytes, start: int, separator_line: bool, complete: bool, form: Form, *, assumed: bool
) -> Dialect:
    offset = min(start + best.header_bytes, len(sample))
    header = _trimmed(best)
    return Dialect(
        best.delimiter,
        tuple(cell or "" for cell in header),
        _width(len(header), best.data),
        offset,
        count_lines(sample[:offset]) + 1,
        separator_line,
        header_only=complete and offset == len(sample),
        assumed=assumed and len(best.header) == 1,
        form=form,
        numeric=tuple(place for place in range(len(header)) if _is_numeric(best.data, place)),
    )


def _is_numeric(data: Sequence[Cells], place: int) -> bool:
    cells = [cell for cells in data if place < len(cells) and (cell := (cells[place] or "").strip())]
    return bool(cells) and sum(map(bool, map(NUMBER.fullmatch, cells))) >= NUMERIC_SHARE * len(cells)


def _trimmed(reading: _Reading) -> Cells:
    """The header without empty cells at its end, as long as most records hold nothing there."""
    header = list(reading.header)
    while len(header) > 1 and not header[-1]:
        filled = sum(any(cells[len(header) - 1 :]) for cells in reading.data)
        if filled * 2 > len(reading.data):
            break
        header.pop()
    return header


def _width(columns: int, data: Sequence[Cells]) -> int:
    widths = Counter(len(cells) for cells in data if len(cells) >= columns and not _holds(cells[columns:]))
    return widths.most_common(1)[0][0] if widths else columns


def _no_header(  # what detect_dialect has found out
    rest: bytes, line: int, candidates: Sequence[str], form: Form, name: str, complete: bool
) -> FileError:
    if not complete:
        what = f"The header of the file {name} starts on line {line} and is longer than {len(rest)} bytes."
        return FileError(what, "Check that it is delimited text with a header as its first line.")
    found = (find_records(rest, sign.encode(), final=True, quoting=form.quoting) for sign in candidates)
    unclosed = next(records.unclosed for records in found if not len(records.ends))
    line += count_lines(rest[:unclosed])
    what = f"The file {name} opens a quote in its header on line {line} and never closes it."
    return FileError(what, "Mend the header, or ask for the file again.")

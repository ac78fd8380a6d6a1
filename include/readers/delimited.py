"""Delimited text in blocks of records: cells as strings, each record with its physical line and number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.errors import DefectError, FileError
from include.readers.blocks import Part, TextBlock
from include.readers.encoding import EncodingFacts, utf8_blocks
from include.readers.parsing import Parsed, int64_array, parse_records
from include.readers.record_bounds import Positions, Records, count_lines, find_records, open_quote
from include.readers.sniffing.dialect import Dialect
from include.readers.sniffing.legacy import BAD_BYTE
from include.readers.sniffing.suspects import check_suspects
from include.results import Reject

Flags = npt.NDArray[np.bool_]

# Bytes read at once. From 1 to 4 MiB parse equally fast (400 MB/s on one thread), and a load holds about 20 times as
# much: 4 MiB made a peak of 277 MB where 1 MiB makes 218 (a million order lines).
BLOCK_BYTES = 1 << 20

# The most bytes read at once, of a file of which few columns are wanted: a block costs some milliseconds whatever it
# holds. Loads of Shopify's orders (22 of 79 columns) peak at 206 MB with 1 MiB, 223 with 1.5 and 244 with 2.
MAX_BLOCK_BYTES = 3 << 19

# Bytes of one record, line end included. A product's description takes some kilobytes; what is longer is a quote that
# swallows the file.
MAX_RECORD_BYTES = 8 << 20


# Records of one block at most, however short they are: each costs some hundred bytes beside its text, a reject more.
MAX_BLOCK_RECORDS = 1 << 16


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Whole records: `data` holds them from its first byte on, `line` and `record` are the first one's."""

    data: bytes
    records: Records
    line: int
    record: int


def read_text_blocks(
    part: Part,
    dialect: Dialect,
    facts: EncodingFacts,
    *,
    first_sequence: int,
    columns: Collection[int] = (),
    block_bytes: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[TextBlock]:
    """Reads the records after the header; memory is bounded by the block, whatever the file's size.

    Rows and `blank` over all blocks make the number of records; blank lines have numbers too: `records` has gaps there.
    Codes of rejects made here: `columns`, `quoting`, `nul`, `encoding`; at most one a record.

    Args:
        part: the file.
        dialect: as `read_dialect` decided it.
        facts: as `detect_encoding` decided them.
        first_sequence: number over all parts of the part's first record.
        columns: positions of the cells to make columns of; none means all. The number of cells is checked all the same.
        block_bytes: bytes to read at once; where None, what holds about as many wanted cells in any file.
        options: storage options for fsspec.

    Raises:
        FileError: an unclosed quote, a record longer than 8 MiB; names the line.
    """
    if not dialect.header:
        return
    wanted = sorted(columns) or range(len(dialect.header))
    block_bytes = block_bytes or min(BLOCK_BYTES * len(dialect.header) // len(wanted), MAX_BLOCK_BYTES)
    blocks = _after(utf8_blocks(part.url, facts, block_bytes, options), dialect.data_offset)
    for chunk in _chunks(blocks, dialect, part.name):
        yield _text_block(chunk, dialect, wanted, part.name, first_sequence, bad_bytes=facts.bad_bytes > 0)


def _after(blocks: Iterator[bytes], offset: int) -> Iterator[bytes]:
    for block in blocks:
        if offset < len(block):
            yield block[offset:] if offset else block
        offset = max(0, offset - len(block))


def _chunks(blocks: Iterator[bytes], dialect: Dialect, name: str) -> Iterator[_Chunk]:
    delimiter = dialect.delimiter.encode()
    line, record, rest = dialect.data_line, 1, b""
    following = next(blocks, None)
    while following is not None:
        # One block ahead, so that a last line without line end needs no block of its own.
        block, following = following, next(blocks, None)
        rest += block
        if following is None and not rest.endswith((b"\n", b"\r")):
            rest += b"\n"
        found = find_records(rest, delimiter, final=following is None, quoting=dialect.quoting)
        _check_lengths(rest, found, dialect, line, name)
        check_suspects(rest, found, dialect, line, name)
        yield from _pieces(_Chunk(rest, found, line, record))
        line, record = line + len(found.line_ends), record + len(found.ends)
        if found.unclosed is not None:
            raise _unclosed(name, line + count_lines(rest[found.end : found.unclosed]))
        rest = rest[found.end :]
    if rest:
        raise DefectError(f"The file {name} ends with {len(rest)} bytes that belong to no record.")


def _pieces(chunk: _Chunk) -> Iterator[_Chunk]:
    count = len(chunk.records.ends)
    if 0 < count <= MAX_BLOCK_RECORDS:
        yield chunk
        return
    line = chunk.line
    for first in range(0, count, MAX_BLOCK_RECORDS):
        records, start = chunk.records.piece(first, first + MAX_BLOCK_RECORDS)
        yield _Chunk(chunk.data[start : start + records.end], records, line, chunk.record + first)
        line += len(records.line_ends)


def _check_lengths(buffer: bytes, found: Records, dialect: Dialect, line: int, name: str) -> None:
    if len(buffer) <= MAX_RECORD_BYTES:
        return
    lengths = np.append(found.ends - found.starts, len(buffer) - found.end)
    longest = int(np.argmax(lengths > MAX_RECORD_BYTES))
    if lengths[longest] <= MAX_RECORD_BYTES:
        return
    start = int(lengths[:longest].sum())
    quote = open_quote(buffer[start : start + MAX_RECORD_BYTES], dialect.delimiter.encode(), dialect.quoting)
    if quote is not None:
        raise _unclosed(name, line + count_lines(buffer[: start + quote]))
    what = f"The file {name} holds a record of more than {MAX_RECORD_BYTES} bytes"
    what += f" that starts on line {line + count_lines(buffer[:start])}."
    raise FileError(what, "Check that the file is delimited text with one record a line.")


class UnclosedError(FileError):
    """A quote that opens a cell and is never closed."""


def _unclosed(name: str, line: int) -> FileError:
    what = f"The file {name} opens a quote on line {line} and never closes it."
    remedy = "Mend that line, ask for the file again, or say how cells are quoted: the key `quote` (none: not at all)."
    return UnclosedError(what, remedy)


def _text_block(
    chunk: _Chunk, dialect: Dialect, columns: Sequence[int], name: str, first_sequence: int, *, bad_bytes: bool
) -> TextBlock:
    records = chunk.records
    starts = records.starts
    blank = _blank(chunk.data, starts, records.ends, dialect)
    kept = np.flatnonzero(~blank) if blank.any() else np.arange(len(starts))
    parsed = parse_records(chunk.data, records, kept, dialect, columns)
    lines = chunk.line + _line_of(starts, records)

    def raw(record: int) -> str:
        index = record - chunk.record
        if not 0 <= index < len(starts):
            raise KeyError(f"The block holds no record {record}.")
        return chunk.data[starts[index] : records.ends[index]].decode().rstrip("\r\n")

    def whole(wanted: Positions) -> pa.RecordBatch:
        return parse_records(chunk.data, records, wanted - chunk.record, dialect, range(len(dialect.header))).cells

    def reject(index: int, column: str | None, code: str, reason: str) -> Reject:
        record = chunk.record + index
        sequence = first_sequence + record - 1
        return Reject(name, int(lines[index]), record, sequence, column, code, reason, raw(record))

    faults = _faults(chunk, parsed, bad_bytes=bad_bytes)
    return TextBlock(
        cells=parsed.cells,
        lines=int64_array(lines[kept]),
        records=int64_array(chunk.record + kept),
        rejects=tuple(reject(index, None, *faults[index]) for index in sorted(faults)),
        blank=len(starts) - len(kept),
        raw=raw,
        whole=whole,
    )


def _line_of(starts: Positions, records: Records) -> Positions:
    """Line ends before each record's start."""
    if not records.multiline:
        return np.arange(len(starts))
    return np.searchsorted(records.line_ends, starts, "right")


def _blank(data: bytes, starts: Positions, ends: Positions, dialect: Dialect) -> Flags:
    """Which records are comments, empty or hold nothing but spaces and tabs that do not delimit."""
    first = np.frombuffer(data, np.uint8)[starts]
    blank: Flags = (first == ord("\n")) | (first == ord("\r"))
    if dialect.quoting.comment:
        blank |= first == ord(dialect.quoting.comment)
    spaces = " \t".replace(dialect.delimiter, "").encode()
    for index in np.flatnonzero(np.isin(first, np.frombuffer(spaces, np.uint8))).tolist():
        blank[index] = not data[starts[index] : ends[index]].strip(spaces + b"\r\n")
    return blank


def _faults(chunk: _Chunk, parsed: Parsed, *, bad_bytes: bool) -> dict[int, tuple[str, str]]:
    """Code and reason by the record's index in the chunk; the last of these that fits is the one that is told."""
    faults = {index: ("columns", reason) for index, reason in parsed.misfits.items()}
    for index in chunk.records.broken.tolist():
        faults[index] = ("quoting", "text follows a closing quote")
    if b"\0" in chunk.data:
        nul = np.flatnonzero(np.frombuffer(chunk.data, np.uint8)[: chunk.records.end] == 0)
        for index in np.unique(np.searchsorted(chunk.records.ends, nul, "right")).tolist():
            faults[index] = ("nul", "a NUL character, which no text may hold")
    if bad_bytes:
        found = [match.start() for match in re.finditer(BAD_BYTE.encode(), chunk.data[: chunk.records.end])]
        for index in np.unique(np.searchsorted(chunk.records.ends, found, "right")).tolist():
            faults[index] = ("encoding", "bytes that are no UTF-8, in a file that else is")
    return faults

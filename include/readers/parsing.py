"""Whole records to string columns: Arrow's reader for those that fit the header, a slow way for those that do not."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.csv

from include.errors import DefectError
from include.readers.record_bounds import Positions, Records, split_record
from include.readers.sniffing.dialect import Dialect

# Up to so many ragged records of a block are put between slices of the others, at 9 us each; more of them cost less
# by taking every row to its place, which is 0.8 ms for a block of 10,000 rows.
FEW_RAGGED = 64


@dataclass(frozen=True, slots=True)
class Parsed:
    """Cells of the kept records in order, and a reason by record index for those whose number of cells is wrong."""

    cells: pa.RecordBatch
    misfits: dict[int, str]


def parse_records(data: bytes, records: Records, kept: Positions, dialect: Dialect, wanted: Sequence[int]) -> Parsed:
    """Parses the records with the indices `kept`; too few cells are padded with nulls, too many are cut.

    Only the header's cells at the positions `wanted` become columns: making strings of all cells of a wide file takes
    Arrow longer than finding them.

    Cells beyond the header's are accepted as long as they are empty.

    Raises:
        DefectError: Arrow sees other records than `records` says.
    """
    columns = len(dialect.header)
    if not dialect.quoting.plain:
        return _parse_slowly(data, records, kept, dialect, wanted)
    fitting, ragged = _read(_payload(data, records, kept), dialect, wanted, records.multiline)
    if fitting.num_rows + len(ragged) != len(kept):
        what = f"{len(kept)} records were found, Arrow reads {fitting.num_rows} and {len(ragged)} ragged ones."
        raise DefectError(what, "Report this with the file's dialect.")
    starts = records.starts
    texts = (data[starts[index] : records.ends[index]].decode() for index in kept[ragged].tolist())
    split = [split_record(text.rstrip("\r\n"), dialect.delimiter, dialect.quoting) for text in texts]
    fit = np.delete(kept, ragged)
    misfits = _surplus(fitting, len(wanted), dialect, fit) | {
        index: _reason(columns, len(cells))
        for index, cells in zip(kept[ragged].tolist(), split, strict=True)
        if _misfits(cells, dialect)
    }
    fitting = fitting.select(range(len(wanted)))
    return Parsed(_merged(fitting, _padded(split, wanted), ragged) if split else fitting, misfits)


def _parse_slowly(data: bytes, records: Records, kept: Positions, dialect: Dialect, wanted: Sequence[int]) -> Parsed:
    """The same for text that Arrow would divide otherwise: with an escape, or with blanks before quotes."""
    starts = records.starts
    texts = (data[starts[index] : records.ends[index]].decode().rstrip("\r\n") for index in kept.tolist())
    split = [split_record(text, dialect.delimiter, dialect.quoting) for text in texts]
    misfits = {
        index: _reason(len(dialect.header), len(cells))
        for index, cells in zip(kept.tolist(), split, strict=True)
        if _misfits(cells, dialect)
    }
    return Parsed(_padded(split, wanted), misfits)


def _misfits(cells: Sequence[str | None], dialect: Dialect) -> bool:
    """Whether a record has other cells than the header; empty ones beyond it do not count."""
    columns = len(dialect.header)
    beyond = any(cell and cell.strip() for cell in cells[columns:])
    return beyond or (len(cells) < columns and not dialect.form.missing_trailing)


def int64_array(values: Positions) -> pa.Int64Array:
    """The same numbers for Arrow, not copied. `pa.array` would import pandas: 0.3 s and 40 MB."""
    return cast(pa.Int64Array, pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)]))


def _reason(expected: int, found: int) -> str:
    return f"{expected} cells expected, {found} found"


def _payload(data: bytes, records: Records, kept: Positions) -> bytes | memoryview:
    """The bytes of the kept records alone."""
    if len(kept) == len(records.ends):
        return memoryview(data)[: records.end]
    if not len(kept):
        return b""
    dropped = np.delete(np.arange(len(records.ends)), kept)
    edges = np.stack((records.starts[dropped], records.ends[dropped]), axis=1).ravel().tolist()
    edges = [0, *edges, records.end]
    return b"".join(data[start:end] for start, end in zip(edges[0::2], edges[1::2], strict=True))


def _read(
    payload: bytes | memoryview, dialect: Dialect, wanted: Sequence[int], multiline: bool
) -> tuple[pa.RecordBatch, list[int]]:
    """The wanted and the surplus cells of the records of the dialect's width, and the places of the other records."""
    columns = [str(position) for position in (*wanted, *range(len(dialect.header), dialect.width))]
    schema = pa.schema([(name, pa.string()) for name in columns])
    ragged: list[int] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row.number - 1)
        return "skip"

    if not payload:
        return _empty(schema), ragged
    if payload[:3] == codecs.BOM_UTF8:
        # Arrow drops a mark at the start of what it reads; here it is part of a cell, so there has to be one more.
        payload = codecs.BOM_UTF8 + payload
    table = pyarrow.csv.read_csv(
        pa.BufferReader(payload),
        # One block, so that columns come in one piece.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False,
            block_size=len(payload) + 1,
            column_names=[str(position) for position in range(dialect.width)],
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quoting.quote or False,
            newlines_in_values=multiline,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema,
            include_columns=columns,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else _empty(schema), ragged


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _surplus(fitting: pa.RecordBatch, wanted: int, dialect: Dialect, indices: Positions) -> dict[int, str]:
    """Records that hold something in a cell beyond the header's; these cells stand behind the wanted ones."""
    found: dict[int, str] = {}
    for column in fitting.columns[wanted:]:
        if column.null_count < len(column):
            filled = [row for row, cell in enumerate(column.to_pylist()) if cell and cell.strip()]
            reason = _reason(len(dialect.header), dialect.width)
            found |= dict.fromkeys(indices[filled].tolist(), reason)
    return found


def _padded(split: Sequence[list[str | None]], wanted: Sequence[int]) -> pa.RecordBatch:
    columns = [[cells[place] if place < len(cells) else None for cells in split] for place in wanted]
    return pa.RecordBatch.from_arrays([_strings(column) for column in columns], list(map(str, wanted)))


def _strings(values: Sequence[str | None]) -> pa.StringArray:
    """A string column from buffers; see `int64_array` for why."""
    encoded = [(value or "").encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    present = np.packbits([value is not None for value in values], bitorder="little")
    buffers = [pa.py_buffer(buffer) for buffer in (offsets, b"".join(encoded), present)]
    return pa.StringArray.from_buffers(len(values), *buffers)


def _merged(fitting: pa.RecordBatch, ragged: pa.RecordBatch, places: list[int]) -> pa.RecordBatch:
    """Both in the order of the file; `places` are the ragged ones'."""
    if len(places) <= FEW_RAGGED:
        return pa.concat_batches(_pieces(fitting, ragged, places))
    order = np.empty(fitting.num_rows + ragged.num_rows, np.int64)
    order[places] = np.arange(fitting.num_rows, len(order))
    order[np.delete(np.arange(len(order)), places)] = np.arange(fitting.num_rows)
    return pa.concat_batches([fitting, ragged]).take(int64_array(order))


def _pieces(fitting: pa.RecordBatch, ragged: pa.RecordBatch, places: list[int]) -> Iterator[pa.RecordBatch]:
    done = 0
    for index, place in enumerate(places):
        yield fitting.slice(done, place - index - done)
        yield ragged.slice(index, 1)
        done = place - index
    yield fitting.slice(done)

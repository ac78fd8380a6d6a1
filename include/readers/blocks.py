"""The values that pass between the layers of the reader: a part, a block of text cells, a typed batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from include.results import Reject

if TYPE_CHECKING:
    import pyarrow as pa

    from include.readers.record_bounds import Positions


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a dataset, as `open` saw it: a file of the delivery, or one of several in a zip.

    `url` is what `source.open_bytes` opens (a path or a URL), `name` the file's name within the delivery, for a zip's
    with the zip's before it (`orders.zip/orders-1.csv`). `size` is the bytes as stored, `sha256` the hex digest of
    those bytes, `modified` its time of change in seconds (0 where unknown): the zip's for all that is in it.
    """

    url: str
    name: str
    size: int
    sha256: str
    modified: float = 0.0


class Fault(IntEnum):
    """Why a row of a batch must not be stored as it is; it still takes part in numbering and grouping."""

    NONE = 0
    ROW = 1
    GROUP = 2


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Consecutive records of one part as text.

    `cells`: one string column per header cell that was asked for, named by position ("0", "1", ...), null for an
    unquoted empty cell, '' for a quoted one. `lines`: n x int64, the physical line on which each record starts
    (1-based). `records`: n x int64, the record's number within the part (1-based, without header). Records that do not
    fit the header (too few or too many cells, broken quoting) stand in `cells` too, cut or padded with nulls, and are
    named in `rejects` by their record number. `blank` counts records without any cell (blank lines). `raw(record)`
    gives a record's original text, `whole(records)` the cells of records under all of the header.
    """

    cells: pa.RecordBatch
    lines: pa.Int64Array
    records: pa.Int64Array
    rejects: tuple[Reject, ...]
    blank: int
    raw: Callable[[int], str]
    whole: Callable[[Positions], pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class TypedBatch:
    """Rows of one part with the contract's types.

    `rows` holds the contract's columns in their order, then `_sequence` (int64, number over all parts, counted over
    every record), `_part` (int32, position of the part), `_line` (int64) and `_fault` (int8, see Fault). Faulty rows
    are in it with nulls in the cells that could not be read, so that numbering counts them; each has one entry in
    `rejects`. `read` counts the records the batch stands for (rows + folded), `folded` those that are neither row nor
    reject. `raw(sequence)` gives a record's original text.
    """

    rows: pa.RecordBatch
    rejects: tuple[Reject, ...]
    read: int
    folded: int
    raw: Callable[[int], str] = field(compare=False)

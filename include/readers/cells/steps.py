"""Columns that do not cast as a whole: each step reads the cells that its pattern fits, the next one what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import NO_TEXT, scatter

# Up to one cell in so many is put aside from a column that else casts as a whole; from there on steps are as fast.
FEW_ONE_IN = 8

Read = Callable[[pa.StringArray], pa.Array]


def cast_whole(cells: pa.StringArray, kind: pa.DataType) -> pa.Array | None:
    """The cast of all cells, or None where one does not fit.

    A cast that fails costs 1.3 us for each cell that does not fit, so the first cell is tried alone.
    """
    try:
        pc.first(cells).cast(kind)
        return cells.cast(kind)
    except pa.ArrowInvalid:
        return None


def read_in_steps(cells: pa.StringArray, steps: Sequence[tuple[str, Read]], last: Read, kind: pa.DataType) -> pa.Array:
    """Reads a mixed column.

    Args:
        cells: what to read; null stays null.
        steps: (pattern, read): `read` gets the column with null for cells that the pattern does not fit, and reads
            all of the others.
        last: gets only the cells that are left, and gives null for those that it cannot read.
        kind: the type of the result.

    Returns:
        The values, as many as cells; null for cells that nothing could read.
    """
    values, rest = None, cells
    for pattern, read in steps:
        fits = pc.fill_null(pc.match_substring_regex(rest, pattern), False)
        if pc.any(fits).as_py():
            found = read(pc.if_else(fits, rest, NO_TEXT))
            values = found if values is None else pc.coalesce(values, found)
            rest = pc.if_else(fits, NO_TEXT, rest)
    values = pa.nulls(len(cells), kind) if values is None else values
    if rest.null_count == len(rest):
        return values
    left = pc.is_valid(rest)
    return scatter(values, left, last(rest.filter(left)))

"""Yes and no, as exports and people write them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import TextColumn, trimmed
from include.readers.cells.steps import cast_whole

YES = pa.array(["true", "t", "yes", "y", "1"])
NO = pa.array(["false", "f", "no", "n", "0"])


def read_booleans(column: TextColumn) -> pa.BooleanArray:
    """true, yes, y, t, 1 and their opposites in any case; null for what is none of them."""
    whole = cast_whole(column.cells, pa.bool_())
    if whole is not None:
        return whole
    words = pc.utf8_lower(trimmed(column))
    yes, no = pc.is_in(words, value_set=YES), pc.is_in(words, value_set=NO)
    return pc.if_else(pc.or_(yes, no), yes, pa.scalar(None, pa.bool_()))

"""Dates and moments in a form that somebody named: `%d-%b-%y`, `%Y%m%d`, `epoch`, `epoch_ms`."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import BLANKS
from include.readers.cells.zones import EPOCH, LOCAL, MOMENT, to_moments
from include.readers.date_formats import UNIT_US, parsed

EPOCH_NUMBER = re.compile("-?[0-9]{1,15}")


def read_formatted(cells: pa.StringArray, form: str, zone: str) -> pa.TimestampArray:
    """Moments of cells in that form; null for those in another one. An epoch counts from 1970 in UTC."""
    texts = pc.unique(cells)
    found = pa.array([_moment(text, form) for text in texts.to_pylist()], LOCAL)
    local = found.take(pc.index_in(cells, value_set=texts))
    local = pc.if_else(pc.is_valid(cells), local, pa.scalar(None, LOCAL))
    return local.cast(MOMENT) if form in UNIT_US or "%z" in form else to_moments(local, zone)


def _moment(text: str | None, form: str) -> dt.datetime | None:
    if text is None:
        return None
    text = text.strip(BLANKS)
    try:
        if form in UNIT_US:
            return (
                EPOCH + dt.timedelta(microseconds=int(text) * UNIT_US[form]) if EPOCH_NUMBER.fullmatch(text) else None
            )
        return parsed(text, form)
    except (ValueError, OverflowError):
        return None

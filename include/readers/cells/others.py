"""Floats, and what is checked as text and stored as what it is: JSON, UUIDs, times of day, intervals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.inspection import BLANKS, TextColumn, trimmed
from include.readers.cells.reading import Flaw, Reading
from include.readers.cells.shapes import describe_shape
from include.readers.choices import DecimalForm

FLOAT = pa.float64()

# What Arrow would take beyond these are words: nan, inf.
FLOAT_TEXT = r"^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?$"
UUID = re.compile("[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
TIME = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?: ?[AaPp]\.?[Mm]\.?)?")
# ISO 8601 (P1DT2H), words (2 days 3 hours) and clocks (36:00:00), as PostgreSQL reads them.
INTERVAL = re.compile(
    r"-?P(?=.)(?:[0-9]+[YMWD])*(?:T(?:[0-9]+(?:\.[0-9]{1,6})?[HMS])+)?"
    r"|(?:[-+]?[0-9]+ ?(?:years?|mons?|months?|weeks?|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)(?: |$))*"
    r"(?:(?<= )?[-+]?[0-9]{1,6}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?)?",
    re.IGNORECASE,
)


def read_floats(column: TextColumn, reading: Reading) -> pa.DoubleArray:
    """Floats in plain or scientific notation; null for what is none, for nan, and for infinity."""
    cells = trimmed(column)
    if reading.decimal is DecimalForm.COMMA:
        cells = pc.replace_substring(cells, ",", ".")
    sound = pc.match_substring_regex(cells, FLOAT_TEXT)
    values = pc.if_else(sound, cells, pa.scalar(None, pa.string())).cast(FLOAT)
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, FLOAT))


def _checked(holds: Callable[[str], object]) -> Callable[[TextColumn, Reading], pa.StringArray]:
    """A reader that keeps the cells that hold, without the blanks around them."""

    def read(column: TextColumn, _reading: Reading) -> pa.StringArray:
        cells = trimmed(column)
        texts = cells.to_pylist()
        sound = {text: bool(holds(text)) for text in set(texts) if text is not None}
        return pa.array([text if text is not None and sound[text] else None for text in texts], pa.string())

    return read


def _is_json(text: str) -> bool:
    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    # PostgreSQL's jsonb holds no NUL.
    return "\\u0000" not in text


read_json = _checked(_is_json)
read_uuids = _checked(UUID.fullmatch)
read_times = _checked(TIME.fullmatch)
read_intervals = _checked(lambda text: text and INTERVAL.fullmatch(text))


def explain(code: str, what: str) -> Callable[[str, Reading], Flaw]:
    """Why one of these readers left a cell out."""
    return lambda text, _: Flaw(code, f"{what}: {describe_shape(text.strip(BLANKS))}")

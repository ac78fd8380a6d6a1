"""What became of a file: whether each value that was loaded is the one that the file holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from benchmarks.anycsv.truth import Expected

# Words that stand for nothing in any column whose other cells are numbers or moments.
NOTHING = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "nil", r"\n"})

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)?(?:[.,][0-9]+|[.,])?(?:[eE][-+]?[0-9]+)?")
GROUPED = re.compile(r"-?[1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]+)?")
MOMENT = re.compile(
    r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(?: ?([AaPp])[Mm])?)?(?:Z|\+00(?::?00)?)?"
)
CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class Outcome(StrEnum):
    """What became of a file; see the module's `judge`."""

    RIGHT = "right"
    AS_TEXT = "as text"
    SET_ASIDE = "set aside"
    REFUSED = "refused"
    WRONG = "wrong in silence"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a tool made of a file: rows of Python values, and the lines of records that it set aside with a word.

    `lines`: where each row starts, where the tool knows; else rows are compared in order. `error`: it refused.
    """

    rows: Sequence[Sequence[Any]] = ()
    lines: Sequence[int] | None = None
    aside: frozenset[int] = frozenset()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and why."""

    outcome: Outcome
    why: str = ""


def judge(expected: Expected | None, loaded: Loaded) -> Verdict:
    """Compares what was loaded with what the file holds.

    RIGHT: each value is right. AS_TEXT: each is, but a column of numbers or moments came as text. SET_ASIDE: each is,
    but records were set aside with a word. REFUSED: nothing was loaded, and that was said. WRONG: a value is another
    one or is lost, and nothing was said. Columns that hold nothing count on neither side.
    """
    if loaded.error is not None:
        return Verdict(Outcome.REFUSED, loaded.error)
    if expected is None:
        return Verdict(Outcome.WRONG, "loaded what holds no table")
    return _compared(expected, loaded)


def _compared(expected: Expected, loaded: Loaded) -> Verdict:
    known = zip(expected.lines, expected.cells, strict=True)
    wanted = [cells for line, cells in known if line not in loaded.aside]
    rows = [row for row in loaded.rows if any(not _nothing(value) for value in row)]
    left, right = _filled(wanted), _filled(rows)
    if (len(rows), len(right)) != (len(wanted), len(left)):
        what = f"{len(rows)} rows of {len(right)} columns, {len(wanted)} of {len(left)} expected"
        return Verdict(Outcome.WRONG, what)
    verdicts = [_column(texts, values, expected) for texts, values in zip(left, right, strict=True)]
    for outcome in (Outcome.WRONG, Outcome.AS_TEXT):
        found = [f"column {number}: {v.why}" for number, v in enumerate(verdicts, 1) if v.outcome is outcome]
        if found and not (outcome is Outcome.AS_TEXT and loaded.aside):
            return Verdict(outcome, ", ".join(found))
    return Verdict(Outcome.SET_ASIDE, f"{len(loaded.aside)} records") if loaded.aside else Verdict(Outcome.RIGHT)


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _filled(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    width = max(map(len, rows), default=0)
    columns = ([row[place] if place < len(row) else None for row in rows] for place in range(width))
    return [column for column in columns if not all(map(_nothing, column))]


def _column(texts: Sequence[str | None], values: Sequence[Any], expected: Expected) -> Verdict:
    kind = _kind(texts, expected)
    typed = False
    for text, value in zip(texts, values, strict=True):
        typed = typed or not (value is None or isinstance(value, str))
        if not _same(text, value, kind, expected):
            return Verdict(Outcome.WRONG, f"{text!r} is {value!r}")
    if kind and not typed:
        return Verdict(Outcome.AS_TEXT, kind)
    return Verdict(Outcome.RIGHT)


def _same(text: str | None, value: Any, kind: str, expected: Expected) -> bool:
    if text is None or _nothing(text) or text in expected.nulls:
        return _nothing(value) or value == text
    if value is None:
        return bool(kind) and text.strip().lower() in NOTHING
    if isinstance(value, str):
        return value == text or (kind != "" and value == text.strip())
    readings = READINGS.get(type(value))
    return readings is not None and any(reading == value for reading in readings(text, expected))


def _kind(texts: Sequence[str | None], expected: Expected) -> str:
    """`number` or `moment` where all cells are such without any doubt, else ''."""
    filled = {
        text
        for text in texts
        if text is not None and text.strip() and text not in expected.nulls and text.strip().lower() not in NOTHING
    }
    if not filled:
        return ""
    if all(_plain(text, expected) for text in filled):
        return "number"
    if all(any(True for _ in _moments(text, expected)) and _whole_year(text) for text in filled):
        return "moment"
    return ""


def _plain(text: str, expected: Expected) -> bool:
    if not (NUMBER.fullmatch(text) and any(map(str.isdigit, text))):
        return False
    return not (set(text) & {".", ","} - {expected.decimal})


def _whole_year(text: str) -> bool:
    found = MOMENT.fullmatch(text)
    return found is not None and 4 in {len(found[1]), len(found[4])}


def _numbers(text: str, expected: Expected) -> Iterator[Decimal]:
    text = text.strip()
    if not (NUMBER.fullmatch(text) or GROUPED.fullmatch(text)):
        return  # a zero or a plus before it, a currency beside it: another value once it is a number
    other = "," if expected.decimal == "." else "."
    if GROUPED.fullmatch(text):
        text = text.replace(other, "")
    try:
        yield Decimal(text.replace(expected.decimal, "."))
    except InvalidOperation:
        return


def _floats(text: str, expected: Expected) -> Iterator[float]:
    """A float is right where it is the closest one and has all of the digits."""
    for number in _numbers(text, expected):
        if Decimal(repr(float(number))) == number:
            yield float(number)


def _truths(text: str, _expected: Expected) -> Iterator[bool]:
    if (word := text.strip().lower()) in {"true", "false"}:
        yield word == "true"


def _moments(text: str, expected: Expected) -> Iterator[dt.datetime]:
    found = MOMENT.fullmatch(text.strip())
    if found is None:
        return
    first, _, second, third, *clock, half = found.groups()
    orders = {"dmy": (2, 1, 0), "mdy": (2, 0, 1)}
    places = [(0, 1, 2)] if len(first) == 4 else [orders[expected.order]] if expected.order in orders else []
    places = list(orders.values()) if not places and expected.order == "either" else places
    hour, minute, seconds, fraction = (int(number or 0) for number in (*clock[:3], (clock[3] or "").ljust(6, "0")))
    hour = hour % 12 + (12 if half in "Pp" else 0) if half else hour
    for year, month, day in ([int((first, second, third)[place]) for place in order] for order in places):
        try:
            yield dt.datetime(year + (2000 if year < 100 else 0), month, day, hour, minute, seconds, fraction)
        except ValueError:
            continue


def _dates(text: str, expected: Expected) -> Iterator[dt.date]:
    return (moment.date() for moment in _moments(text, expected) if moment.time() == dt.time())


def _times(text: str, _expected: Expected) -> Iterator[dt.time]:
    if found := CLOCK.fullmatch(text.strip()):
        hour, minute, seconds = (int(number or 0) for number in found.groups())
        yield dt.time(hour, minute, seconds)


READINGS: dict[type, Callable[[str, Expected], Iterator[Any]]] = {
    int: _numbers,
    Decimal: _numbers,
    float: _floats,
    bool: _truths,
    dt.datetime: _moments,
    dt.date: _dates,
    dt.time: _times,
}

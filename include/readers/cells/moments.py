"""Timestamps and dates: ISO as a whole column, every other form by its numbers.

Two digits for a year are refused, `0000-00-00` is no date, fractions beyond microseconds are cut off.
"""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.readers.cells.formats import read_formatted
from include.readers.cells.inspection import BLANK, BLANKS, NO_TEXT, Mask, TextColumn, scatter, trimmed
from include.readers.cells.reading import Flaw, Reading
from include.readers.cells.shapes import describe_shape
from include.readers.cells.steps import FEW_ONE_IN, cast_whole, read_in_steps
from include.readers.cells.zones import DAY_US, LOCAL, MOMENT, Integers, to_moments
from include.readers.choices import DateOrder

DATE = pa.date32()
# 0001-01-01 and the end of 9999 as microseconds from 1970: what Python, Arrow and PostgreSQL all hold.
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999

# (months, days) that are in the calendar every year: February 29 is left to arithmetic.
CERTAIN_DAYS = (
    ("(?:0[13578]|1[02])", "(?:0[1-9]|[12][0-9]|3[01])"),
    ("(?:0[469]|11)", "(?:0[1-9]|[12][0-9]|30)"),
    ("02", "(?:0[1-9]|1[0-9]|2[0-8])"),
)
YEAR = "[1-9][0-9]{3}"
CERTAIN_DAY = f"{YEAR}-(?:{'|'.join(f'{months}-{days}' for months, days in CERTAIN_DAYS)})"
# Dates that end with their year, in two, two and four digits: what they look like, and where month and day stand.
YEAR_LAST = {
    DateOrder.DAY_FIRST: (f"(?:{'|'.join(f'{days}[-/.]{months}' for months, days in CERTAIN_DAYS)})[-/.]{YEAR}", 3, 0),
    DateOrder.MONTH_FIRST: (
        f"(?:{'|'.join(f'{months}[-/.]{days}' for months, days in CERTAIN_DAYS)})[-/.]{YEAR}",
        0,
        3,
    ),
}
CERTAIN_TIME = r"[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
CERTAIN_OFFSET = "(?:Z|[-+](?:0[0-9]|1[0-8]):?[0-5][0-9])"

# `yyyy-mm-dd hh:mm:ss +0200`, as Shopify's exports write all moments: its length, and the place of the one character
# that Arrow does not read.
SPACED_LENGTH, SPACE_AT = 25, 19
PLUS_SIGN, MINUS_SIGN = b"+-"

# first, second, third: the date's numbers; half: a or p of AM and PM.
MOMENT_PATTERN = (
    r"^(?P<first>[0-9]{1,4})[-/.](?P<second>[0-9]{1,2})[-/.](?P<third>[0-9]{1,4})"
    r"(?:(?:[Tt]|,? +)(?P<hour>[0-9]{1,2})(?::?(?P<minute>[0-9]{2})"
    r"(?::?(?P<seconds>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
    r"(?: ?(?P<zone>[Zz]|UTC|GMT|(?P<ahead>[-+])(?P<zone_hours>[0-9]{2})(?::?(?P<zone_minutes>[0-9]{2}))?))?$"
)
LIKE_A_MOMENT = re.compile(MOMENT_PATTERN)
TWO_DIGIT_YEAR = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:[ T,].*)?")
MONTH_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

Fields = dict[str, Integers]


def read_timestamps(column: TextColumn, reading: Reading) -> pa.TimestampArray:
    """Moments in UTC; times without an offset are read in the store's zone (see `to_moments` for its odd hours).

    A date alone is its midnight. Null for what is no date and time, or no such one in the zone.
    """
    if reading.date_format:
        return _within_calendar(read_formatted(column.cells, reading.date_format, reading.zone))
    cells = trimmed(column)
    moments = _whole(cells, reading)
    if moments is None:
        moments = _whole_but_few(cells, reading)
    return _within_calendar(_mixed(cells, reading) if moments is None else moments)


def _whole(cells: pa.StringArray, reading: Reading) -> pa.TimestampArray | None:
    spaced = _cast_spaced(TextColumn(cells))
    if spaced is not None:
        return spaced
    local = cast_whole(cells, LOCAL)
    return cast_whole(cells, MOMENT) if local is None else to_moments(_within_calendar(local), reading.zone)


def _whole_but_few(cells: pa.StringArray, reading: Reading) -> pa.TimestampArray | None:
    """The cast of a column but for a few cells of another length, which are read by themselves; None if it is none.

    A column that is sound but for some words would else pay for patterns over all of its cells.
    """
    lengths = pc.binary_length(cells)
    odd = pc.fill_null(pc.not_equal(lengths, pc.first(lengths)), False)
    if not 0 < odd.true_count * FEW_ONE_IN <= len(odd):
        return None
    moments = _whole(pc.if_else(odd, NO_TEXT, cells), reading)
    few = cells.filter(odd)
    # Each pattern takes Arrow a third of a millisecond to compile; words are no moment in any form.
    if moments is None or not any(map(LIKE_A_MOMENT.match, few.to_pylist())):
        return moments
    return scatter(moments, odd, _mixed(few, reading))


def _cast_spaced(column: TextColumn) -> pa.TimestampArray | None:
    """The moments of a column whose cells all have a blank before their offset; None where one has not."""
    filled = np.count_nonzero(column.lengths)
    if filled == 0 or np.count_nonzero(column.lengths == SPACED_LENGTH) < filled:
        return None
    texts = column.bytes.reshape(filled, SPACED_LENGTH)
    sign = texts[:, SPACE_AT + 1]
    if not ((texts[:, SPACE_AT] == BLANK) & ((sign == PLUS_SIGN) | (sign == MINUS_SIGN))).all():
        return None
    return cast_whole(pc.binary_replace_slice(column.cells, SPACE_AT, SPACE_AT + 1, ""), MOMENT)


def _mixed(cells: pa.StringArray, reading: Reading) -> pa.TimestampArray:
    def local(rest: pa.StringArray) -> pa.TimestampArray:
        return to_moments(rest.cast(LOCAL), reading.zone)

    steps = [
        (f"^{CERTAIN_DAY}(?:{CERTAIN_TIME})?$", local),
        (f"^{CERTAIN_DAY}{CERTAIN_TIME} ?(?:UTC|{CERTAIN_OFFSET})$", lambda rest: _joined(rest).cast(MOMENT)),
    ]
    if reading.date_order in YEAR_LAST:
        day, month_at, day_at = YEAR_LAST[reading.date_order]
        steps.append((f"^{day}(?:{CERTAIN_TIME})?$", lambda rest: local(_year_first(rest, month_at, day_at))))
    return read_in_steps(cells, steps, lambda rest: _spelled_moments(rest, reading), MOMENT)


def _year_first(cells: pa.StringArray, month_at: int, day_at: int) -> pa.StringArray:
    """dd.mm.yyyy and mm/dd/yyyy with what follows as yyyy-mm-dd."""
    pieces = (6, 10), (month_at, month_at + 2), (day_at, day_at + 2)
    date = pc.binary_join_element_wise(*(pc.utf8_slice_codeunits(cells, *piece) for piece in pieces), "-")
    return pc.binary_join_element_wise(date, pc.utf8_slice_codeunits(cells, 10), "")


def read_dates(column: TextColumn, reading: Reading) -> pa.Date32Array:
    """Days; a time beside the day is taken only where it is midnight and has no offset."""
    if reading.date_format:
        return _midnights(read_formatted(column.cells, reading.date_format, "UTC").cast(LOCAL))
    cells = trimmed(column)
    whole = cast_whole(cells, LOCAL)
    if whole is None:
        steps = ((f"^{CERTAIN_DAY}$", lambda rest: rest.cast(DATE)),)
        return read_in_steps(cells, steps, lambda rest: _spelled_dates(rest, reading), DATE)
    return _midnights(_within_calendar(whole))


def _midnights(local: pa.TimestampArray) -> pa.Date32Array:
    days = local.cast(DATE, safe=False)
    return pc.if_else(pc.equal(days.cast(LOCAL), local), days, pa.scalar(None, DATE))


def _joined(cells: pa.StringArray) -> pa.StringArray:
    """`... +0200` and `... UTC` as Arrow reads them."""
    for spelled, joined in ((" +", "+"), (" -", "-"), ("UTC", "Z"), (" Z", "Z")):
        cells = pc.replace_substring(cells, spelled, joined)
    return cells


def _within_calendar(moments: pa.TimestampArray) -> pa.TimestampArray:
    bounds = pc.min_max(moments.view(pa.int64()))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is None or (low >= FIRST_US and high <= LAST_US):
        return moments
    values = moments.view(pa.int64())
    held = pc.and_(pc.greater_equal(values, FIRST_US), pc.less_equal(values, LAST_US))
    return pc.if_else(held, moments, pa.scalar(None, moments.type))


def _spelled_moments(cells: pa.StringArray, reading: Reading) -> pa.TimestampArray:
    fields, lengths = moment_fields(cells)
    days, is_day = _days(fields, lengths, reading.date_order)
    times, is_time = _times(fields)
    offset = (fields["zone_hours"] * 60 + fields["zone_minutes"]) * np.where(fields["ahead"] == MINUS, -1, 1)
    valid = is_day & is_time & (fields["zone_hours"] < 24) & (fields["zone_minutes"] < 60)
    local = pa.array(days * DAY_US + times, pa.int64(), mask=~valid)
    aware = pa.array(days * DAY_US + times - offset * 60_000_000, pa.int64(), mask=~valid).view(MOMENT)
    return pc.if_else(pa.array(lengths["zone"] > 0), aware, to_moments(local.view(LOCAL), reading.zone))


def _spelled_dates(cells: pa.StringArray, reading: Reading) -> pa.Date32Array:
    fields, lengths = moment_fields(cells)
    days, is_day = _days(fields, lengths, reading.date_order)
    times, is_time = _times(fields)
    valid = is_day & is_time & (times == 0) & (lengths["zone"] == 0)
    return pa.array(days.astype(np.int32), pa.int32(), mask=~valid).view(DATE)


PLUS, MINUS = 1, 2
NUMBERS = ("first", "second", "third", "hour", "minute", "seconds", "zone_hours", "zone_minutes")
LETTERS = {"half": pa.array(["", "a", "p"]), "ahead": pa.array(["", "+", "-"])}
PM = 2


def moment_fields(cells: pa.StringArray) -> tuple[Fields, Fields]:
    """The numbers of dates and times in any order, and how many characters each has (0: absent).

    A cell that is no date has length 0 in `first`. `fraction` is in microseconds; `half` is 1 for AM, 2 for PM;
    `ahead` is 1 for an offset of +, 2 for -.
    """
    found = pc.extract_regex(cells, MOMENT_PATTERN)
    texts = {field.name: pc.fill_null(pc.struct_field(found, field.name), "") for field in found.type}
    lengths = {name: pc.binary_length(text).to_numpy().astype(np.int64) for name, text in texts.items()}
    fields = {name: _number(texts[name]) for name in NUMBERS}
    fields["fraction"] = _number(pc.utf8_slice_codeunits(pc.utf8_rpad(texts["fraction"], 6, "0"), 0, 6))
    for name, letters in LETTERS.items():
        fields[name] = pc.index_in(pc.utf8_lower(texts[name]), value_set=letters).cast(pa.int64()).to_numpy()
    return fields, lengths


def _number(text: pa.StringArray) -> Integers:
    number: Integers = pc.if_else(pc.equal(text, ""), "0", text).cast(pa.int64()).to_numpy()
    return number


def _days(fields: Fields, lengths: Fields, order: DateOrder | None) -> tuple[Integers, Mask]:
    """Days from 1970, and for which cells they hold."""
    year_first = (lengths["first"] == 4) & (lengths["third"] <= 2)
    year_last = (lengths["first"] <= 2) & (lengths["third"] == 4)
    fixed = year_last & (order in (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST))
    day_first = order is DateOrder.DAY_FIRST
    year = np.where(year_first, fields["first"], fields["third"])
    month = np.where(year_first | day_first, fields["second"], fields["first"])
    day = np.where(year_first, fields["third"], fields["first"] if day_first else fields["second"])
    return _calendar(year, month, day, year_first | fixed)


def _calendar(year: Integers, month: Integers, day: Integers, candidate: Mask) -> tuple[Integers, Mask]:
    valid = candidate & (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    valid &= day <= MONTH_LENGTHS[np.where(valid, month, 0)]
    days = months.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    # February 29 of a common year is March 1.
    valid &= days.astype("datetime64[M]") == months
    return days.astype(np.int64), valid


def _times(fields: Fields) -> tuple[Integers, Mask]:
    """Microseconds from midnight, and for which cells they hold."""
    hour, half = fields["hour"], fields["half"]
    valid = np.where(half > 0, (hour >= 1) & (hour <= 12), hour < 24)
    valid &= (fields["minute"] < 60) & (fields["seconds"] < 60)
    hour = np.where(half > 0, hour % 12 + np.where(half == PM, 12, 0), hour)
    seconds = (hour * 60 + fields["minute"]) * 60 + fields["seconds"]
    return seconds * 1_000_000 + fields["fraction"], valid


def explain_timestamp(text: str, reading: Reading) -> Flaw:
    """Why `read_timestamps` left the cell out."""
    flaw = _formatted(text) if reading.date_format else _explain(text, reading)
    if flaw is None and re.search("0001|9999", text):
        return Flaw("out_of_range", "a moment outside the years 1 to 9999 in UTC")
    return flaw or Flaw("no_such_time", f"a local time that {reading.zone} leaves out when its clocks go forward")


def explain_date(text: str, reading: Reading) -> Flaw:
    """Why `read_dates` left the cell out."""
    if reading.date_format:
        return _formatted(text)
    return _explain(text, reading) or Flaw("not_a_date", f"a date with a time beside it: {_shape(text)}")


def _formatted(text: str) -> Flaw:
    return Flaw("not_a_date", f"not in the form that date_format names: {_shape(text)}")


def _explain(text: str, reading: Reading) -> Flaw | None:
    """The flaw of a cell that no zone could mend; None where the date and time exist somewhere."""
    if TWO_DIGIT_YEAR.fullmatch(text.strip(BLANKS)):
        return Flaw("two_digit_year", f"a year of two digits: {_shape(text)}")
    found = re.match(MOMENT_PATTERN, text.strip(BLANKS))
    if found is None:
        return Flaw("not_a_date", f"not a date: {_shape(text)}")
    if len(found["first"]) < 4 and reading.date_order not in YEAR_LAST:
        return Flaw("not_a_date", "a date that ends with its year, expected one that begins with it (date_order)")
    if not _is_day(found, reading.date_order):
        return Flaw("not_a_date", "a date that is not in the calendar")
    if not _is_time(found):
        return Flaw("no_such_time", "a time that is on no clock")
    return None


def _is_day(found: re.Match[str], order: DateOrder | None) -> bool:
    year, month, day = found["first"], found["second"], found["third"]
    if len(year) < 4:
        year, month, day = (day, month, year) if order is DateOrder.DAY_FIRST else (day, year, month)
    try:
        return len(year) == 4 and dt.date(int(year), int(month), int(day)) is not None
    except ValueError:
        return False


def _is_time(found: re.Match[str]) -> bool:
    hour, minute, seconds = (int(found[name] or 0) for name in ("hour", "minute", "seconds"))
    offset = int(found["zone_hours"] or 0) < 24 and int(found["zone_minutes"] or 0) < 60
    return offset and minute < 60 and seconds < 60 and (1 <= hour <= 12 if found["half"] else hour < 24)


def _shape(text: str) -> str:
    return describe_shape(text.strip(BLANKS))

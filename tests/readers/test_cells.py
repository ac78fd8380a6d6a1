from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.contracts import Column, ColumnType
from include.readers.cells.column import TypedColumn, read_column
from include.readers.cells.inspection import BLANKS
from include.readers.cells.numerals import FEW_CELLS
from include.readers.cells.reading import Reading
from include.readers.cells.shapes import describe_shape, mask_shape
from include.readers.cells.steps import FEW_ONE_IN
from include.readers.choices import DateOrder, DecimalForm

KINDS = list(ColumnType)[:7]
IDENTIFIER, TEXT, INTEGER, DECIMAL, BOOLEAN, TIMESTAMP, DATE = KINDS
DOT, COMMA = DecimalForm
BERLIN = Reading(zone="Europe/Berlin")
DAY_FIRST = Reading(date_order=DateOrder.DAY_FIRST)
MONTH_FIRST = Reading(date_order=DateOrder.MONTH_FIRST)


def column(kind: ColumnType, **checks: Any) -> Column:
    return Column("x", kind, **checks)


def read(kind: ColumnType, cells: list[str | None], reading: Reading | None = None, **checks: Any) -> TypedColumn:
    return read_column(pa.array(cells, pa.string()), column(kind, **checks), reading or Reading())


def value(kind: ColumnType, cell: str, reading: Reading | None = None, **checks: Any) -> Any:
    """The cell's value, or the code of its flaw."""
    found = read(kind, [cell], reading, **checks)
    assert len(found.flaws) <= 1
    return found.flaws[0].code if found.flaws else found.values[0].as_py()


# One clean and one unreadable neighbour for each type: what stands beside a cell decides which way it is read.
NEIGHBOURS = {
    IDENTIFIER: ("A-1", " é"),
    TEXT: ("A-1", " é"),
    INTEGER: ("7", "seven"),
    DECIMAL: ("7.5", "seven"),
    BOOLEAN: ("true", "perhaps"),
    TIMESTAMP: ("2024-01-31 08:00:00", "soon"),
    DATE: ("2024-01-31", "soon"),
}

MESSY = st.one_of(
    st.text(st.sampled_from("0123456789.,-+() '$€E\u00a0\u2212"), max_size=14),
    st.from_regex(
        r"\A[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T][0-9]{1,2}(:?[0-9]{2}(:?[0-9]{2})?)?)?"
        r" ?(Z|UTC|[-+][0-9]{2}:?[0-9]{2}|[AP]M)?\Z"
    ),
    st.from_regex(r"\A[-+]?[0-9]{0,21}[.,]?[0-9]{0,6}\Z"),
    st.sampled_from(
        ["true", "NO", "t", "nan", "-inf", "1E2", "0x1F", '="00123"', "'7", "0000-00-00", "\ufeff", "a\0b"]
    ),
    st.text(max_size=8),
)
READINGS = st.builds(
    Reading,
    decimal=st.sampled_from(DecimalForm),
    date_order=st.sampled_from([None, *DateOrder]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)


@settings(deadline=None, max_examples=150)
@given(kind=st.sampled_from(KINDS), cell=MESSY, reading=READINGS)
@example(kind=TIMESTAMP, cell="2010-12-01 08", reading=Reading())
@example(kind=TIMESTAMP, cell="2010 -12-01 08:26Z", reading=Reading())
@example(kind=INTEGER, cell="0x1F", reading=Reading())
@example(kind=DECIMAL, cell="\u00a07.5 \u20ac", reading=Reading())
@example(kind=INTEGER, cell="\u00a07", reading=Reading(decimal=DecimalForm.COMMA))
@example(kind=DATE, cell="2010-12-01 00:00:00", reading=Reading())
def test_a_cell_reads_the_same_whatever_stands_beside_it(kind: ColumnType, cell: str, reading: Reading) -> None:
    alone = read(kind, [cell], reading)
    clean, unclean = NEIGHBOURS[kind]
    many = [clean] * 2 * FEW_ONE_IN
    for cells in (
        [cell, clean],
        [cell, unclean],
        [cell, clean, unclean, None, ""],
        [cell, *many],
        [cell, *many, unclean],
    ):
        beside = read(kind, [*cells], reading)
        assert beside.values[0] == alone.values[0]
        assert beside.flaws.get(0) == alone.flaws.get(0)
    sliced = read_column(pa.array([unclean, cell, clean], pa.string()).slice(1, 1), column(kind), reading)
    assert (sliced.values[0], dict(sliced.flaws)) == (alone.values[0], dict(alone.flaws))


@settings(deadline=None, max_examples=100)
@given(kind=st.sampled_from(ColumnType), cells=st.lists(st.none() | MESSY, max_size=6), reading=READINGS)
def test_each_cell_has_a_value_is_blank_or_has_a_flaw_that_does_not_show_it(
    kind: ColumnType, cells: list[str | None], reading: Reading
) -> None:
    found = read(kind, cells, reading)
    assert len(found.values) == len(cells)
    for row, cell in enumerate(cells):
        if row in found.flaws:
            assert not found.values[row].is_valid
            assert len(cell or "") < 4 or (cell or "") not in found.flaws[row].reason
        elif not found.values[row].is_valid:
            assert re.sub("""[='"]""", "", cell or "").strip(BLANKS) == ""
        else:
            assert "\0" not in str(found.values[row].as_py())


DIGITS = st.text("0123459 +-:", min_size=1, max_size=1)


@settings(deadline=None)
@given(
    st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)),
    st.sampled_from(["+0200", "-0530", "+0000", "+2359", "-1860", "+2400", "+9999", "-0100"]),
    st.dictionaries(st.integers(0, 24), DIGITS, max_size=2),
    READINGS,
)
@example(dt.datetime(1, 1, 1), "+0200", {}, Reading())
@example(dt.datetime(9999, 12, 31, 23), "-0200", {}, Reading())
@example(dt.datetime(2024, 2, 28), "+0000", {9: "9"}, Reading())
@example(dt.datetime(2024, 2, 28), "+0000", {0: "0", 1: "0", 2: "0", 3: "0"}, Reading())
def test_a_column_of_moments_as_shopify_writes_them_reads_as_each_of_them_does_beside_others(
    moment: dt.datetime, offset: str, changes: dict[int, str], reading: Reading
) -> None:
    cell = f"{moment:%Y-%m-%d %H:%M:%S} {offset}".rjust(25, "0")
    cell = "".join(changes.get(place, character) for place, character in enumerate(cell))
    alone = read(TIMESTAMP, ["2024-01-31 10:00:00 +0100", None, cell], reading)
    beside = read(TIMESTAMP, ["2024-01-31T10:00:00", "31.1.2024", cell], reading)
    assert alone.values[0].as_py() == dt.datetime(2024, 1, 31, 9, tzinfo=dt.UTC)
    assert alone.values[2] == beside.values[2]
    assert alone.flaws.get(2) == beside.flaws.get(2)


@given(st.decimals(-(10**14) + 1, 10**14 - 1, places=4), st.sampled_from(DecimalForm), st.booleans())
def test_every_amount_comes_back_to_the_last_decimal(amount: Decimal, form: DecimalForm, grouped: bool) -> None:
    text = f"{amount:,f}" if grouped else f"{amount:f}"
    text = text.translate(str.maketrans(",.", ".,")) if form is COMMA else text
    assert value(DECIMAL, text, Reading(form)) == amount


@given(st.integers(-(2**63), 2**63 - 1), st.booleans())
def test_every_64_bit_integer_comes_back(number: int, grouped: bool) -> None:
    assert value(INTEGER, f"{number:,}" if grouped else str(number)) == number


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1 234.50", "1234.50"), ("1\u00a0234", "1234"), ("1\u202f234", "1234"), ("1'234.50", "1234.50"),
        ("1\u2019234", "1234"), ("1,234,567.8", "1234567.8"),
        ("$5", "5"), ("-$5.00", "-5"), ("$-5", "-5"), ("5 €", "5"), ("£5", "5"), ("¥500", "500"),
        ("USD 5", "5"), ("5.00EUR", "5"), ("$5.00 USD", "5"), ("kr 5", "5"),
        ("(5.00)", "-5"), ("($5.00)", "-5"), ("5.00-", "-5"), ("+5", "5"), ("\u22125", "-5"), (" 5 ", "5"),
        ("5.", "5"), (".5", "0.5"), ("-.5", "-0.5"), ("007", "7"), ("1.50000000", "1.5"), ("-0", "0"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(cell: str, expected: str) -> None:
    assert value(DECIMAL, cell) == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.23456", "too_many_decimals"), ("100000000000000", "out_of_range"), ("NaN", "not_finite"),
        ("-inf", "not_finite"),
        ("1E2", "scientific_notation"), ("3.65E+11", "scientific_notation"), ("12,50", "not_a_number"),
        ("1,23,456", "not_a_number"), ("0,123", "not_a_number"), ("1.2.3", "not_a_number"), ("(5", "not_a_number"),
        ("(-5)", "not_a_number"), ("-5-", "not_a_number"), ("-", "not_a_number"), (".", "not_a_number"),
        ("ABC12", "not_a_number"), ("12 XYZ", "not_a_number"), ("0x1F", "not_a_number"), ("five", "not_a_number"),
        ("\u0665", "not_a_number"),
    ],
)  # fmt: skip
def test_a_number_that_would_have_to_be_guessed_or_rounded_is_a_flaw(cell: str, code: str) -> None:
    assert value(DECIMAL, cell) == code


@pytest.mark.parametrize("odd", [1, FEW_CELLS, FEW_CELLS + 1])
def test_words_and_money_among_numbers_are_told_apart_however_many_they_are(odd: int) -> None:
    cells = [text for _ in range(odd) for text in ("7", "seven", "7 EUR", *["8.25"] * 2 * FEW_ONE_IN)]
    read_ones = read(DECIMAL, [*cells])
    assert read_ones.values.to_pylist() == [
        {"seven": None, "7 EUR": 7, "7": 7}.get(text, Decimal("8.25")) for text in cells
    ]
    assert list(read_ones.flaws) == [place for place, text in enumerate(cells) if text == "seven"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12.0", 12), ("12.000", 12), ("1,234", 1234), ("(3)", -3), ("3-", -3), ("9223372036854775807", 2**63 - 1),
        ("12.5", "not_an_integer"), ("$5", "not_an_integer"), ("1E2", "scientific_notation"),
        ("9223372036854775808", "out_of_range"), ("twelve", "not_an_integer"),
    ],
)  # fmt: skip
def test_whole_numbers_may_have_decimals_of_zero_and_no_others(cell: str, expected: object) -> None:
    assert value(INTEGER, cell) == expected


def test_the_same_digits_mean_what_the_files_decimal_form_says() -> None:
    assert value(DECIMAL, "1.234", Reading(DOT)) == Decimal("1.234")
    assert value(DECIMAL, "1.234", Reading(COMMA)) == 1234
    assert value(INTEGER, "1.234", Reading(COMMA)) == 1234
    assert value(DECIMAL, "12,50", Reading(COMMA)) == Decimal("12.5")
    assert value(DECIMAL, "12.50", Reading(COMMA)) == "not_a_number"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('="00123"', "00123"), ('="a""b"', 'a"b'), ("'00123", "00123"), ("00123", "00123"), (" 00123\u00a0", "00123"),
        ("3.65E+11", "3.65E+11"), ("17850.0", "17850.0"), ("e\u0301", "\u00e9"), ("\ufeffA", "A"),
        ("T-shirt's", "T-shirt's"),
        ("", None), ("  ", None), ("'", None), ('=""', None), ("\u200b", None), ("a\0b", "nul"),
    ],
)  # fmt: skip
def test_identifiers_are_text_freed_of_what_spreadsheets_add(cell: str, expected: str | None) -> None:
    assert value(IDENTIFIER, cell) == expected


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_text_stays_as_delivered_unless_it_is_blank(text: str) -> None:
    assert value(TEXT, text) == (text if text.strip(BLANKS) else None)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0='")))
def test_identifiers_are_trimmed_and_composed_and_nothing_else(text: str) -> None:
    assert value(IDENTIFIER, text) == (unicodedata.normalize("NFC", text.strip(BLANKS)) or None)


def test_an_empty_text_is_a_value_only_where_the_contract_says_so() -> None:
    assert read(TEXT, ["", None]).values.to_pylist() == [None, None]
    assert read(TEXT, ["", None], empty_is_value=True).values.to_pylist() == ["", None]


@pytest.mark.parametrize("cell", ["true", "TRUE", "True", "yes", "Y", "t", "1", " Yes\u00a0"])
def test_yes_in_every_spelling(cell: str) -> None:
    assert value(BOOLEAN, cell) is True


@pytest.mark.parametrize(("cell", "expected"), [("FALSE", False), ("n", False), ("0", False), ("2", "not_a_boolean")])
def test_no_and_neither(cell: str, expected: object) -> None:
    assert value(BOOLEAN, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2010-12-01 08:26:00", "07:26:00"), ("2010-12-01T08:26", "07:26:00"),
        ("2010-12-01 08:26:00.5", "07:26:00.500000"),
        ("2010-12-01 08:26:00.123456789", "07:26:00.123456"), ("2010-12-01 08:26:00 +0200", "06:26:00"),
        ("2010-12-01 08:26:00+02:00", "06:26:00"), ("2010-12-01T08:26:00-0530", "13:56:00"),
        ("2010-12-01T08:26:00Z", "08:26:00"),
        ("2010-12-01 08:26:00 UTC", "08:26:00"), ("2010/12/01 08:26", "07:26:00"), (" 2010-12-01 8:26 ", "07:26:00"),
        ("2010-12-01 8:26 PM", "19:26:00"), ("2010-12-01 12:05 am +01:00", "23:05:00"),
    ],
)  # fmt: skip
def test_moments_are_utc_and_times_without_offset_are_the_stores(cell: str, expected: str) -> None:
    found = value(TIMESTAMP, cell, BERLIN)
    assert found.tzinfo is not None
    assert found.time().isoformat() == expected


@given(
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_local_times_agree_with_the_zones_own_rules_far_into_the_future(local: dt.datetime, zone: str) -> None:
    aware = local.replace(tzinfo=ZoneInfo(zone))
    exists = aware.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    assert value(TIMESTAMP, str(local), Reading(zone=zone)) == (aware if exists else "no_such_time")


def test_an_hour_that_exists_twice_is_the_first_and_one_that_does_not_exist_is_a_flaw() -> None:
    assert value(TIMESTAMP, "2024-10-27 02:30:00", BERLIN) == dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC)
    assert value(TIMESTAMP, "2024-03-31 02:30:00", BERLIN) == "no_such_time"


@pytest.mark.parametrize("cell", ["03/04/2024", "3.4.2024", "03-04-2024", "03/04/2024 00:00", "3/4/2024 12:00 AM"])
def test_dates_that_end_with_their_year_follow_the_files_order(cell: str) -> None:
    assert value(TIMESTAMP, cell, DAY_FIRST) == dt.datetime(2024, 4, 3, tzinfo=dt.UTC)
    assert value(TIMESTAMP, cell, MONTH_FIRST) == dt.datetime(2024, 3, 4, tzinfo=dt.UTC)
    assert value(DATE, cell, DAY_FIRST) == dt.date(2024, 4, 3)
    assert value(TIMESTAMP, cell) == "not_a_date"


@given(st.dates(dt.date(1000, 1, 1)), st.sampled_from("-/."))
def test_every_day_is_read_in_every_order(day: dt.date, sign: str) -> None:
    assert value(DATE, day.strftime(f"%d{sign}%m{sign}{day.year:04}"), DAY_FIRST) == day
    assert value(DATE, day.strftime(f"%m{sign}%d{sign}{day.year:04}"), MONTH_FIRST) == day
    assert value(DATE, f"{day.year:04}" + day.strftime(f"{sign}%m{sign}%d")) == day


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1/2/24", "two_digit_year"), ("01.02.24 10:00", "two_digit_year"), ("0000-00-00", "not_a_date"),
        ("0000-00-00 00:00:00", "not_a_date"), ("2023-02-29", "not_a_date"), ("31.04.2024", "not_a_date"),
        ("12/31/2024", "not_a_date"),
        ("2024-01-01 24:00:00", "no_such_time"), ("2024-01-01 10:60", "no_such_time"),
        ("2024-01-01 13:00 PM", "no_such_time"),
        ("2024-01-01 10:00 +25:00", "no_such_time"), ("20240131", "not_a_date"), ("45292", "not_a_date"),
        ("soon", "not_a_date"),
    ],
)  # fmt: skip
def test_what_is_in_no_calendar_and_on_no_clock_is_a_flaw(cell: str, code: str) -> None:
    assert value(TIMESTAMP, cell, DAY_FIRST) == code


def test_moments_outside_the_years_1_to_9999_are_flaws() -> None:
    assert value(TIMESTAMP, "0001-01-01 00:00:00", BERLIN) == "out_of_range"
    assert value(TIMESTAMP, "9999-12-31 23:59:59", Reading(zone="America/New_York")) == "out_of_range"
    assert value(TIMESTAMP, "0001-01-01 00:00:00") == dt.datetime(1, 1, 1, tzinfo=dt.UTC)


def test_a_date_with_a_time_of_day_is_a_flaw_where_a_date_is_wanted() -> None:
    assert value(DATE, "2024-01-31 00:00:00") == dt.date(2024, 1, 31)
    assert value(DATE, "2024-01-31 08:00:00") == "not_a_date"


def test_null_words_are_blank_without_regard_to_case_and_blanks() -> None:
    reading = Reading(null_words=frozenset({"not stocked", "-"}))
    assert read(INTEGER, ["Not Stocked", " - ", "3"], reading).values.to_pylist() == [None, None, 3]
    assert not read(INTEGER, ["Not Stocked", "-"], reading).flaws


def test_checks_of_the_contract() -> None:
    found = read(INTEGER, ["1", "", "7", "3", "x"], nullable=False, minimum=Decimal(2), maximum=Decimal(5))
    assert {row: flaw.code for row, flaw in found.flaws.items()} == {
        0: "out_of_range", 1: "missing", 2: "out_of_range", 4: "not_an_integer",
    }  # fmt: skip
    assert found.values.to_pylist() == [None, None, None, 3, None]
    assert {row: flaw.code for row, flaw in read(TEXT, ["a", "b", None], allowed=("a",)).flaws.items()} == {
        1: "not_allowed"
    }


def test_a_blank_cell_of_a_group_column_is_never_missing() -> None:
    assert not read(DECIMAL, ["", None], nullable=False, group=True).flaws


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("A-100", "5 characters, letters, digits and signs"), ("ab", "2 characters, letters"),
        ("7", "1 character, digits"),
        ("", "empty"), (None, "empty"), ("a b", "3 characters, letters and blanks"),
    ],
)  # fmt: skip
def test_a_shape_tells_length_and_kinds_of_characters(text: str | None, shape: str) -> None:
    assert describe_shape(text) == shape


def test_a_mask_keeps_signs_only() -> None:
    assert mask_shape(" 1.234,50 kr") == "9.999,99 aa"
    assert len(mask_shape("9" * 100)) < 40

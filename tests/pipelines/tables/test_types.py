"""Columns of all types, from the contract through a load into PostgreSQL and back."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from include.errors import SetupError
from include.pipelines.tables.contract import read_contract
from tests.pipelines.tables.conftest import Desk

KINDS = """
table: erp.kinds
key: [id]
columns:
  id: {type: integer}
  rate: {type: "numeric(12, 6)"}
  ratio: {type: double}
  extra: {type: json}
  token: {type: uuid}
  opens: {type: time}
  lasts: {type: interval}
  paid: {type: boolean, true_words: [ja, VRAI], false_words: [nein, FAUX]}
  day: {type: date, date_format: "%b-%d-%y"}
  stamp: {type: date, date_format: "%Y%m%d"}
  seen: {type: timestamp, date_format: epoch}
  price: {type: decimal, money: true}
  note: {type: text, null_words: [n.d.]}
"""
HEADER = "id|rate|ratio|extra|token|opens|lasts|paid|day|stamp|seen|price|note\n"
SOUND = (
    '1|1.234567|6.02e23|{""a"": [1, 2]}|0c2d7a54-8f53-5d43-a7be-7f9f6f3f1c55|08:30|2 days|Ja|Mar-09-11|20260131'
    "|1397113470|($5.00)|n.d.\n"
)


def test_each_type_is_stored_as_what_it_is(desk: Desk) -> None:
    line = SOUND.replace('{""a"": [1, 2]}', '"{""a"": [1, 2]}"')
    result = desk.load(HEADER + line, KINDS)
    assert (result.counts.inserted, result.counts.rejected) == (1, 0)
    assert desk.rows("SELECT * FROM erp.kinds") == [
        (
            1,
            Decimal("1.234567"),
            6.02e23,
            {"a": [1, 2]},
            uuid.UUID("0c2d7a54-8f53-5d43-a7be-7f9f6f3f1c55"),
            dt.time(8, 30),
            dt.timedelta(days=2),
            True,
            dt.date(2011, 3, 9),
            dt.date(2026, 1, 31),
            dt.datetime(2014, 4, 10, 7, 4, 30, tzinfo=dt.UTC),
            Decimal("-5.0000"),
            None,
            2,
        )
    ]
    assert desk.load(HEADER + line, KINDS, force=True).counts.unchanged == 1


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("rate", "1.2345678", "too_many_decimals"),
        ("ratio", "nan", "not_a_number"),
        ("extra", "{a: 1}", "not_json"),
        ("extra", "NaN", "not_json"),
        ("token", "0c2d7a54", "not_a_uuid"),
        ("opens", "25:00", "not_a_time"),
        ("lasts", "soon", "not_an_interval"),
        ("lasts", "", None),
        ("paid", "yes", "not_a_boolean"),
        ("day", "2026-01-31", "not_a_date"),
        ("stamp", "20260231", "not_a_date"),
        ("seen", "2026-01-31", "not_a_date"),
    ],
)
def test_a_cell_that_is_none_of_its_type_is_a_reject_of_its_row(
    desk: Desk, column: str, cell: str, code: str | None
) -> None:
    result = desk.load(f"id|{column}\n1|{cell}\n2|\n", f"{KINDS}max_rejected_percent: 100\n")
    assert (result.counts.inserted, result.reasons) == ((1, {code: 1}) if code else (2, {}))


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        ("integer", "01067", "leading_zero"),
        ("integer", "-007", "leading_zero"),
        ("decimal", "00.50", "leading_zero"),
        ("integer", "+4791234567", "not_only_a_number"),
        ("decimal", "€5", "not_only_a_number"),
        ("decimal", "(38)", "not_only_a_number"),
        ("decimal", "5 USD", "not_only_a_number"),
        ("decimal", "0.50", None),
        ("integer", "0", None),
        ("decimal", "-0.5", None),
        ("decimal", '"1,234.50"', None),
    ],
)
def test_a_number_that_would_lose_characters_is_a_reject(desk: Desk, kind: str, cell: str, code: str | None) -> None:
    contract = f"table: erp.numbers\nmax_rejected_percent: 100\ncolumns:\n  n: {{type: {kind}}}\n  t: {{type: text}}\n"
    result = desk.load(f"n,t\n{cell},a\n7,b\n", contract)
    assert (result.counts.inserted, result.reasons) == ((1, {code: 1}) if code else (2, {}))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("type: numeric(4, 6)", "more decimals than digits"),
        ("type: date, date_format: tomorrow", "no form of dates"),
        ("type: text, date_format: epoch", "date_format is for date and timestamp"),
        ("type: text, true_words: [ja]", "true_words and false_words are for boolean"),
        ("type: text, money: true", "money is for integer and decimal"),
    ],
)
def test_keys_that_do_not_fit_their_type_are_refused(desk: Desk, keys: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        read_contract(
            desk.write(
                "c.yaml", f"table: erp.t\ncolumns:\n  a: {{{keys}}}\n".replace("numeric(4, 6)", '"numeric(4, 6)"')
            )
        )

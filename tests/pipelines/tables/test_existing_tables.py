"""Tables that somebody else made: their types, what is advised, and rows that their rules refuse."""

from __future__ import annotations

import re

import pytest

from include.errors import SetupError
from tests.pipelines.tables.conftest import Desk

CONTRACT = """
table: shop.goods
key: [id]
max_rejected_percent: 100
columns:
  id: {type: integer}
  name: {type: text}
  price: {type: decimal}
  rate: {type: "numeric(10, 6)"}
  day: {type: date}
"""
FILE = "id,name,price,rate,day\n1,Oak,1.5,0.123456,2026-01-31\n2,Ash,2.25,1,2026-02-01\n"
TABLE = """
CREATE SCHEMA shop;
CREATE TABLE shop.goods (
    id integer PRIMARY KEY, name varchar(5), price numeric(12, 4), rate numeric, day timestamp, source_line bigint
)
"""


def make(desk: Desk, statement: str = TABLE) -> None:
    desk.connection.execute(statement.encode())


def test_types_that_hold_all_that_the_contract_says_are_taken(desk: Desk) -> None:
    make(desk)
    assert desk.load(FILE, CONTRACT).counts.inserted == 2
    assert desk.rows("SELECT id, name, price::text, rate::text FROM shop.goods ORDER BY id") == [
        (1, "Oak", "1.5000", "0.123456"),
        (2, "Ash", "2.2500", "1.000000"),
    ]
    assert desk.load(FILE, CONTRACT, force=True).counts.unchanged == 2


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("price numeric(12, 4)", "price numeric(12, 2)"),
        ("rate numeric", "rate numeric(10, 4)"),
        ("id integer", "id real"),
    ],
)
def test_a_type_that_would_round_is_refused(desk: Desk, column: str, kind: str) -> None:
    make(desk, TABLE.replace(column, kind))
    with pytest.raises(SetupError, match="is not what its contract says"):
        desk.load(FILE, CONTRACT)


@pytest.mark.parametrize("cell", ["Larch tree", "3000000000"])
def test_a_value_that_the_table_refuses_is_a_reject_of_its_row(desk: Desk, cell: str) -> None:
    make(desk)
    line = f"3,{cell},1,1,2026-01-31\n" if cell.startswith("L") else f"{cell},Fir,1,1,2026-01-31\n"
    result = desk.load(FILE + line, CONTRACT)
    assert (result.counts.inserted, result.counts.rejected) == (2, 1)
    assert desk.rows("SELECT line FROM ledger.rejects") == [(4,)]


@pytest.mark.parametrize(
    "rule",
    [
        "CHECK (price < 100)",
        "CHECK (price % 500 > 0 AND name !~ 'x{2}')",
        "FOREIGN KEY (id) REFERENCES shop.known (id)",
    ],
)
def test_a_row_that_breaks_a_rule_of_the_table_is_a_reject(desk: Desk, rule: str) -> None:
    make(
        desk,
        "CREATE SCHEMA shop; CREATE TABLE shop.known AS SELECT 1 AS id UNION SELECT 2;"
        "ALTER TABLE shop.known ADD PRIMARY KEY (id)",
    )
    make(desk, TABLE.replace("CREATE SCHEMA shop;", "").replace("source_line bigint", f"source_line bigint, {rule}"))
    result = desk.load(FILE + "3,Fir,500,1,2026-01-31\n", CONTRACT)
    assert (result.counts.inserted, result.counts.rejected) == (2, 1)
    assert desk.rows("SELECT line FROM ledger.rejects") == [(4,)]


def test_what_is_advised_works_on_a_table_that_holds_rows(desk: Desk) -> None:
    make(
        desk,
        "CREATE SCHEMA shop; CREATE TABLE shop.goods (id bigint, name text); INSERT INTO shop.goods VALUES (7, 'Elm')",
    )
    with pytest.raises(SetupError) as caught:
        desk.load(FILE, CONTRACT)
    found = re.search(r"Run: (ALTER TABLE .*?);", str(caught.value))
    assert found is not None
    make(desk, found[1])
    assert desk.load(FILE, CONTRACT.replace("key: [id]", "key: [id]\nmerge: upsert")).counts.inserted == 2
    assert desk.rows("SELECT count(*) FROM shop.goods") == [(3,)]

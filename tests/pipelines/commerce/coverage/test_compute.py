"""Coverage against a real server: rows and loads are put in directly, each rule has its test."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection, sql

from include.ledger import loads, runs
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.coverage.rows import table
from include.pipelines.commerce.delivery.upload_id import DAY_SHIFT, upload_id
from include.postgres.session import connect
from include.results import LoadResult, Status
from include.stack.postgres import create_database

DAYS = tuple(dt.date(2025, 3, day) for day in (3, 4, 5))
PROVENANCE = {"source_part": 0, "source_line": 1}


class Shop:
    """A store's uploads, written past the loader; each call is one load."""

    def __init__(self, connection: Connection[Any], store: str = "harbour") -> None:
        self.connection = connection
        self.store = store
        self.run_id = runs.open_run(connection, runs.RunSource.command_line("commerce"))

    def upload(self, day: dt.date) -> str:
        identifier = upload_id(self.store, day)
        self.connection.execute(
            "INSERT INTO commerce.uploads (upload_id, store, day) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [identifier, self.store, day],
        )
        return identifier

    def master(self, dataset: str, day: dt.date, *rows: dict[str, Any]) -> None:
        """Delivers a catalog, an inventory or a list of variants: the rows take the place of those before."""
        identifier = self.upload(day)
        self._empty(dataset, identifier)
        places = {"location": ""} if dataset == "inventory" else {}
        for row in rows:
            self._insert(dataset, {"upload_id": identifier, **places, **row})
        self._record(dataset, day)

    def orders(self, day: dt.date, *orders: dict[str, Any]) -> str:
        """Delivers orders, each with its `lines`; returns the upload's id."""
        identifier = self.upload(day)
        self._empty("orders", identifier)
        self._empty("order_lines", identifier)
        for number, order in enumerate(orders, 1001):
            key = {"upload_id": identifier, "order_id": f"#{number}"}
            header = {"currency": "GBP", "created_at": dt.datetime.combine(day, dt.time(9), dt.UTC), **order}
            lines = header.pop("lines")
            self._insert("orders", {**key, **header})
            for position, line in enumerate(lines, 1):
                self._insert("order_lines", {**key, "line_no": position, "quantity": 1, "unit_price": 10, **line})
        self._record("orders", day)
        self._record("order_lines", day)
        return identifier

    def compute(self) -> int:
        return coverage.compute(self.connection, coverage.due(self.connection))

    def found(self, day: dt.date, dataset: str = "catalog") -> dict[str, dict[str, Any]]:
        """Rows of the day's coverage by currency."""
        rows = table(self.connection, self.store, day, day)
        return {row["currency"]: row for row in rows if row["dataset"] == dataset}

    def hits(self, day: dt.date, dataset: str = "catalog") -> tuple[int | None, int | None, int | None]:
        """Matched, ambiguous and unmatched, of one currency."""
        (row,) = self.found(day, dataset).values()
        return row["matched"], row["ambiguous"], row["unmatched"]

    def _empty(self, name: str, identifier: str) -> None:
        statement = sql.SQL("DELETE FROM {} WHERE upload_id = %s").format(sql.Identifier("commerce", name))
        self.connection.execute(statement, [identifier])

    def _insert(self, name: str, row: dict[str, Any]) -> None:
        day = dt.date.fromordinal(uuid.UUID(row["upload_id"]).int >> DAY_SHIFT)
        self.connection.execute("SELECT commerce.add_partition(%s, %s)", [name, day])
        values = {**row, **PROVENANCE}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("commerce", name),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        self.connection.execute(statement, values)

    def _record(self, dataset: str, day: dt.date) -> None:
        key = loads.LoadKey(self.run_id, upload_id(self.store, day), self.store, day.isoformat())
        loads.record(self.connection, key, [LoadResult(dataset, Status.LOADED)], fingerprint="f", facts={})


@pytest.fixture(scope="module")
def shared_connection(postgres_url: str, migrated_template: str) -> Iterator[Connection[Any]]:
    """A connection to a database that this module's tests share, as making one takes longer than most of them."""
    name = f"coverage_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with connect(postgres_url) as server:
        create_database(server, name, migrated_template)
        with connect(f"{postgres_url.rsplit('/', 1)[0]}/{name}") as connection:
            yield connection
        server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.fixture
def shop(shared_connection: Connection[Any]) -> Iterator[Shop]:
    """A store whose rows are gone after the test."""
    with shared_connection.transaction(force_rollback=True):
        yield Shop(shared_connection)


def variant(variant_id: str, sku: str | None = None, title: str = "Lamp", *options: str) -> dict[str, Any]:
    values = {f"option{place}_value": option for place, option in enumerate(options, 1)}
    return {"variant_id": variant_id, "sku": sku, "title": title, **values}


def order(*lines: dict[str, Any], **header: Any) -> dict[str, Any]:
    return {"lines": lines, **header}


def test_a_line_is_matched_by_its_sku_and_unmatched_where_no_variant_goes_by_it(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.orders(DAYS[0], order({"sku": "S1"}, {"sku": "S9"}))
    assert shop.compute() == 3
    assert shop.hits(DAYS[0]) == (1, 0, 1)
    assert shop.found(DAYS[0])["GBP"]["matched_share"] == Decimal("0.5000")


def test_a_master_that_was_never_delivered_is_null_and_not_zero(shop: Shop) -> None:
    shop.orders(DAYS[0], order({"sku": "S1", "quantity": 2}))
    shop.compute()
    row = shop.found(DAYS[0], "variants")["GBP"]
    assert (row["lines"], row["quantity"], row["revenue"]) == (1, 2, 20)
    unknown = ("reference_day", "matched", "ambiguous", "unmatched", "matched_revenue", "unmatched_revenue")
    assert [row[name] for name in unknown] == [None] * 6


def test_a_delivered_master_without_rows_leaves_all_lines_unmatched(shop: Shop) -> None:
    shop.master("catalog", DAYS[0])
    shop.orders(DAYS[0], order({"sku": "S1"}))
    shop.compute()
    assert shop.hits(DAYS[0]) == (0, 0, 1)


def test_a_sku_that_two_variants_share_is_ambiguous_and_counted_apart(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"), variant("b", "S1"), variant("c", "S2"))
    shop.orders(DAYS[0], order({"sku": "S1", "unit_price": 7}, {"sku": "S2"}))
    shop.compute()
    row = shop.found(DAYS[0])["GBP"]
    assert shop.hits(DAYS[0]) == (1, 1, 0)
    assert (row["matched_revenue"], row["ambiguous_revenue"], row["unmatched_revenue"]) == (10, 7, 0)


def test_a_variant_that_lies_at_two_locations_is_one(shop: Shop) -> None:
    here, there = ({**variant("a", "S1"), "location": name} for name in ("Shop", "Cellar"))
    shop.master("inventory", DAYS[0], here, there)
    shop.orders(DAYS[0], order({"sku": "S1"}, {"line_name": "Lamp"}))
    shop.compute()
    assert shop.hits(DAYS[0], "inventory") == (2, 0, 0)


def test_the_variant_id_goes_before_the_sku_and_the_sku_before_the_name(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1", "Lamp"), variant("b", "S2", "Rug"), variant("c", "S2", "Cup"))
    shop.orders(
        DAYS[0],
        order(
            {"variant_id": "a", "sku": "S2", "line_name": "Rug"},
            {"variant_id": "gone", "sku": "S2", "line_name": "Lamp"},
            {"variant_id": "gone", "sku": "S9", "line_name": "Lamp"},
        ),
    )
    shop.compute()
    rows = shop.connection.execute(
        "SELECT line_no, matched_by, hits, variant_id FROM commerce.line_variants"
        " WHERE dataset = 'catalog' ORDER BY line_no"
    ).fetchall()
    assert rows == [(1, "variant_id", 1, "a"), (2, "sku", 2, "b"), (3, "line_name", 1, "a")]
    assert shop.hits(DAYS[0]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("options", "line_name"),
    [
        (("Default Title",), "Lamp"),
        ((), "Lamp"),
        (("Red",), "Lamp - Red"),
        (("Red", "Large"), "Lamp - Red / Large"),
        (("Red", "Large", "E27"), "Lamp - Red / Large / E27"),
    ],
)
def test_without_a_sku_a_line_is_found_by_title_and_options(
    shop: Shop, options: tuple[str, ...], line_name: str
) -> None:
    for dataset in ("catalog", "inventory"):
        shop.master(dataset, DAYS[0], variant("a", None, "Lamp", *options))
    shop.orders(DAYS[0], order({"line_name": line_name}, {"line_name": "Lamp - Default Title"}))
    shop.compute()
    assert shop.hits(DAYS[0]) == shop.hits(DAYS[0], "inventory") == (1, 0, 1)


def test_a_list_of_variants_is_found_by_product_and_title(shop: Shop) -> None:
    rows = (
        {"variant_id": "a", "product": "Lamp", "title": "Red"},
        {"variant_id": "b", "title": "Rug"},
        {"variant_id": "c"},
    )
    shop.master("variants", DAYS[0], *rows)
    shop.orders(DAYS[0], order({"line_name": "Lamp - Red"}, {"line_name": "Rug"}, {"line_name": ""}))
    shop.compute()
    assert shop.hits(DAYS[0], "variants") == (2, 0, 1)


def test_a_line_without_any_name_is_unmatched(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a"))
    shop.orders(DAYS[0], order({}))
    shop.compute()
    assert shop.hits(DAYS[0]) == (0, 0, 1)


def test_revenue_is_quantity_times_price_less_discount_exactly(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    line = {"sku": "S1", "quantity": 3, "unit_price": Decimal("0.1"), "discount": Decimal("0.0001")}
    shop.orders(DAYS[0], order(line))
    shop.compute()
    row = shop.found(DAYS[0])["GBP"]
    assert (row["quantity"], row["revenue"], row["matched_revenue"]) == (3, Decimal("0.2999"), Decimal("0.2999"))


def test_each_currency_has_its_row_and_orders_without_one_are_xxx(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    lines = ({"sku": "S1"}, {"sku": "S9"})
    shop.orders(DAYS[0], order(*lines), order(lines[0], currency="EUR"), order(lines[1], currency=None))
    assert shop.compute() == 9
    found = shop.found(DAYS[0])
    assert {name: (row["matched"], row["unmatched"]) for name, row in found.items()} == {
        "EUR": (1, 0),
        "GBP": (1, 1),
        "XXX": (0, 1),
    }


def test_cancelled_orders_and_returned_lines_do_not_count(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    cancelled = order({"sku": "S1"}, cancelled_at=dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC))
    returned = order({"sku": "S1", "quantity": -1}, {"sku": "S1", "quantity": 0}, {"sku": "S1"})
    shop.orders(DAYS[0], cancelled, returned)
    shop.compute()
    assert shop.hits(DAYS[0]) == (1, 0, 0)


def test_a_refunded_order_still_counts(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.orders(DAYS[0], order({"sku": "S1"}, financial_status="refunded", refunded_amount=10))
    shop.compute()
    assert shop.found(DAYS[0])["GBP"]["matched_revenue"] == 10


def test_an_upload_without_countable_lines_is_computed_and_not_due_for_ever(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.orders(DAYS[0])
    assert shop.compute() == 3
    row = shop.found(DAYS[0])["XXX"]
    assert (row["lines"], row["matched"], row["matched_share"], row["revenue"]) == (0, 0, None, 0)
    assert coverage.due(shop.connection) == []


def test_an_upload_is_compared_with_the_newest_master_of_a_day_not_after_its_own(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.master("catalog", DAYS[2], variant("a", "S1"), variant("b", "S2"))
    for day in DAYS:
        shop.orders(day, order({"sku": "S2"}))
    shop.compute()
    assert [shop.hits(day) for day in DAYS] == [(0, 0, 1), (0, 0, 1), (1, 0, 0)]
    assert [shop.found(day)["GBP"]["reference_day"] for day in DAYS] == [DAYS[0], DAYS[0], DAYS[2]]


def test_another_stores_master_is_none_of_ones_own(shop: Shop) -> None:
    Shop(shop.connection, "nordic").master("catalog", DAYS[0], variant("a", "S1"))
    shop.orders(DAYS[0], order({"sku": "S1"}))
    shop.compute()
    assert shop.hits(DAYS[0]) == (None, None, None)


def test_a_master_delivered_again_makes_its_upload_and_later_ones_due_but_no_earlier_one(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.master("catalog", DAYS[1], variant("a", "S1"))
    identifiers = [shop.orders(day, order({"sku": "S2"})) for day in DAYS]
    assert coverage.due(shop.connection) == identifiers
    shop.compute()
    assert coverage.due(shop.connection) == []
    shop.master("catalog", DAYS[1], variant("a", "S1"), variant("b", "S2"))
    assert coverage.due(shop.connection) == identifiers[1:]
    assert shop.compute() == 2
    assert [shop.hits(day) for day in DAYS] == [(0, 0, 1), (1, 0, 0), (1, 0, 0)]


def test_a_first_master_makes_uploads_due_that_had_none(shop: Shop) -> None:
    identifier = shop.orders(DAYS[1], order({"sku": "S1"}))
    shop.compute()
    shop.master("inventory", DAYS[0], variant("a", "S1"))
    assert coverage.due(shop.connection) == [identifier]
    shop.compute()
    assert shop.hits(DAYS[1], "inventory") == (1, 0, 0)


def test_orders_delivered_again_take_away_currencies_that_they_no_longer_hold(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    shop.orders(DAYS[0], order({"sku": "S1"}), order({"sku": "S1"}, currency="EUR"))
    shop.compute()
    shop.orders(DAYS[0], order({"sku": "S1"}))
    # Three rows of GBP name other loads now, three rows of EUR are gone.
    assert shop.compute() == 6
    assert set(shop.found(DAYS[0])) == {"GBP"}


def test_computing_again_changes_nothing_and_the_count_says_so(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    identifier = shop.orders(DAYS[0], order({"sku": "S1"}), order({"sku": "S1"}, currency="EUR"))
    assert coverage.compute(shop.connection, [identifier]) == 6
    before = shop.connection.execute("SELECT xmin::text, computed_at FROM commerce.coverage ORDER BY 1").fetchall()
    assert coverage.compute(shop.connection, [identifier]) == 0
    assert (
        shop.connection.execute("SELECT xmin::text, computed_at FROM commerce.coverage ORDER BY 1").fetchall() == before
    )


def test_an_upload_without_order_lines_is_neither_due_nor_computed(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    assert coverage.due(shop.connection) == []
    assert coverage.compute(shop.connection, [upload_id("harbour", DAYS[0])]) == 0


def test_a_range_names_uploads_with_order_lines_of_one_store_or_all(shop: Shop) -> None:
    other = Shop(shop.connection, "nordic")
    ours = [shop.orders(day, order({"sku": "S1"})) for day in DAYS]
    theirs = other.orders(DAYS[1], order({"sku": "S1"}))
    shop.master("catalog", dt.date(2025, 3, 6), variant("a"))
    assert coverage.uploads_between(shop.connection, "harbour", DAYS[1], dt.date(2025, 3, 6)) == ours[1:]
    assert coverage.uploads_between(shop.connection, None, DAYS[1], DAYS[1]) == [ours[1], theirs]


def test_the_same_uploads_computed_side_by_side_in_any_order_never_deadlock(
    connection: Connection[Any], migrated_database: str
) -> None:
    shop = Shop(connection)
    for day in DAYS:
        shop.master("catalog", day, variant("a", "S1"))
        shop.orders(day, *(order({"sku": "S1"}, currency=currency) for currency in ("EUR", "GBP", "SEK", "USD")))
    identifiers = coverage.due(shop.connection)

    def compute(turn: int) -> int:
        with connect(migrated_database) as another:
            return coverage.compute(another, identifiers[turn % 3 :] + identifiers[: turn % 3])

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(compute, range(6))) == 36
    assert coverage.due(shop.connection) == []


def test_only_the_masters_own_keys_are_read_and_lines_are_matched_by_hashing(shop: Shop) -> None:
    shop.master("catalog", DAYS[0], variant("a", "S1"))
    identifier = shop.orders(DAYS[0], order({"sku": "S1"}))
    with shop.connection.transaction():
        shop.connection.execute(coverage.PLAN_BY_HASHING)
        rows = shop.connection.execute("EXPLAIN (COSTS OFF) " + coverage.COMPUTE, {"upload_id": identifier}).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Hash Cond: (lines_1.sku = by_sku.value)" in plan
    for name in ("catalog", "inventory", "variants", "order_lines"):
        assert f"Seq Scan on {name}" not in plan

"""A new upload goes straight into the tables, one that is delivered again by way of the staging table: one result."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import TupleRow

from include.pipelines.commerce.delivery.upload_id import month_of
from include.postgres.session import connect
from include.results import LoadResult
from include.writers.postgres import partitions
from include.writers.postgres.merge_sql import Target
from tests.pipelines.commerce.conftest import DAY, Shop

HEADER = "order_id,created_at,currency,quantity,unit_price,sku\n"

ROW = st.tuples(
    st.sampled_from(["A", "A", "B", "C", ""]),
    st.sampled_from(["2025-03-03 08:00", "2025-03-03 07:00", "2025-03-03 09:30", "", "yesterday"]),
    st.sampled_from(["1", "2", "many", ""]),
    st.sampled_from(["9.50", "cheap", "1.00", '"1.00"x']),
)

REJECTS = (
    "SELECT dataset, sequence, column_name, code, reason, raw, group_key, place FROM ledger.rejects"
    " JOIN ledger.loads USING (load_id) WHERE load_id = ANY(%s) ORDER BY dataset, sequence"
)
TABLES = {
    "orders": "SELECT order_id, created_at, currency, source_line FROM commerce.orders ORDER BY 1",
    "order_lines": "SELECT order_id, line_no, quantity, unit_price, source_line FROM commerce.order_lines ORDER BY 1,2",
}


def tables(shop: Shop) -> dict[str, list[tuple[object, ...]]]:
    return {name: shop.rows(query) for name, query in TABLES.items()}


def rejects(shop: Shop, results: tuple[LoadResult, ...]) -> list[tuple[object, ...]]:
    return shop.rows(REJECTS, [result.load_id for result in results])


def lines(*orders: str) -> str:
    return HEADER + "".join(f"{order},2025-03-03 08:00,EUR,1,9.50,L-1\n" for order in orders)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_the_same_file_makes_the_same_tables_and_rejects_by_either_way(shop: Shop, rows: list[tuple[str, ...]]) -> None:
    shop.settings(max_rejected_percent=100)
    shop.connection.execute("TRUNCATE commerce.orders, commerce.order_lines, ledger.rejects, ledger.loads CASCADE")
    cells = (f"{order},{moment},EUR,{quantity},{price},L-1\n" for order, moment, quantity, price in rows)
    shop.deliver("orders.csv", HEADER + "".join(cells))
    first = shop.load("orders")
    straight = tables(shop), rejects(shop, first)
    again = shop.load("orders", force=True)
    assert (tables(shop), rejects(shop, again)) == straight
    for new, old in zip(first, again, strict=True):
        assert (old.counts.unchanged, old.counts.updated, old.counts.deleted) == (new.counts.inserted, 0, 0)
        assert (old.counts.rejected, old.counts.folded) == (new.counts.rejected, new.counts.folded)


@pytest.mark.parametrize("orders", ["ABA", "AABBA"])
def test_an_order_in_several_places_of_the_file_is_one_order(
    shop: Shop, orders: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deliver("orders.csv", lines(*orders))
    with caplog.at_level(logging.INFO):
        headers, _ = shop.load("orders")
    assert "load-again" in caplog.text
    assert (headers.counts.inserted, headers.counts.folded) == (2, len(orders) - 2)
    assert shop.value("SELECT max(line_no) FROM commerce.order_lines") == orders.count("A")


def test_an_order_whose_header_fails_further_down_is_still_one_order(shop: Shop) -> None:
    shop.settings(max_rejected_percent=100)
    text = lines("A", "B") + "A,,EUR,1,9.50,L-1\n"
    shop.deliver("orders.csv", text)
    headers, order_lines = shop.load("orders")
    assert (headers.counts.inserted, order_lines.counts.inserted) == (2, 3)


def test_a_file_whose_orders_stand_together_is_read_once(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.deliver("orders.csv", lines("A", "A", "B"))
    with caplog.at_level(logging.INFO):
        shop.load("orders")
    assert "load-again" not in caplog.text


def big(shop: Shop, rows: int = 120_000) -> Path:
    """A delivery that is large enough to be filled aside."""
    return shop.deliver("orders.csv", lines(*(f"order-{number // 3:09}" for number in range(rows))) + " " * 64)


def test_the_first_large_load_of_a_month_becomes_its_partition(shop: Shop) -> None:
    big(shop, 200_000)
    _, order_lines = shop.load("orders")
    assert order_lines.counts.inserted == 200_000
    partition = "commerce." + month_of(DAY).table_name("order_lines")
    assert shop.value(f"SELECT count(*) FROM {partition}") == 200_000
    assert (
        shop.value(
            "SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'c')", partition
        )
        == 1
    )
    leftovers = "SELECT relname FROM pg_class WHERE relname ~ '^order(s|_lines)_[0-9a-f]{8}$'"
    assert shop.rows(leftovers) == []


def test_loads_of_one_month_that_are_both_the_first_end_in_one_partition(shop: Shop) -> None:
    """While a large load fills its table aside, a small one of the same month comes and goes."""
    big(shop, 200_000)
    small = dt.date(DAY.year, DAY.month, 20)
    shop.deliver("orders.csv", lines("Z"), small)
    asides = "SELECT count(*) FROM pg_class WHERE relname ~ '^order_lines_[0-9a-f]{8}$'"

    def meanwhile(read: int) -> None:
        if not done:
            done.append(read)
            shop.load("orders", small)

    done: list[int] = []
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_dataset import load_dataset

    results = load_dataset(
        lambda: connect(shop.url), shop.open(), "orders", shop.stores, LoadOptions(), report=meanwhile
    )
    assert done
    assert results[1].counts.inserted == 200_000
    assert shop.value("SELECT count(*) FROM commerce.order_lines") == 200_001
    assert shop.value(asides) == 0


def test_a_large_first_load_neither_waits_for_a_reader_nor_leaves_a_default_behind(shop: Shop) -> None:
    big(shop, 200_000)
    with connect(shop.url, autocommit=False) as reader:
        reader.execute("SELECT count(*) FROM commerce.current_order_lines")
        _, order_lines = shop.load("orders")
        assert reader.execute("SELECT count(*) FROM commerce.order_lines").fetchone() == (200_000,)
    assert order_lines.counts.inserted == 200_000
    defaults = "SELECT count(*) FROM pg_attrdef WHERE adrelid = to_regclass(%s)"
    assert shop.value(defaults, "commerce." + month_of(DAY).table_name("order_lines")) == 0


def test_a_load_that_finds_its_rows_there_once_the_partition_is_made_compares_them(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another load of the same upload comes between the first look and the second."""
    shop.deliver("orders.csv", lines("A", "A", "B"))
    make = partitions.ensure
    others: list[tuple[LoadResult, ...]] = []

    def ensure(connection: Connection[TupleRow], targets: Sequence[Target]) -> None:
        make(connection, targets)
        if not others:
            others.append(())
            others[0] = shop.load("orders")

    monkeypatch.setattr(partitions, "ensure", ensure)
    _, order_lines = shop.load("orders")
    assert others[0][1].counts.inserted == 3
    assert (order_lines.counts.inserted, order_lines.counts.unchanged) == (0, 3)


def test_the_rows_of_a_months_first_large_load_are_frozen_so_that_no_reader_writes(shop: Shop) -> None:
    big(shop, 200_000)
    shop.load("orders")
    for table in ("orders", "order_lines"):
        partition = f"commerce.{month_of(DAY).table_name(table)}"
        shop.connection.execute(f"ANALYZE {partition}".encode())
        visible = "SELECT relallvisible, relallfrozen, relpages FROM pg_class WHERE oid = to_regclass(%s)"
        ((all_visible, all_frozen, pages),) = shop.rows(visible, partition)
        assert all_visible == all_frozen > pages * 0.9  # a COPY makes pages ahead of its rows

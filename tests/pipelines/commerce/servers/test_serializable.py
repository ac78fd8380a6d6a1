"""Loads on a server that runs everything SERIALIZABLE: real competitors, real 40001s, and one state at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from include.loading.csv.job import LoadOptions
from include.migrations import migrate
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.postgres.session import connect
from include.results import LoadResult
from tests.pipelines.commerce.conftest import Shop

ROWS = 300
CATALOG = "variant_id,title,sku,price\n" + "".join(f"v{n:03},Lamp {n},L-{n},9.50\n" for n in range(ROWS))


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    url = make_conninfo(database, options="-c default_transaction_isolation=serializable")
    with connect(url) as connection:
        migrate(connection)
        yield Shop(url, tmp_path / "landing", connection)


def repetitions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "Retrying" in record.message]


def load_disturbed(shop: Shop, *statements: str) -> tuple[LoadResult, ...]:
    """Loads the catalog again; once its rows are staged, a competitor commits its statements."""
    waiting = list(statements)

    def disturb(_rows: int) -> None:
        with connect(shop.url) as competitor, competitor.transaction():
            while waiting:
                competitor.execute(waiting.pop(0).encode())

    options = LoadOptions(force=True)
    return load_dataset(lambda: connect(shop.url), shop.open(), "catalog", shop.stores, options, report=disturb)


@pytest.mark.parametrize(
    ("statement", "updated", "inserted"),
    [
        ("UPDATE commerce.catalog SET price = 1 WHERE variant_id < 'v010'", ROWS, 0),
        ("DELETE FROM commerce.catalog WHERE variant_id < 'v010'", ROWS - 10, 10),
    ],
)
def test_rows_that_a_competitor_changed_meanwhile_repeat_the_load_and_are_counted_once(
    shop: Shop, caplog: pytest.LogCaptureFixture, statement: str, updated: int, inserted: int
) -> None:
    shop.deliver("catalog.csv", CATALOG)
    shop.load("catalog")
    shop.deliver("catalog.csv", CATALOG.replace("9.50", "8.00"))
    with caplog.at_level(logging.INFO):
        (result,) = load_disturbed(shop, statement)
    (repetition,) = repetitions(caplog)
    assert "PostgreSQL said 40001" in repetition
    assert (result.counts.rows_read, result.counts.updated, result.counts.inserted) == (ROWS, updated, inserted)
    assert shop.rows("SELECT price, count(*) FROM commerce.catalog GROUP BY 1") == [(8, ROWS)]
    assert [row["status"] for row in shop.ledger()] == ["loaded", "loaded"], "the attempt that failed left nothing"


def test_a_row_that_a_competitor_put_where_there_was_none_repeats_the_load(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deliver("catalog.csv", CATALOG)
    shop.load("catalog")
    shop.deliver("catalog.csv", CATALOG + "v999,Lamp 999,L-999,9.50\n")
    insert = (
        "INSERT INTO commerce.catalog (upload_id, variant_id, source_part, source_line)"
        f" VALUES ('{shop.upload_id}', 'v999', 0, 2)"
    )
    with caplog.at_level(logging.INFO):
        (result,) = load_disturbed(shop, insert)
    assert len(repetitions(caplog)) == 1
    assert (result.counts.inserted, result.counts.updated, result.counts.unchanged) == (0, 1, ROWS)
    assert shop.value("SELECT count(price) FROM commerce.catalog") == ROWS + 1


def test_a_row_that_a_competitor_put_into_an_empty_slice_is_found_by_the_next_way(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deliver("catalog.csv", CATALOG)
    insert = (
        "INSERT INTO commerce.catalog (upload_id, variant_id, source_part, source_line)"
        f" VALUES ('{shop.upload_id}', 'v000', 0, 2)"
    )
    with caplog.at_level(logging.INFO):
        (result,) = load_disturbed(shop, insert)
    assert "load-again" in caplog.text
    assert (result.counts.inserted, result.counts.updated) == (ROWS - 1, 1)
    assert shop.value("SELECT count(price) FROM commerce.catalog") == ROWS


def test_loads_of_one_upload_at_once_end_in_one_state(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: shop.load("catalog", force=True)[0], range(3)))
    assert sum(result.counts.inserted for result in results) == ROWS
    assert sum(result.counts.unchanged for result in results) == 2 * ROWS
    assert shop.value("SELECT count(*) FROM commerce.catalog") == ROWS


def test_coverage_computed_twice_at_once_is_computed_once(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG)
    shop.deliver("orders.csv", "order_id,created_at,quantity,unit_price,sku\n1,2025-03-03,1,9.50,L-7\n")
    shop.load("catalog")
    shop.load("orders")

    def compute(_number: int) -> int:
        with connect(shop.url) as connection:
            return coverage.compute(connection, [shop.upload_id])

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(compute, range(3))) == [0, 0, 3]
    assert shop.value("SELECT matched FROM commerce.coverage WHERE dataset = 'catalog'") == 1

"""The whole of a load through PgBouncer in transaction mode, where nothing of a session outlives a transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from include.migrations import migrate
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.operate import forget
from include.postgres.session import connect
from include.results import Status
from tests.conftest import HOME
from tests.pgbouncer import POOL_SIZE, pooler
from tests.pipelines.commerce.conftest import Shop

CATALOG = "variant_id,title,sku,price\n" + "".join(f"v{n},Lamp {n},L-{n},9.50\n" for n in range(2_000))
ORDERS = "order_id,created_at,currency,quantity,unit_price,sku\n" + "".join(
    f"{n},2025-03-03 08:00,EUR,1,9.50,L-{n}\n" for n in range(100)
)


@pytest.fixture
def behind(database: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose every connection goes through the pooler, migrations included."""
    folder = HOME / f"pgbouncer-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with pooler(database, folder) as url, connect(url) as connection:
        migrate(connection)
        yield Shop(url, tmp_path / "landing", connection)


def test_the_pooler_is_one_that_keeps_no_session(behind: Shop) -> None:
    with (
        psycopg.connect(behind.url, autocommit=True, prepare_threshold=0) as one,
        psycopg.connect(behind.url, autocommit=True, prepare_threshold=0) as other,
        pytest.raises(psycopg.errors.DuplicatePreparedStatement),
    ):
        for connection in (one, other) * POOL_SIZE:
            connection.execute("SELECT 1")


def test_a_delivery_is_loaded_changed_and_loaded_again(behind: Shop) -> None:
    behind.deliver("catalog.csv", CATALOG)
    behind.deliver("orders.csv", ORDERS + "100,2025-03-03 08:00,EUR,many,9.50,L-1\n")
    assert behind.load("catalog")[0].counts.inserted == 2_000
    header, lines = behind.load("orders")
    assert (header.counts.inserted, lines.counts.inserted, lines.counts.rejected) == (101, 100, 1)
    assert behind.load("catalog")[0].status is Status.UNCHANGED
    behind.deliver("catalog.csv", CATALOG.replace("v7,Lamp 7,", "v7,Shade,"))
    assert (behind.load("catalog")[0].counts.updated, behind.load("orders")[0].status) == (1, Status.UNCHANGED)


def test_more_loads_at_once_than_the_pooler_has_connections_end_in_one_state(behind: Shop) -> None:
    behind.deliver("catalog.csv", CATALOG)
    with ThreadPoolExecutor(2 * POOL_SIZE) as pool:
        results = list(pool.map(lambda _: behind.load("catalog", force=True)[0], range(2 * POOL_SIZE)))
    assert sum(result.counts.inserted for result in results) == 2_000
    assert sum(result.counts.unchanged for result in results) == 2_000 * (2 * POOL_SIZE - 1)


def test_nothing_of_a_load_is_left_on_the_servers_connections(behind: Shop, database: str) -> None:
    behind.deliver("catalog.csv", CATALOG)
    behind.load("catalog")
    with connect(database) as direct:
        wanted = direct.execute("SELECT current_setting('work_mem'), current_setting('TimeZone')").fetchone()
    for _ in range(POOL_SIZE):
        assert behind.rows("SELECT current_setting('work_mem'), current_setting('TimeZone')") == [wanted]
        assert behind.rows("SELECT name FROM pg_prepared_statements") == []
    locks = "SELECT count(*) FROM pg_locks JOIN pg_database AS here ON here.oid = database"
    assert behind.value(f"{locks} WHERE locktype = 'advisory' AND datname = current_database()") == 0
    assert behind.value("SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == 0


def test_coverage_is_computed_and_an_upload_taken_back(behind: Shop) -> None:
    behind.deliver("catalog.csv", CATALOG)
    behind.deliver("orders.csv", ORDERS)
    behind.load("catalog")
    behind.load("orders")
    assert coverage.compute(behind.connection, coverage.due(behind.connection)) == 3
    assert behind.value("SELECT matched FROM commerce.coverage WHERE dataset = 'catalog'") == 100
    (found,) = forget.find_uploads(behind.connection, forget.Selection(upload_id=behind.upload_id))
    (done,) = forget.forget_uploads(lambda: connect(behind.url), [found.subject], "somebody")
    assert (done.rows["catalog"], done.rows["coverage"]) == (2_000, 3)

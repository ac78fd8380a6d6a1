"""Loads that speak as to CockroachDB, on PostgreSQL at SERIALIZABLE: the same tables and counts, and what it repeats.

No CockroachDB is run here: what these tests hold is what the dialect does on a server that answers as PostgreSQL does.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from include.errors import BudgetError, HeldError, SetupError
from include.ledger import replays
from include.loading.csv.job import LoadOptions, silent
from include.migrations import MIGRATIONS, migrate
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.postgres.session import connect
from include.results import LoadResult
from include.settings import settings
from tests.breaking_proxy import BreakingProxy
from tests.competitor import competing
from tests.pipelines.commerce.conftest import DAY, Shop

TABLES = ("catalog", "inventory", "variants", "orders", "order_lines")
ROWS = 300
CATALOG = "variant_id,title,sku,price\n" + "".join(f"v{n:03},Lamp {n},L-{n},9.50\n" for n in range(ROWS))
HEADER = "order_id,created_at,currency,subtotal,quantity,unit_price,sku,line_name\n"

# Enough orders for a share of them to be judged.
MANY = "".join(f"m{n:03},2025-03-03 14:00,EUR,,1,9.50,L-{n},\n" for n in range(120))

# First delivery: a continuation without its order's values, an order whose first row fails, a line that fails.
ORDERS = f"""{HEADER}1,2025-03-03 08:00,EUR,28.50,1,9.50,L-1,Lamp 1
1,,,,2,9.50,L-2,Lamp 2
2,2025-03-03 09:00,EUR,9.50,one,9.50,L-3,Lamp 3
2,,,,1,9.50,L-4,Lamp 4
3,2025-03-03 10:00,EUR,9.50,1,9.50,L-5,Lamp 5
3,,,,1,dear,L-6,Lamp 6
4,no day,EUR,9.50,1,9.50,L-7,Lamp 7
4,,,,1,9.50,L-8,Lamp 8
5,2025-03-03 11:00,EUR,,1,9.50,,
6,2025-03-03 12:00,EUR,,1,9.50,,
{MANY}"""
# Again: a changed line, an order less, an order more, order 4 mended, one line that comes at another place.
ORDERS_AGAIN = f"""{HEADER}1,2025-03-03 08:00,EUR,38.00,1,9.50,L-1,Lamp 1
1,,,,3,9.50,L-2,Lamp 2
2,2025-03-03 09:00,EUR,9.50,one,9.50,L-3,Lamp 3
2,,,,1,9.50,L-4,Lamp 4
3,2025-03-03 10:00,EUR,9.50,1,9.50,L-5,Lamp 5
4,2025-03-03 10:30,EUR,19.00,1,9.50,L-7,Lamp 7
4,,,,1,9.50,L-8,Lamp 8
5,2025-03-03 11:00,EUR,,1,9.50,,
7,2025-03-03 13:00,EUR,,2,4.00,"L;7",
{MANY}"""
VARIANTS = "handle,title,sku,price,option1_value,option2_value,vendor\n"
CATALOG_OF_PRODUCTS = (
    f"{VARIANTS}lamp,Lamp,L-1,9.50,red,S,Us\nlamp,,L-2,9.50,red,M,\nlamp,,L-2b,8.00,red,M,\n,Nameless,X,1.00,,,\n"
    "shade,Shade,S-1,dear,,,\nshade,,S-2,3.00,blue,,\n"
)
INVENTORY = (
    "variant_id,location,sku,available,on_hand\nv1,Hamburg,L-1,3,4\nv1,Kiel,L-1,,0\nv1,Kiel,L-1,7,7\nv2,,L-2,x,1\n"
)


@pytest.fixture
def cockroach(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LONGSHORE_DIALECT", "cockroachdb")
    settings.cache_clear()
    yield
    monkeypatch.delenv("LONGSHORE_DIALECT")
    settings.cache_clear()


@pytest.fixture
def shop(cockroach: None, database: str, tmp_path: Path) -> Iterator[Shop]:
    url = make_conninfo(database, options="-c default_transaction_isolation=serializable")
    with connect(url) as connection:
        migrate(connection)
        yield Shop(url, tmp_path / "landing", connection)


def contents(shop: Shop) -> dict[str, list[tuple[object, ...]]]:
    """All that loads have left, but for times and the dialects' phases."""
    found = {name: shop.rows(f"SELECT * FROM commerce.{name} ORDER BY 1, 2, 3") for name in TABLES}
    found["loads"] = shop.rows(
        "SELECT load_id, dataset, status, digest, fingerprint, rows_read, inserted, updated, unchanged, deleted,"
        " duplicates, rejected, folded, facts, message, accepted_by FROM ledger.loads ORDER BY load_id"
    )
    found["rejects"] = shop.rows(
        "SELECT load_id, sequence, file, line, record, column_name, code, reason, raw, group_key, place"
        " FROM ledger.rejects ORDER BY load_id, sequence"
    )
    return found


def deliveries(shop: Shop) -> None:
    """Two days of a store: headers with lines, rejects, changes, deletions, the same again, held and let through."""
    shop.settings(max_rejected_percent=60.0, currency="SEK")
    shop.deliver("catalog.csv", CATALOG_OF_PRODUCTS)
    shop.deliver("inventory.csv", INVENTORY)
    shop.deliver("orders.csv", ORDERS)
    for dataset in ("catalog", "inventory", "orders"):
        shop.load(dataset)
    shop.load("orders")  # the same bytes
    shop.load("orders", force=True)
    shop.deliver("orders.csv", ORDERS_AGAIN)
    shop.load("orders", dry_run=True)
    shop.load("orders")
    shop.deliver("orders.csv", HEADER + "7,2025-03-03 13:00,EUR,,2,4.00,L-7,\n")
    with pytest.raises(HeldError):
        shop.load("orders")
    shop.load("orders", accept=True, accepted_by="a person")
    shop.settings(max_rejected_rows=0)
    shop.deliver("catalog.csv", "variant_id,title,price\nv1,Lamp,dear\nv2,Shade,1.00\n")
    with pytest.raises(BudgetError):
        shop.load("catalog")
    shop.deliver("catalog.csv", CATALOG, DAY + dt.timedelta(days=1))
    shop.load("catalog", DAY + dt.timedelta(days=1))
    shop.deliver("catalog.csv", CATALOG.replace("Lamp 7,", "Lamp seven,"), DAY + dt.timedelta(days=1))
    shop.load("catalog", DAY + dt.timedelta(days=1))


def test_the_same_deliveries_leave_the_same_tables_counts_and_rejects_as_through_postgresqls_writer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries(shop)
    through_cockroach = contents(shop)
    assert shop.value("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'longshore_load%%'") == 0
    migrate(shop.connection, 0)
    monkeypatch.setenv("LONGSHORE_DIALECT", "postgresql")
    settings.cache_clear()
    migrate(shop.connection)
    deliveries(shop)
    through_postgres = contents(shop)
    for name, rows in through_postgres.items():
        assert through_cockroach[name] == rows, name
    assert {row[2] for row in through_postgres["loads"]} == {"loaded", "unchanged", "held", "failed"}
    assert len(through_postgres["rejects"]) > 10


def repetitions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "Retrying" in record.message]


def load(shop: Shop, url: str | None = None, report: Callable[[int], None] = silent) -> LoadResult:
    upload, options = shop.open(), LoadOptions(force=True)
    [result] = load_dataset(lambda: connect(url or shop.url), upload, "catalog", shop.stores, options, report=report)
    return result


def test_a_conflict_repeats_the_merge_with_its_ledger_row_and_not_the_reading(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deliver("catalog.csv", CATALOG)
    load(shop)
    shop.deliver("catalog.csv", CATALOG.replace("9.50", "8.00"))
    reports: list[int] = []
    statement = "UPDATE commerce.catalog SET price = 8 WHERE variant_id < 'v010'"
    with caplog.at_level(logging.INFO), competing(shop.url, statement):
        result = load(shop, report=reports.append)
    [repetition] = repetitions(caplog)
    assert "40001" in repetition
    assert reports == [ROWS], "the file was read once"
    assert (result.counts.rows_read, result.counts.updated, result.counts.unchanged) == (ROWS, ROWS - 10, 10)
    assert shop.rows("SELECT price, count(*) FROM commerce.catalog GROUP BY 1") == [(8, ROWS)]
    assert [row["updated"] for row in shop.ledger()] == [0, ROWS - 10]


@pytest.mark.parametrize("commit", [1, 2], ids=["of the chunk", "of the merge"])
def test_a_load_whose_commit_was_not_heard_of_is_in_the_ledger_once(shop: Shop, commit: int) -> None:
    shop.deliver("catalog.csv", CATALOG)
    reports: list[int] = []

    with BreakingProxy(shop.url) as proxy:
        proxy.cut_at_commit(commit)
        result = load(shop, proxy.url, reports.append)
        assert proxy.cuts == 1
    assert (result.counts.inserted, result.counts.unchanged, result.counts.duplicates) == (ROWS, 0, 0)
    assert reports == [ROWS]
    assert [(row["load_id"], row["inserted"]) for row in shop.ledger()] == [(result.load_id, ROWS)]
    assert shop.value("SELECT count(*) FROM commerce.catalog") == ROWS


def test_replaying_rejects_says_that_it_needs_postgresql(shop: Shop) -> None:
    from include.pipelines.commerce.delivery.replay import ReplayOptions, Selection, replay

    shop.settings(max_rejected_percent=60.0)
    shop.deliver("orders.csv", ORDERS)
    first, _ = shop.load("orders")
    assert first.load_id is not None
    with pytest.raises(SetupError, match="needs PostgreSQL"):
        replay(lambda: connect(shop.url), Selection(first.load_id), shop.stores, ReplayOptions("a person"))
    assert replays.open_rejects(shop.connection, first.load_id)


def test_the_schema_is_made_step_by_step_without_collations_or_locks_and_taken_back(shop: Shop) -> None:
    named = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'commerce' AND collation_name = 'C'"
    assert shop.value(named) == 0
    assert migrate(shop.connection) == []
    numbers = [f"{migration.number:04}" for migration in MIGRATIONS]
    assert [line[:4] for line in migrate(shop.connection, 3)] == numbers[:2:-1]
    assert [line[:4] for line in migrate(shop.connection)] == numbers[3:]
    shop.deliver("orders.csv", ORDERS_AGAIN)
    shop.load("orders")
    assert len(migrate(shop.connection, 0)) == len(MIGRATIONS)


def test_a_role_needs_create_on_the_database_and_no_temporary_tables(shop: Shop) -> None:
    given = conninfo_to_dict(shop.url)
    name, role = str(given["dbname"]), f"{given['dbname']}_loader"[-63:]
    shop.connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'".encode())
    try:
        shop.connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
        shop.connection.execute(f"GRANT CONNECT, CREATE ON DATABASE {name} TO {role}".encode())
        for right, kind in (("USAGE", "SCHEMA"), ("SELECT, INSERT, UPDATE, DELETE", "ALL TABLES IN SCHEMA")):
            shop.connection.execute(f"GRANT {right} ON {kind} commerce, ledger TO {role}".encode())
        shop.deliver("catalog.csv", CATALOG)
        result = load(shop, make_conninfo(shop.url, user=role, password="secret"))  # noqa: S106 # of this test's server
        assert result.counts.inserted == ROWS
        shop.connection.execute(f"REVOKE CREATE ON DATABASE {name} FROM {role}".encode())
        with pytest.raises(SetupError, match=r"docs/operations\.md"):
            load(shop, make_conninfo(shop.url, user=role, password="secret"))  # noqa: S106 # likewise
    finally:
        shop.connection.execute(f"DROP OWNED BY {role} CASCADE".encode())
        shop.connection.execute(f"DROP ROLE {role}".encode())

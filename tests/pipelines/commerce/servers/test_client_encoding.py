"""Texts reach the tables as they are, whatever encoding the environment, the role or the database prefer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.loading.csv.job import LoadOptions
from include.migrations import migrate
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.postgres.session import connect
from tests.pipelines.commerce.conftest import Shop

TITLE = "Bök 本 ñ"
CATALOG = f"variant_id,title,sku,price\nBök-1,{TITLE},L-1,{{price}}\n"


def by_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Connection[TupleRow]]:
    monkeypatch.setenv("PGCLIENTENCODING", "latin1")
    return lambda: connect(url)


def by_the_database(url: str, _monkeypatch: pytest.MonkeyPatch) -> Callable[[], Connection[TupleRow]]:
    with connect(url) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET client_encoding TO 'LATIN1'").format(name))
    return lambda: connect(url)


def by_its_own_url(url: str, _monkeypatch: pytest.MonkeyPatch) -> Callable[[], Connection[TupleRow]]:
    return lambda: connect(make_conninfo(url, client_encoding="latin1"))


def by_whoever_opened_it(url: str, _monkeypatch: pytest.MonkeyPatch) -> Callable[[], Connection[TupleRow]]:
    return lambda: psycopg.connect(url, autocommit=True, client_encoding="latin1")


@pytest.mark.parametrize("preferred", [by_the_environment, by_the_database, by_its_own_url, by_whoever_opened_it])
def test_another_encoding_that_is_preferred_changes_no_text(
    migrated_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preferred: Callable[[str, pytest.MonkeyPatch], Callable[[], Connection[TupleRow]]],
) -> None:
    opened = preferred(migrated_database, monkeypatch)
    with connect(migrated_database) as reading:
        shop = Shop(migrated_database, tmp_path / "landing", reading)
        for price in ("9.50", "8.00"):  # into an empty table, then beside what is there
            shop.deliver("catalog.csv", CATALOG.format(price=price))
            load_dataset(opened, shop.open(), "catalog", shop.stores, LoadOptions())
            assert shop.rows("SELECT variant_id, title FROM commerce.catalog") == [("Bök-1", TITLE)]


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_encoding(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[tuple[str, str]]:
    name = sql.Identifier(f"encoded_{request.param.lower()}")
    with connect(postgres_url) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0").format(
                name, sql.Literal(request.param)
            )
        )
        yield request.param, make_conninfo(postgres_url, dbname=f"encoded_{request.param.lower()}")
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def test_a_database_that_cannot_hold_every_text_is_refused_with_a_word(other_encoding: tuple[str, str]) -> None:
    encoding, url = other_encoding
    with connect(url) as connection, pytest.raises(SetupError, match=f"has the encoding {encoding}.*\n*.*UTF8"):
        migrate(connection)

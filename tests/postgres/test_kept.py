"""One connection for many uses, and another one wherever the first may not be used again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from include.postgres import kept as postgres_kept
from include.postgres.kept import KeptConnection
from include.postgres.session import connect


class Opened:
    """A `connect` that remembers what it opened."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections: list[Connection[TupleRow]] = []

    def __call__(self) -> Connection[TupleRow]:
        self.connections.append(connect(self.url))
        return self.connections[-1]


@pytest.fixture
def opened(database: str) -> Opened:
    return Opened(database)


@pytest.fixture
def kept(opened: Opened) -> Iterator[KeptConnection]:
    with KeptConnection(opened) as lender:
        yield lender


def process(kept: KeptConnection) -> object:
    with kept() as connection:
        return connection.info.backend_pid


def test_uses_one_after_the_other_share_a_connection_that_ends_with_the_block(opened: Opened) -> None:
    with KeptConnection(opened) as kept:
        assert len({process(kept) for _ in range(3)}) == 1
    assert [connection.closed for connection in opened.connections] == [True]


def test_none_is_opened_before_it_is_wanted(opened: Opened, kept: KeptConnection) -> None:
    assert opened.connections == []


def test_a_use_that_fails_ends_the_connection(opened: Opened, kept: KeptConnection) -> None:
    with suppress(ZeroDivisionError), kept() as connection, connection.transaction():
        connection.execute("CREATE TABLE kept (number integer)")
        raise ZeroDivisionError
    assert opened.connections[0].closed
    with kept() as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    assert len(opened.connections) == 2


def test_a_transaction_that_was_left_open_is_not_committed(opened: Opened, kept: KeptConnection) -> None:
    with kept() as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE kept (number integer)")
    with kept() as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_connection_that_the_server_ended_meanwhile_is_replaced(
    opened: Opened, kept: KeptConnection, database: str
) -> None:
    first = process(kept)
    with connect(database) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert process(kept) != first


def test_a_connection_that_lay_idle_for_long_is_replaced(
    opened: Opened, kept: KeptConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = process(kept)
    monkeypatch.setattr(postgres_kept, "IDLE_S", 0.0)
    assert process(kept) != first
    assert opened.connections[0].closed


def test_who_asks_while_it_is_lent_has_one_of_his_own(opened: Opened, kept: KeptConnection) -> None:
    with kept() as outer:
        with kept() as inner:
            assert inner is not outer
        assert inner.closed
        assert not outer.closed
    assert process(kept) == outer.info.backend_pid

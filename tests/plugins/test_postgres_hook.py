from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg
import pytest

from include.errors import SetupError, TransientError

if TYPE_CHECKING:
    from longshore.hooks.postgres import LongshorePostgresHook


@pytest.fixture
def hook(database: str, environment: Callable[..., None]) -> LongshorePostgresHook:
    from longshore.hooks.postgres import LongshorePostgresHook

    environment(AIRFLOW_CONN_LONGSHORE_POSTGRES=database)
    return LongshorePostgresHook(postgres_conn_id="longshore_postgres")


def test_each_call_opens_a_connection_of_psycopg_3_in_autocommit_mode(hook: LongshorePostgresHook) -> None:
    with hook.connect() as one, hook.connect() as other:
        assert one is not other
        assert isinstance(one, psycopg.Connection)
        assert one.autocommit
        assert one.execute("SELECT 1").fetchone() == (1,)


def test_a_cancelled_hook_leaves_no_statement_running(hook: LongshorePostgresHook) -> None:
    with hook.connect() as connection:
        killer = threading.Timer(0.3, hook.cancel)
        killer.start()
        started = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(30)")
        killer.join()
        assert time.monotonic() - started < 10
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_cancelling_when_nothing_runs_or_all_is_closed_is_no_error(hook: LongshorePostgresHook) -> None:
    with hook.connect():
        hook.cancel()
    hook.cancel()


def test_a_cancelled_hook_begins_nothing_more(hook: LongshorePostgresHook) -> None:
    hook.cancel()
    with pytest.raises(SetupError, match="told to end"):
        hook.connect()


def test_a_connection_that_airflow_does_not_know_is_a_matter_of_set_up() -> None:
    from longshore.hooks.postgres import LongshorePostgresHook

    with pytest.raises(SetupError, match=r"'harbour'.*AIRFLOW_CONN_HARBOUR"):
        LongshorePostgresHook(postgres_conn_id="harbour").connect()


def test_a_server_that_cannot_be_reached_is_a_bad_moment(environment: Callable[..., None]) -> None:
    from longshore.hooks.postgres import LongshorePostgresHook

    environment(AIRFLOW_CONN_LONGSHORE_POSTGRES="postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(TransientError):
        LongshorePostgresHook(postgres_conn_id="longshore_postgres").connect()

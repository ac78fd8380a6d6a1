from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from include.errors import SetupError
from include.stack.postgres import DATABASES, NOT_DURABLE, SETTINGS, EmbeddedPostgres, create_database
from include.stack.processes import is_alive, wait_for_end


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("a folder, it's deep") / ("x" * 60) / "postgres"
    yield folder
    EmbeddedPostgres(folder).destroy()
    assert not folder.exists()


@pytest.fixture
def server(folder: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    return server


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_starting_twice_gives_the_same_server(server: EmbeddedPostgres) -> None:
    pid = server.status().pid
    assert server.start() == server.url()
    assert server.status().pid == pid


def test_calls_at_the_same_time_start_one_server(folder: Path, server: EmbeddedPostgres) -> None:
    server.stop()
    with ThreadPoolExecutor(4) as threads:
        urls = set(threads.map(lambda _: EmbeddedPostgres(folder, durable=False).start(), range(4)))
    assert len(urls) == 1


def test_it_stops_is_down_and_comes_back_on_the_same_port_with_its_data(server: EmbeddedPostgres) -> None:
    before = server.url()
    with psycopg.connect(before) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one")
    assert server.stop()
    assert not server.status().running
    assert not server.stop()
    with pytest.raises(SetupError, match="not running"):
        server.url()
    assert server.start() == before
    assert rows(before, "SELECT one FROM kept") == [(1,)]


def test_both_databases_are_there_and_sort_by_code_points(server: EmbeddedPostgres) -> None:
    found = rows(server.url(), "SELECT datname, datlocprovider, datlocale FROM pg_database WHERE datlocale IS NOT NULL")
    assert {name: (provider, locale) for name, provider, locale in found} == dict.fromkeys(DATABASES, ("b", "C.UTF-8"))
    assert rows(server.url(), "SELECT lower('Ä')") == [("ä",)]


def test_a_database_can_be_a_copy_of_another(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        create_database(connection, "the original")
        with psycopg.connect(server.url("the original")) as original:
            original.execute("CREATE TABLE copied AS SELECT 2 AS two")
        original.close()
        create_database(connection, "a copy", "the original")
    assert rows(server.url("a copy"), "SELECT two FROM copied") == [(2,)]


def test_every_setting_is_in_force(server: EmbeddedPostgres) -> None:
    wanted = SETTINGS | NOT_DURABLE
    names = ", ".join(f"current_setting('{name}')" for name in wanted)
    (actual,) = rows(server.url(), f"SELECT {names}")
    assert dict(zip(wanted, actual, strict=True)) == wanted


def test_nobody_enters_without_the_password(server: EmbeddedPostgres) -> None:
    port = server.status().port
    for host in ("127.0.0.1", str(server.socket_folder)):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=host, port=port, user="postgres", dbname="longshore", connect_timeout=5)
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_the_log_never_quotes_a_row(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection, pytest.raises(psycopg.DataError):
        connection.execute("SELECT 'a private address'::integer")
    assert "private" not in server.log.read_text()


def test_a_deep_folder_has_its_socket_elsewhere(server: EmbeddedPostgres) -> None:
    path = server.socket_folder / f".s.PGSQL.{server.status().port}"
    assert len(os.fsencode(path)) <= 107
    assert path.is_socket()


def test_a_killed_server_recovers_on_the_next_start(server: EmbeddedPostgres) -> None:
    url = server.url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS survives AS SELECT 3 AS three")
    main = psutil.Process(server.status().pid)
    main.kill()
    assert wait_for_end([main], 5) == []
    server.start()
    assert rows(server.url(), "SELECT three FROM survives") == [(3,)]


def test_a_pid_file_whose_pid_is_now_another_process_does_not_stop_the_start(server: EmbeddedPostgres) -> None:
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    assert not server.status().running
    server.start()
    assert is_alive(psutil.Process(os.getppid()))
    assert server.status().running


def test_a_first_start_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    draft = server.folder / "data.draft"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    try:
        assert rows(server.start(), "SELECT 1") == [(1,)]
        assert not draft.exists()
        server.stop()
        (server.folder / "password").unlink()
        assert rows(server.start(), "SELECT 1") == [(1,)]
    finally:
        server.destroy()


def test_two_clones_run_side_by_side(server: EmbeddedPostgres, tmp_path: Path) -> None:
    other = EmbeddedPostgres(tmp_path / "other", durable=False)
    try:
        assert other.start() != server.url()
        assert other.status().port != server.status().port
    finally:
        other.destroy()
        shutil.rmtree(tmp_path, ignore_errors=True)

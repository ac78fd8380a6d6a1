"""The PostgreSQL that a benchmark measures against: the project's own, with the settings that its users get."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.stack.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# The migrated database that others are copied from.
TEMPLATE = "longshore_template"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the URL of an empty, migrated database, and the process whose CPU is counted."""

    url: str
    pid: int


class _Untuned(EmbeddedPostgres):
    """The project's server that leaves some settings at PostgreSQL's own defaults."""

    def __init__(self, folder: Path, without: Collection[str]) -> None:
        super().__init__(folder)
        self._settings = {name: value for name, value in self._settings.items() if name not in without}


def start_server(home: Path, without: Collection[str] = ()) -> Server:
    """Starts one in the benchmark's home, whose end is its end too, and brings it to the newest schema.

    Args:
        home: a folder that has no server yet.
        without: settings of include/stack/postgres.py that stay as PostgreSQL has them.
    """
    from include.migrations import migrate
    from include.postgres.session import connect

    server = _Untuned(home / "postgres", without)
    url = server.start()
    with connect(url) as connection:
        migrate(connection)
    copy_database(url, "longshore", TEMPLATE)
    return Server(url, server.status().pid)


def stop_server(home: Path) -> None:
    """Stops a server before its benchmark ends, and removes its data."""
    EmbeddedPostgres(home / "postgres").destroy()


def reset(url: str) -> None:
    """Makes the database anew as `start_server` left it: no row, and no table or partition that a load made."""
    copy_database(url, TEMPLATE, _name(url))
    with _connection(url, "postgres") as connection:
        connection.execute("CHECKPOINT")


def copy_database(url: str, source: str, name: str) -> str:
    """Makes a database of that name, whatever it was, a copy of another to which nobody is connected.

    Returns:
        Its URL.
    """
    from include.stack.postgres import create_database

    with _connection(url, "postgres") as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        create_database(connection, name, source)
    return _sibling(url, name)


def _connection(url: str, database: str) -> Connection[TupleRow]:
    from include.postgres.session import connect

    return connect(_sibling(url, database))


def _sibling(url: str, name: str) -> str:
    return f"{url.rsplit('/', 1)[0]}/{name}"


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]

"""The PostgreSQL that a benchmark measures against: the project's own, with the settings that its users get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.stack.postgres import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the URL of an empty, migrated database, and the process whose CPU is counted."""

    url: str
    pid: int


def start_server(home: Path) -> Server:
    """Starts one in the benchmark's home, whose end is its end too, and brings it to the newest schema."""
    from include.migrations import migrate
    from include.writers.postgres_session import connect

    server = EmbeddedPostgres(home / "postgres")
    url = server.start()
    with connect(url) as connection:
        migrate(connection)
    return Server(url, server.status().pid)

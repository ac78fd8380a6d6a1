from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from include.cli.target import database
from include.errors import UsageError
from include.stack.postgres import EmbeddedPostgres


@pytest.fixture
def server(environment: Callable[..., None], tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """The embedded server of a home of the test's own, which nobody has started yet."""
    environment(LONGSHORE_HOME=str(tmp_path))
    yield (server := EmbeddedPostgres(tmp_path / "postgres"))
    server.destroy()


def test_an_embedded_server_ends_with_the_last_command_that_needs_it(server: EmbeddedPostgres) -> None:
    with database("") as outer:
        with database("") as inner:
            assert inner == outer
        assert server.status().running, "the one that found it running leaves it running"
    assert not server.status().running, "the one that had to start it stops it"


def test_an_embedded_server_that_somebody_uses_is_left_running(server: EmbeddedPostgres) -> None:
    with database("") as url:
        other = Connection.connect(url)
    with other:
        assert server.status().running
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_a_target_that_is_no_url_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as refused, database("secret nonsense"):
        pass
    assert "secret" not in str(refused.value)

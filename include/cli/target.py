"""Which database a command speaks to: `--target`, LONGSHORE_TARGET, else the embedded PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.errors import SetupError, TransientError, UsageError

if TYPE_CHECKING:
    from psycopg import Connection

    from include.stack.postgres import EmbeddedPostgres

    Connect = Callable[[], Connection[tuple[Any, ...]]]

Target = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="URL",
        envvar="LONGSHORE_TARGET",
        show_envvar=True,
        help="The database, a libpq URL; by default the embedded PostgreSQL, started if need be.",
    ),
]

# Other people at work on the server: sessions of clients, not the server's own processes.
OTHER_SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


@contextmanager
def database(target: str) -> Iterator[str]:
    """The URL of the database for the length of the block; never print it, it may hold a password.

    A running embedded server is left running. One that this block had to start is stopped at its end, unless another
    command or the stack uses it by then.

    Raises:
        UsageError: `target` is no libpq URL.
        SetupError: the embedded server cannot be started.
    """
    if target:
        _check(target)
        yield target
        return
    from include.postgres.session import connect
    from include.stack.postgres import embedded

    server = embedded()
    was_running = server.status().running
    url = server.start()
    try:
        with connect(url):  # an open session tells other commands that the server is in use
            yield url
    finally:
        if not was_running:
            _stop_if_idle(server, url)


@contextmanager
def connector(target: str) -> Iterator[Connect]:
    """A function that opens autocommit connections to the target, for the length of the block."""
    from include.postgres.session import connect

    with database(target) as url:
        yield lambda: connect(url)


@contextmanager
def ledger(target: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """An autocommit connection to a database that Longshore has loaded into.

    Raises:
        SetupError: it holds no ledger, so nothing was loaded there.
    """
    from include.migrations.steps import applied

    with connector(target) as connect, connect() as connection:
        if not applied(connection):
            raise SetupError(
                f"The database {connection.info.dbname!r} has no ledger: Longshore has loaded nothing into it.",
                "Load something first: ./longshore load commerce --help; or name another one with --target.",
            )
        yield connection


@contextmanager
def migrated_ledger(target: str) -> Iterator[Connection[tuple[Any, ...]]]:
    """The same, brought to the newest schema first; that reads one row where it is there already."""
    from include.migrations import migrate

    with ledger(target) as connection:
        migrate(connection)
        yield connection


def _check(target: str) -> None:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(target)
    except ProgrammingError as error:
        raise UsageError(
            "The target is no URL that libpq understands.",  # not shown: it may hold a password
            "Give one like postgresql://user:password@host:5432/database.",
        ) from error


def _stop_if_idle(server: EmbeddedPostgres, url: str) -> None:
    from include.postgres.session import connect
    from include.settings import settings
    from include.stack.lifecycle import stack
    from include.stack.state import file_lock

    # `up` holds the lock while it starts: then the server is the stack's.
    with suppress(TransientError), file_lock(settings().home / "lock", timeout_s=0):
        with connect(url) as connection:
            row = connection.execute(OTHER_SESSIONS).fetchone()
        if not (row and row[0]) and not stack().status().running:
            server.stop()

"""What a server of PostgreSQL's protocol is: PostgreSQL, or CockroachDB, which wants some things otherwise."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from psycopg import Connection, Cursor
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.postgres.errors import translated
from include.settings import Dialect, settings

# How the answers to `SELECT version()` begin: "PostgreSQL 18.0 on ...", "CockroachDB CCL v25.2.1 (...)".
COCKROACH = "CockroachDB"

_known: WeakKeyDictionary[Connection[TupleRow], Dialect] = WeakKeyDictionary()
_asked: WeakKeyDictionary[Connection[TupleRow], Cursor[TupleRow]] = WeakKeyDictionary()


def dialect_named(version: str) -> Dialect:
    """The dialect of the server that answers so to `SELECT version()`; whatever is not CockroachDB is PostgreSQL."""
    return "cockroachdb" if version.startswith(COCKROACH) else "postgresql"


def dialect_of(connection: Connection[TupleRow]) -> Dialect:
    """The dialect to speak: what LONGSHORE_DIALECT says, else what the server is, which is asked once a connection.

    Raises:
        TransientError: the connection is lost.
    """
    wanted = settings().dialect
    if wanted != "auto":
        return wanted
    if connection not in _known:
        with translated():
            row = (_asked.pop(connection, None) or connection.execute("SELECT version()")).fetchone()
        _known[connection] = dialect_named(str(row[0]) if row else "")
    return _known[connection]


def ask_dialect(connection: Connection[TupleRow]) -> None:
    """Asks what the server is and leaves the answer to `dialect_of`: within a pipeline that costs no round trip."""
    if settings().dialect == "auto" and connection not in _known:
        _asked[connection] = connection.execute("SELECT version()")


def require_postgres(connection: Connection[TupleRow], what: str) -> None:
    """Ends what only PostgreSQL can do before it changed anything.

    Raises:
        SetupError: the server is CockroachDB.
    """
    if dialect_of(connection) != "postgresql":
        raise SetupError(f"{what} needs PostgreSQL, and the target is CockroachDB.", "See docs/operations.md.")

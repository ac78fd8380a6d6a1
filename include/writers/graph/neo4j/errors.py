"""Where the Neo4j driver's errors become Longshore's, by Neo4j's status codes: the one place that knows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
)

from include.errors import LongshoreError, RowError, SetupError, TransientError

# Beginnings of status codes -> what the caller should do. Source: Neo4j's manual, "Neo4j status codes".
MEMORY = ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "Neo.TransientError.General.TransactionOutOfMemory")
ROW = (
    "Neo.ClientError.Schema.ConstraintValidationFailed",
    "Neo.ClientError.Statement.TypeError",
    "Neo.ClientError.Statement.ArgumentError",
    "Neo.ClientError.Statement.SemanticError",  # a null in a key: MERGE says so while it runs
)
TRANSIENT = (
    "Neo.TransientError",
    "Neo.ClientError.Transaction.TransactionTimedOut",
    "Neo.ClientError.Cluster.NotALeader",
    "Neo.ClientError.Transaction.LockClientStopped",
    "Neo.DatabaseError.Transaction",
)
# A value that is too large for its index has no status of its own.
TOO_LARGE = "too large to index"

REMEDIES = {
    "Neo.ClientError.Security": "Check the connection's user, password and rights.",
    "Neo.ClientError.Database": "Check the name of the database (the connection's schema).",
    "Neo.DatabaseError.Schema": "Something of the same name, or nodes that contradict it, are there: see SHOW"
    " CONSTRAINTS, and remove one of the two.",
}
OUT_OF_MEMORY = (
    "A load is one transaction of about 2.5 kB of the server's memory for each node or relationship that changes:"
    " raise the heap or dbms.memory.transaction.total.max, or load smaller scopes."
)


def translate(error: Neo4jError | DriverError) -> LongshoreError:
    """The error of our tree that says what to do about a driver's error; its message holds no row's contents."""
    if isinstance(error, Neo4jError) and not isinstance(error, AuthError):
        return _of_server(error)
    if isinstance(error, AuthError):
        return SetupError(f"Neo4j refused the login: {error.code}.", REMEDIES["Neo.ClientError.Security"])
    what = f"The Neo4j driver said {type(error).__name__}."
    if isinstance(error, ServiceUnavailable | SessionExpired) or error.is_retryable():
        return TransientError(what, "Is the server up? The same load can be repeated.")
    if isinstance(error, ConfigurationError):
        return SetupError(f"{what[:-1]}: {error}.", "Correct the connection.")
    return SetupError(f"{what[:-1]}: {error}.", "Change the set-up; a retry cannot help.")


@contextmanager
def translated() -> Iterator[None]:
    """Lets no error of the driver out of the block but as one of our tree, with its cause."""
    try:
        yield
    except (Neo4jError, DriverError) as error:
        raise translate(error) from error


def _of_server(error: Neo4jError) -> LongshoreError:
    code, message = error.code or "", error.message or ""
    if code.startswith(MEMORY):
        return SetupError(f"Neo4j said {code}: the load is larger than the server's memory for it.", OUT_OF_MEMORY)
    if code.startswith(ROW) or TOO_LARGE in message:
        # The message would quote the value.
        return RowError(f"Neo4j said {code or 'nothing'} at a value.", code=code)
    if code.startswith(TRANSIENT):
        return TransientError(f"Neo4j said {code}: {message}.", "The same load can be repeated.")
    if code.startswith("Neo.DatabaseError.Schema"):
        message = "a constraint or an index cannot be made"  # the message would quote values
    remedy = next((text for prefix, text in REMEDIES.items() if code.startswith(prefix)), "")
    return SetupError(f"Neo4j said {code}: {message}.", remedy or "Change the set-up; a retry cannot help.")

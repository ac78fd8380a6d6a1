"""A SQLite file opened for a load, and the one place that knows sqlite3's errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.errors import LongshoreError, RowError, SetupError, TransientError
from include.writers.errors import repeat_transient

# Seconds that a load waits for the one lock of the file: longer than any batch, so that writers queue and none fails.
LOCK_WAIT_S = 60.0

# Seconds before the mode of a new file is asked for again, doubled each time: another writer sets it in under 10 ms.
FIRST_WAIT_S = 0.05

# Pages of WAL after which it is moved into the file: SQLite's own 1,000 (4 MB) is passed several times by one batch.
WAL_PAGES = 10_000

# SQLite's primary error codes, which extended ones have in their last eight bits.
MOMENT = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT})
ROW = frozenset({sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG})

REMEDIES = {
    sqlite3.SQLITE_CANTOPEN: "See that the folder exists and may be written.",
    sqlite3.SQLITE_READONLY: "See that file and folder may be written.",
    sqlite3.SQLITE_NOTADB: "Name another file: this one is no SQLite database.",
    sqlite3.SQLITE_FULL: "Free space on the disk.",
}


def connect(path: Path) -> sqlite3.Connection:
    """Opens the file, made where it is missing, in WAL mode; transactions are the caller's.

    Raises:
        SetupError: it cannot be opened, or is no SQLite database.
    """
    with translated():
        connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            repeat_transient(lambda: _write_ahead(connection), first_wait_s=FIRST_WAIT_S)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        except (sqlite3.Error, LongshoreError):
            connection.close()
            raise
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the file's mode, once in its life; SQLite waits for no lock there, so who is not the first comes again."""
    with translated():
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def translated() -> Iterator[None]:
    """Lets no sqlite3 error out of the block but as one of our tree, with its cause."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        raise translate(error) from error


def translate(error: sqlite3.Error | OverflowError) -> LongshoreError:
    """The error of our tree that says what to do; its message holds no row's contents."""
    if isinstance(error, OverflowError):
        return RowError("SQLite stores whole numbers of 64 bits with a sign, and a larger one came.", code="overflow")
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else sqlite3.SQLITE_ERROR
    what = f"SQLite said {getattr(error, 'sqlite_errorname', type(error).__name__)}."
    if primary in MOMENT:
        return TransientError(what, "The same load can be repeated.")
    if primary in ROW:
        return RowError(what, code=str(getattr(error, "sqlite_errorname", "")))
    return SetupError(what, REMEDIES.get(primary, "See that the file's tables are those of this version."))


def quoted(name: str) -> str:
    """A name as SQLite takes any: within double quotes, with those in it doubled."""
    return '"' + name.replace('"', '""') + '"'

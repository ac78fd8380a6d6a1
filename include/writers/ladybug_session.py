"""The embedded graph's file: who may open it, with how much memory, and how to run a statement on it.

One process writes at a time, and nobody reads meanwhile. Ladybug locks the file for a writer only (a POSIX lock), so
a reader of ours takes the shared lock itself, and a writer looks for readers that took none.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa

from include.errors import SetupError, TransientError
from include.settings import settings
from include.writers.errors import ATTEMPTS, FIRST_WAIT_S, repeat_transient
from include.writers.ladybug_errors import held_by_others, holders, translated

MEGABYTE = 1024 * 1024

# Threads of a statement. Each costs a COPY some milliseconds before its first row and about 12 MB for each column.
MAX_THREADS = 4

# The files that this process has open for writing: a second handle in one process would drop the first one's lock as
# soon as it is closed (so POSIX has it).
_open_here: set[Path] = set()
_open_here_guard = threading.Lock()


class Session:
    """One open database; errors come as those of include/errors.py.

    Args:
        path: its file.
        database: the open database.
    """

    def __init__(self, path: Path, database: ladybug.Database) -> None:
        self.path = path
        self._connection = ladybug.Connection(database)

    def run(self, statement: str, **parameters: Any) -> None:
        """Runs a statement whose rows nobody wants; an Arrow table is a parameter like any other."""
        with translated(self.path):
            _single(self._connection.execute(statement, parameters)).close()

    def rows(self, statement: str, **parameters: Any) -> list[list[Any]]:
        """The rows of a statement as lists."""
        with translated(self.path):
            result = _single(self._connection.execute(statement, parameters))
            try:
                return [list(row) for row in result.get_all()]
            finally:
                result.close()

    def table(self, statement: str, **parameters: Any) -> pa.Table:
        """The rows of a statement as an Arrow table."""
        with translated(self.path):
            result = _single(self._connection.execute(statement, parameters))
            try:
                return result.get_as_arrow()
            finally:
                result.close()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


@contextmanager
def writing(path: Path, *, attempts: int = ATTEMPTS, first_wait_s: float = FIRST_WAIT_S) -> Iterator[Session]:
    """Holds the database for the length of the block; it is made, with its folder, where absent.

    Where another process has the file open, it is tried again with backoff.

    Raises:
        TransientError: somebody holds the file still; the message names the process.
        SetupError: the file is none of Ladybug's, or cannot be written.
    """
    path = path.absolute()
    _make_folder(path.parent)
    with _only_here(path):
        database = repeat_transient(lambda: _open_to_write(path), attempts=attempts, first_wait_s=first_wait_s)
        yield from _session(path, database)


@contextmanager
def reading(path: Path) -> Iterator[Session]:
    """Holds the database, for reading, for the length of the block; writers wait meanwhile.

    Raises:
        TransientError: a writer holds the file.
        SetupError: there is no such file, or it is none of Ladybug's.
    """
    path = path.absolute()
    try:
        handle = path.open("rb")
    except OSError as error:
        raise SetupError(
            f"There is no graph at {path}: {error.strerror}.", "Load one first, or name its file."
        ) from error
    with handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise held_by_others(path, holders(path)) from error
        with translated(path):
            database = ladybug.Database(
                path, read_only=True, buffer_pool_size=_pool_bytes(), max_num_threads=_threads()
            )
        yield from _session(path, database)


def _session(path: Path, database: ladybug.Database) -> Iterator[Session]:
    session = Session(path, database)
    try:
        yield session
    finally:
        session.close()
        database.close()


def _open_to_write(path: Path) -> ladybug.Database:
    readers = holders(path)
    if readers:
        raise held_by_others(path, readers)
    with translated(path):
        return ladybug.Database(path, buffer_pool_size=_pool_bytes(), max_num_threads=_threads())


@contextmanager
def _only_here(path: Path) -> Iterator[None]:
    with _open_here_guard:
        if path in _open_here:
            raise TransientError(
                f"The graph {path} is already open for writing in this process.", "Let that load end first."
            )
        _open_here.add(path)
    try:
        yield
    finally:
        _open_here.discard(path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} of the graph cannot be made: {error.strerror}.", "Name a file in another folder."
        ) from error


def _pool_bytes() -> int:
    return settings().graph_buffer_mb * MEGABYTE


def _threads() -> int:
    return min(os.cpu_count() or 1, MAX_THREADS)


def _single(result: ladybug.QueryResult | list[ladybug.QueryResult]) -> ladybug.QueryResult:
    return result[-1] if isinstance(result, list) else result

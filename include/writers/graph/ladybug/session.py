"""The embedded graph's file: who may open it, with how much memory, and how a load becomes its content.

One process writes at a time, and nobody reads meanwhile. Ladybug locks the file for a writer only (a POSIX lock), so
a reader of ours takes the shared lock itself, and a writer looks for readers that took none.

A load works on a copy that takes the file's place at its end. Ladybug's own transactions are not enough: what COPY
brought is on disk only after the checkpoint that follows the commit, and a process that is killed between the two
leaves the transaction's deletions without its insertions.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import ladybug
import pyarrow as pa

from include.errors import DefectError, SetupError, TransientError
from include.settings import settings
from include.writers.errors import ATTEMPTS, FIRST_WAIT_S, repeat_transient
from include.writers.graph.ladybug.errors import held_by_others, holders, translated
from include.writers.graph.ladybug.rows import hand_over, read_from

MEGABYTE = 1024 * 1024

# Threads of a statement. Each costs a COPY some milliseconds before its first row and about 12 MB for each column.
MAX_THREADS = 4

# The copy that a load works on, beside the file, so that it can take its place in one step.
WORK = ".loading"

# What rows go through on their way into the copy; a killed load's goes with its copy.
ROWS = ".rows.parquet"

# Where Ladybug keeps what is not in the file yet.
LOG = ".wal"

# The files that this process has open for writing: a second handle in one process would drop the first one's lock as
# soon as it is closed (so POSIX has it).
_open_here: set[Path] = set()
_open_here_guard = threading.Lock()


class Session:
    """One open database; errors come as those of include/errors.py.

    Args:
        path: its file.
        database: the open database.
        rows_at: the file that the parameter `rows` goes through; None: it has no such parameter.

    Set `keep` where what was written is to stay.
    """

    def __init__(self, path: Path, database: ladybug.Database, rows_at: Path | None = None) -> None:
        self.path = path
        self.keep = False
        self._rows_at = rows_at
        self._connection = ladybug.Connection(database)

    def run(self, statement: str, **parameters: Any) -> None:
        """Runs a statement whose rows nobody wants; the parameter `rows` is Arrow data for COPY and LOAD FROM."""
        with self._result(statement, parameters):
            pass

    def rows(self, statement: str, **parameters: Any) -> list[list[Any]]:
        """The rows of a statement as lists."""
        with self._result(statement, parameters) as result:
            return [list(row) for row in result.get_all()]

    def answer(self, statement: str) -> tuple[list[str], list[list[Any]]]:
        """The columns' names and the rows of a statement."""
        with self._result(statement, {}) as result:
            return list(result.get_column_names()), [list(row) for row in result.get_all()]

    def table(self, statement: str, **parameters: Any) -> pa.Table:
        """The rows of a statement as an Arrow table; `rows` as for `run`."""
        with self._result(statement, parameters) as result:
            return result.get_as_arrow()

    @contextmanager
    def _result(self, statement: str, parameters: dict[str, Any]) -> Iterator[ladybug.QueryResult]:
        """The result of a statement's last part, until the block is left."""
        with translated(self.path):
            if "rows" in parameters and self._rows_at is not None:
                hand_over(parameters.pop("rows"), self._rows_at)
                statement = read_from(statement, self._rows_at)
            result = _single(self._connection.execute(statement, parameters))
            try:
                yield result
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
    work = path.with_name(path.name + WORK)
    _make_folder(path.parent)
    with _only_here(path):
        lock = repeat_transient(lambda: _lock_to_write(path), attempts=attempts, first_wait_s=first_wait_s)
        with lock:
            try:
                _copy(lock, path, work)
                with translated(path):
                    database = _database(work)
                with _session(path, database, work.with_name(work.name + ROWS)) as session:
                    yield session
                if session.keep:
                    _replace(path, work)
            finally:
                _remove(work)


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
        if not path.stat().st_size:
            raise SetupError(f"The graph {path} is empty: no load has ended yet.", "Load one first.")
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise held_by_others(path, holders(path)) from error
        with translated(path):
            database = _database(path, read_only=True)
        with _session(path, database) as session:
            yield session


@contextmanager
def _session(path: Path, database: ladybug.Database, rows_at: Path | None = None) -> Iterator[Session]:
    session = Session(path, database, rows_at)
    try:
        yield session
    finally:
        session.close()
        database.close()


def _database(path: Path, *, read_only: bool = False) -> ladybug.Database:
    pool_bytes, threads = settings().graph_buffer_mb * MEGABYTE, min(os.cpu_count() or 1, MAX_THREADS)
    return ladybug.Database(path, read_only=read_only, buffer_pool_size=pool_bytes, max_num_threads=threads)


def _lock_to_write(path: Path) -> IO[bytes]:
    """The file, locked against every other writer and reader of ours; it is made, empty, where absent."""
    others = holders(path)
    if others:
        raise held_by_others(path, others)
    with translated(path):
        if path.with_name(path.name + LOG).exists():
            _database(path).close()  # a writer that was killed left it: its committed work goes into the file
    try:
        handle = path.open("a+b")
    except OSError as error:
        raise SetupError(
            f"The graph {path} cannot be written: {error.strerror}.", "Use the user that made it, or another file."
        ) from error
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise held_by_others(path, holders(path)) from error
    if not path.exists() or not os.path.samestat(os.fstat(handle.fileno()), path.stat()):
        handle.close()
        raise TransientError(f"Another load put a new graph at {path} just now.", "The same load can be repeated.")
    return handle


def _copy(handle: IO[bytes], path: Path, work: Path) -> None:
    """The file's content for the load to work on, read through the locked handle: closing another would unlock it."""
    _remove(work)
    if not path.stat().st_size:
        return
    try:
        handle.seek(0)
        with work.open("wb") as copy:
            shutil.copyfileobj(handle, copy, MEGABYTE)
        shutil.copymode(path, work)
    except OSError as error:
        raise SetupError(
            f"The graph {path} cannot be copied for the load: {error.strerror}.",
            "A load needs as much free space beside it as the file takes.",
        ) from error


def _replace(path: Path, work: Path) -> None:
    if work.with_name(work.name + LOG).exists():
        raise DefectError(f"Ladybug closed {work} without writing its log into it.", "Please report it.")
    with work.open("rb") as handle:
        os.fsync(handle.fileno())
    work.replace(path)


def _remove(work: Path) -> None:
    for left in work.parent.glob(f"{work.name}*"):
        left.unlink(missing_ok=True)


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


def _single(result: ladybug.QueryResult | list[ladybug.QueryResult]) -> ladybug.QueryResult:
    return result[-1] if isinstance(result, list) else result

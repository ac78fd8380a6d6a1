"""Statements and waits of the batch write: one worker and sixteen, on PostgreSQL and on SQLite."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from psycopg import Connection

from benchmarks.server import start_server
from include.migrations.m0014_music import MIGRATION
from include.pipelines.music_library.database.write import write
from include.pipelines.music_library.prepared import Audio, Passage, PreparedFile, Tags
from include.writers.sqlite.target import SqliteTarget
from include.writers.sqlite.writer import SqliteWriter

WORKERS = 16
FILES = 1600
BATCH = 50

PASSAGES = SqliteTarget("passages", {"passage": "TEXT", "file": "TEXT"}, ("passage",), deletes=False)


@dataclass(frozen=True, slots=True)
class Statements:
    """How many statements a batch of so many files and passages took, before its transaction and within."""

    files: int
    passages: int
    before: int
    within: int


@dataclass(frozen=True, slots=True)
class Workers:
    """Sixteen workers over one library: seconds, files a second, and what PostgreSQL counted of deadlocks."""

    serial_s: float
    parallel_s: float
    deadlocks: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long SQLite's lock was waited for, in ms: the median and the longest, and seconds for all rows."""

    median_ms: float
    longest_ms: float
    wall_s: float


@contextmanager
def library_database(home: Path) -> Iterator[str]:
    """URL of a database of the project's own server with the tables of a music library."""
    server = start_server(home)
    with Connection.connect(server.url, autocommit=True) as connection:
        if connection.execute("SELECT to_regnamespace('music')").fetchone() == (None,):
            _apply(connection, MIGRATION.forward)
    yield server.url


def _apply(connection: Connection[tuple[object, ...]], steps: tuple[object, ...]) -> None:
    for step in steps:
        connection.execute(str(step).encode())


def _files(count: int, passages: int = 1, first: int = 0) -> list[tuple[str, PreparedFile]]:
    return [_file(number, passages) for number in range(first, first + count)]


def _file(number: int, passages: int) -> tuple[str, PreparedFile]:
    """A file of few artists and albums, so that all workers meet at the same rows."""
    tags = Tags(
        title=f"Piece {number}",
        artists=(f"Ensemble {number % 20}", f"Choir {number % 7}"),
        album=f"Volume {number % 40}",
        album_artists=(f"Ensemble {number % 20}",),
    )
    parts = tuple(
        Passage(place, "cue", place * 1000, place * 1000 + 1000, None, None, tags) for place in range(1, passages + 1)
    )
    path = f"{number}.flac"
    return path, PreparedFile(path, Audio("flac", 1000, audio_hash=str(number)), tags, parts)


def statements(url: str) -> Iterator[Statements]:
    """Batches of one file, of a hundred, and of a hundred with twelve passages each."""
    with Connection.connect(url, autocommit=True) as connection:
        for place, (files, passages) in enumerate(((1, 1), (100, 1), (100, 12))):
            connection.execute("TRUNCATE music.artists, music.albums, music.songs, music.files CASCADE")
            batch = write(connection, f"bench {place}", _files(files, passages, place * 10_000))
            yield Statements(batch.files, batch.passages, batch.prefetch_statements, batch.statements)


def workers(url: str) -> Workers:
    """The same files into two libraries, by one worker and by sixteen at once."""
    files = _files(FILES)
    serial = _timed(url, "serial", files, 1)
    before = _deadlocks(url)
    parallel = _timed(url, "parallel", files, WORKERS)
    return Workers(serial, parallel, _deadlocks(url) - before)


def _timed(url: str, library: str, files: list[tuple[str, PreparedFile]], count: int) -> float:
    with Connection.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE music.artists, music.albums, music.songs, music.files CASCADE")

    def work(worker: int) -> None:
        with Connection.connect(url, autocommit=True) as connection:
            mine = files[worker::count]
            for start in range(0, len(mine), BATCH):
                write(connection, library, mine[start : start + BATCH])

    return _all_at_once(work, count)


def _all_at_once(work: object, count: int) -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(count)))  # type: ignore[arg-type]
    return time.perf_counter() - start


def _deadlocks(url: str) -> int:
    with Connection.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
        return int(row[0]) if row else 0


def sqlite_waits(path: Path, rows_at_once: int) -> Waits:
    """Sixteen writers of a hundred rows each, so many at once."""
    waits: list[float] = []
    guard = threading.Lock()

    def work(worker: int) -> None:
        for start in range(0, 100, rows_at_once):
            names = [f"{worker}-{number}" for number in range(start, start + rows_at_once)]
            with SqliteWriter(path, [PASSAGES]) as writer:
                writer.write(pa.table({"passage": names, "file": names}))
                writer.finish()
            with guard:
                waits.append(writer.waited_ms)

    wall = _all_at_once(work, WORKERS)
    return Waits(statistics.median(waits), max(waits), wall)

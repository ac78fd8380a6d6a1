"""What the project, pgloader and dlt say of bad rows: one small file for each kind of fault, its bad rows counted.

Nothing here is timed. Each row of the result is one tool; its note says what became of the bad rows of all kinds:
reported (something says which), accepted (loaded as if good), lost (neither loaded nor reported), and in how many files
the first bad row ended the load, so that good rows are not there either.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Row
from benchmarks.inputs import bad_rows
from benchmarks.peers.environment import bench_python, run_peer
from benchmarks.peers.work import SCHEMA, TABLE, PeerWork, create_table

# Lines of each file, and bad ones among them.
ROWS = 1_000
BAD = 3

# Columns that no row may lack, in the peers' table too.
REQUIRED = ("order_id", "created_at", "quantity")


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one file: rows in the table, bad rows that something names, whether the load ended early."""

    loaded: int
    reported: int
    stopped: bool

    @property
    def accepted(self) -> int:
        """Bad rows that are in the table as if they were good."""
        return max(0, self.loaded - (ROWS - BAD))

    @property
    def lost(self) -> int:
        """Bad rows of a load that went through, neither loaded nor named."""
        return 0 if self.stopped else max(0, ROWS - self.loaded - self.reported)


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: what it says of a bad row in words, and how it is run on a file (folder, url, Python of the peers)."""

    name: str
    words: str
    run: Callable[[Path, str, str], Said]


def measure_said(home: Path, url: str) -> list[Row]:
    """One row a tool, with what it said in the note.

    Args:
        home: an empty folder.
        url: a migrated database.
    """
    python = bench_python()
    files = [_file(home, number, kind) for number, kind in enumerate(bad_rows.KINDS)]
    return [
        _row(tool, {kind: tool.run(file, url, python) for kind, file in zip(bad_rows.KINDS, files, strict=True)})
        for tool in tools()
    ]


def tools() -> list[Tool]:
    """Those that are installed."""
    found = [
        Tool("longshore", "file, line, column, code, reason, raw text, in a table", _longshore),
        Tool(
            "dlt, Arrow",
            "the load ends at the first bad row, with its text or value but no line",
            lambda file, url, python: _peer(file, url, python, "dlt_pipeline", "append_adbc"),
        ),
        Tool(
            "dlt, discard_row",
            "nothing: the row is thrown away, or what the server says of the whole statement",
            lambda file, url, python: _peer(file, url, python, "dlt_pipeline", "discard_rows"),
        ),
    ]
    if shutil.which("pgloader"):
        words = "raw text in one file; in another the server's message, with column and the line within the batch"
        found.append(
            Tool("pgloader", words, lambda file, url, python: _peer(file, url, python, "pgloader_csv", "append"))
        )
    return found


def _file(home: Path, number: int, kind: str) -> Path:
    folder = through.delivery(home, store=f"bad-{number}")
    bad_rows.write(folder / "orders.csv", ROWS, BAD, [kind])
    return folder / "orders.csv"


def _longshore(file: Path, url: str, _python: str) -> Said:
    from include.errors import LongshoreError

    try:
        lines = next(result for result in through.load(url, file.parent) if result.dataset == "order_lines")
    except LongshoreError:
        return Said(0, 1, stopped=True)
    return Said(lines.counts.inserted, lines.counts.rejected, stopped=False)


def _peer(file: Path, url: str, python: str, script: str, way: str) -> Said:
    folder = file.parent / way
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _empty_table(url, makes_table=script == "dlt_pipeline")
    try:
        run_peer(python, script, way, PeerWork(url, str(file), ROWS, str(folder)))
    except RuntimeError:
        return Said(_count(url), 1, stopped=True)
    reported = sum(_records(path) for path in folder.rglob("*.dat"))
    loaded = _count(url)
    # pgloader says FATAL where it could not go on, and ends with exit code 0 all the same.
    said = folder / "said.txt"
    stopped = said.exists() and "FATAL" in said.read_text(encoding="utf-8", errors="replace")
    return Said(loaded, 1 if stopped else reported, stopped)


def _records(path: Path) -> int:
    return sum(1 for record in path.read_bytes().splitlines() if record)  # pgloader leaves a blank line after each


def _empty_table(url: str, *, makes_table: bool) -> None:
    from include.postgres.session import connect

    with connect(url) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA}, {SCHEMA}_staging CASCADE".encode())
        connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        if not makes_table:
            connection.execute(create_table().encode())
            for name in REQUIRED:
                connection.execute(f"ALTER TABLE {SCHEMA}.{TABLE} ALTER {name} SET NOT NULL".encode())


def _count(url: str) -> int:
    from psycopg.errors import UndefinedTable

    from include.postgres.session import connect

    with connect(url) as connection:
        try:
            return int(connection.execute(f"SELECT count(*) FROM {SCHEMA}.{TABLE}".encode()).fetchall()[0][0])
        except UndefinedTable:
            return 0


def _row(tool: Tool, said: Mapping[str, Said]) -> Row:
    stopped = [one for one in said.values() if one.stopped]
    part = sum(1 for one in stopped if one.loaded)
    went_through = [one for one in said.values() if not one.stopped]
    facts = (
        f"{len(said)} files of {ROWS:,} rows, {BAD} bad in each: {len(stopped)} loads ended at the first bad row"
        f" ({part} of them left a part of the file loaded); in the other {len(went_through)},"
        f" with {BAD * len(went_through)} bad rows, {sum(one.reported for one in went_through)} were reported,"
        f" {_which(said, 'accepted')}, {_which(said, 'lost')}"
    )
    return Row(bench="rejects", case=f"what is said: {tool.name}", rows=ROWS, note=f"{facts}. Says: {tool.words}")


def _which(said: Mapping[str, Said], what: str) -> str:
    """How many bad rows were accepted or lost, and of which kinds."""
    counts = {kind: getattr(one, what) for kind, one in said.items() if getattr(one, what)}
    return f"{sum(counts.values())} {what}" + (f" ({', '.join(counts)})" if counts else "")

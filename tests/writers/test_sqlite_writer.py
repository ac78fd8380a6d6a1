"""The SQLite writer: the contract, scopes, and many writers and readers at once."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import DefectError, SetupError
from include.writers.base import Writer
from include.writers.sqlite.target import SqliteTarget, columns_of
from include.writers.sqlite.writer import SqliteWriter
from tests.writers.contract import WriterContract, table

ITEMS = SqliteTarget("items", {"key": "TEXT", "amount": "INTEGER"}, ("key",))
WORKERS = 16


def look(path: Path, query: str) -> list[Any]:
    """What another connection sees; nothing where the file or its table is not there yet."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


class TestSqliteWriter(WriterContract):
    refused = (None, None)

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "library.sqlite"

    def writer(self) -> AbstractContextManager[Writer]:
        return SqliteWriter(self.path, [ITEMS])

    def stored(self) -> dict[str, int | None]:
        return dict(look(self.path, "SELECT key, amount FROM items"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


def write(path: Path, target: SqliteTarget, rows: pa.Table) -> Any:
    with SqliteWriter(path, [target]) as writer:
        writer.write(rows)
        return writer.finish()[0]


def scoped(*files: str, deletes: bool = True) -> SqliteTarget:
    return SqliteTarget(
        "passages", {"passage": "TEXT", "file": "TEXT"}, ("passage",), scope={"file": files}, deletes=deletes
    )


def test_a_scope_of_two_values_touches_no_row_beyond_it(path: Path) -> None:
    write(path, scoped("a", "b", "c"), pa.table({"passage": ["1", "2", "3"], "file": ["a", "b", "c"]}))
    counts = write(path, scoped("a", "b"), pa.table({"passage": ["1"], "file": ["a"]}))
    assert (counts.unchanged, counts.deleted) == (1, 1)
    assert look(path, "SELECT passage FROM passages ORDER BY 1") == [("1",), ("3",)]


def test_a_target_that_does_not_delete_only_adds(path: Path) -> None:
    write(path, scoped("a"), pa.table({"passage": ["1"], "file": ["a"]}))
    counts = write(path, scoped("a", deletes=False), pa.table({"passage": ["2"], "file": ["a"]}))
    assert (counts.inserted, counts.deleted) == (1, 0)


def test_several_targets_are_written_in_one_transaction(path: Path) -> None:
    other = SqliteTarget("others", {"key": "TEXT"}, ("key",))
    with pytest.raises(RuntimeError), SqliteWriter(path, [ITEMS, other]) as writer:
        writer.write(table(("a", 1)), ITEMS)
        writer.write(pa.table({"key": ["x"]}), other)
        assert [counts.inserted for counts in writer.finish()] == [1, 1]
        raise RuntimeError("power cut")
    assert look(path, "SELECT count(*) FROM items UNION ALL SELECT count(*) FROM others") == [(0,), (0,)]


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.booleans(),
            st.none() | st.binary(),
        ),
        unique_by=lambda row: row[0],
    )
)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path_factory.mktemp("round") / "trip.sqlite"
    kinds = [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.binary()]
    schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate(kinds)])
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * len(kinds)
    write(path, SqliteTarget('odd "name"', columns_of(schema), ("c0",)), pa.table(columns, schema=schema))
    assert sorted(look(path, 'SELECT * FROM "odd ""name"""')) == sorted(rows)


def test_moments_decimals_and_lists_are_stored_as_texts(path: Path) -> None:
    rows = pa.table(
        {
            "key": ["a"],
            "at": [dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)],
            "price": [Decimal("1.10")],
            "genres": [["Rock", "日本"]],
        }
    )
    write(path, SqliteTarget("things", columns_of(rows.schema), ("key",)), rows)
    assert look(path, "SELECT at, price, genres FROM things") == [
        ("2025-01-02T03:04:05+00:00", "1.10", '["Rock", "日本"]')
    ]


def test_a_number_beyond_64_bits_is_refused_and_the_rest_arrives(path: Path) -> None:
    target = SqliteTarget("items", {"key": "TEXT", "amount": "INTEGER"}, ("key",))
    with SqliteWriter(path, [target]) as writer:
        writer.write(pa.table({"key": ["a", "b", "c"], "amount": pa.array([1, 2**64 - 1, 3], pa.uint64())}))
        (counts,) = writer.finish()
        assert [(row.position, row.error.code) for row in writer.refused] == [(1, "overflow")]
    assert counts.inserted == 2


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be taken for one at first sight\n" * 20)
    with pytest.raises(SetupError, match="NOTADB"), SqliteWriter(path, [ITEMS]):
        pass


def test_one_table_twice_in_a_load_is_a_defect(path: Path) -> None:
    with pytest.raises(DefectError, match="same table"):
        SqliteWriter(path, [ITEMS, ITEMS])


def test_sixteen_writers_and_a_reader_never_find_the_file_locked(path: Path) -> None:
    write(path, scoped("none"), pa.table({"passage": ["0"], "file": ["none"]}))

    def work(worker: int) -> None:
        for turn in range(5):
            name = f"{worker}-{turn}"
            rows = [f"{name}-{number}" for number in range(50)]
            write(path, scoped(name), pa.table({"passage": rows, "file": [name] * 50}))

    def counts() -> Iterator[int]:
        with closing(sqlite3.connect(path, timeout=0)) as reader:
            for _ in range(50):
                yield reader.execute("SELECT count(*) FROM passages").fetchone()[0]

    with ThreadPoolExecutor(WORKERS + 1) as pool:
        seen = pool.submit(lambda: list(counts()))
        list(pool.map(work, range(WORKERS)))
    # Whole batches only, and never fewer than before.
    assert all(count % 50 == 1 for count in seen.result())
    assert seen.result() == sorted(seen.result())
    assert look(path, "SELECT count(*) FROM passages") == [(WORKERS * 5 * 50 + 1,)]


def test_sixteen_writers_can_make_one_new_file_at_once(path: Path) -> None:
    def work(worker: int) -> None:
        write(path, scoped(str(worker)), pa.table({"passage": [str(worker)], "file": [str(worker)]}))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert look(path, "SELECT count(*) FROM passages") == [(WORKERS,)]

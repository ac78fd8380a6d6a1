"""The writers of rows that come split: straight into an empty slice, or compared with what it holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from include.contracts import Table, TableColumn
from include.errors import RowError, TransientError
from include.postgres.session import connect
from include.writers.postgres.compared import PostgresCompareWriter
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.projection import Projection
from include.writers.postgres.straight import NotEmptyError, PostgresDirectWriter
from include.writers.postgres.streams import PostgresSplitWriter, ScatteredError


def key(name: str) -> TableColumn:
    return TableColumn(name, "text", nullable=False, collate_c=True)


HEADS = Table("public", "heads", (key("owner"), key("name"), TableColumn("title", "text")), ("owner", "name"))
PARTS = Table(
    "public",
    "parts",
    (key("owner"), key("name"), TableColumn("place", "integer"), TableColumn("amount", "bigint")),
    ("owner", "name", "place"),
)
HEAD = Projection({"name": "name", "title": "title"}, where={"place": 1}, defaults={"title": "title"})
PART = Projection({"name": "name", "place": "place", "amount": "amount"}, where={"sound": True})

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("title", pa.string()),
        ("place", pa.int32()),
        ("amount", pa.int64()),
        ("sound", pa.bool_()),
    ]
)
Row = tuple[str, str | None, int, int, bool]


def rows(*values: Row) -> pa.RecordBatch:
    columns = list(zip(*values, strict=True))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


class Store:
    """Two tables that one delivery fills, and writers into the slice of one owner."""

    def __init__(self, url: str, connection: Connection[TupleRow]) -> None:
        self.url = url
        self.connection = connection
        self.before: dict[tuple[str, int], int] = {}
        for table in (HEADS, PARTS):
            columns = ", ".join(
                f'{column.name} {column.type} COLLATE "C"' if column.collate_c else f"{column.name} {column.type}"
                for column in table.columns
            )
            connection.execute(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({', '.join(table.key)}))".encode())

    def targets(self) -> list[Target]:
        return [
            Target(
                table,
                {"owner": "us"},
                projection.select,
                unique=True,
                parameters={"title": "untitled"},
                projection=projection,
            )
            for table, projection in ((HEADS, HEAD), (PARTS, PART))
        ]

    def load(self, kind: type[PostgresSplitWriter], *batches: pa.RecordBatch) -> list[tuple[int, int, int, int]]:
        with connect(self.url) as connection, kind(connection, self.targets(), lock="us") as writer:
            for batch in batches:
                writer.write(batch)
            counts = writer.finish()
            assert self.parts() == self.before
        return [(count.inserted, count.updated, count.unchanged, count.deleted) for count in counts]

    def parts(self) -> dict[tuple[str, int], int]:
        found = self.connection.execute("SELECT name, place, amount FROM parts WHERE owner = 'us'").fetchall()
        return {(name, place): amount for name, place, amount in found}

    def heads(self) -> dict[str, str]:
        return dict(self.connection.execute("SELECT name, title FROM heads WHERE owner = 'us'").fetchall())


FIRST = rows(("a", "A", 1, 10, True), ("a", None, 2, 20, True), ("b", None, 1, 30, False))


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with connect(database) as connection:
        yield Store(database, connection)


@pytest.fixture
def filled(store: Store) -> Store:
    store.load(PostgresDirectWriter, FIRST)
    store.before = store.parts()
    return store


def test_an_empty_slice_is_filled_by_what_each_projection_takes(store: Store) -> None:
    store.connection.execute("INSERT INTO parts VALUES ('them', 'a', 1, 99)")
    assert store.load(PostgresDirectWriter, FIRST) == [(2, 0, 0, 0), (2, 0, 0, 0)]
    assert store.heads() == {"a": "A", "b": "untitled"}
    assert store.parts() == {("a", 1): 10, ("a", 2): 20}


def test_a_slice_that_holds_rows_is_none_for_the_straight_way(filled: Store) -> None:
    with pytest.raises(NotEmptyError):
        filled.load(PostgresDirectWriter, FIRST)
    assert filled.parts() == filled.before


def test_a_slice_that_is_being_loaded_is_none_for_the_straight_way(store: Store) -> None:
    with (
        connect(store.url) as other,
        PostgresDirectWriter(other, store.targets(), lock="us"),
        pytest.raises(NotEmptyError),
    ):
        store.load(PostgresDirectWriter, FIRST)


def test_a_key_that_is_there_twice_leaves_nothing(store: Store) -> None:
    with pytest.raises(RowError):
        store.load(PostgresDirectWriter, FIRST, rows(("a", "A", 1, 10, True)))
    assert (store.heads(), store.parts()) == ({}, {})


def test_what_differs_is_written_what_is_gone_is_deleted_and_all_of_it_is_counted(filled: Store) -> None:
    again = rows(("a", "A", 1, 11, True), ("c", "C", 1, 5, True), ("c", None, 2, 6, True))
    assert filled.load(PostgresCompareWriter, again) == [(1, 0, 1, 1), (2, 1, 0, 1)]
    assert filled.heads() == {"a": "A", "c": "C"}
    assert filled.parts() == {("a", 1): 11, ("c", 1): 5, ("c", 2): 6}


def test_the_same_rows_again_change_nothing(filled: Store) -> None:
    versions = "SELECT xmin::text FROM parts ORDER BY name, place"
    before = filled.connection.execute(versions).fetchall()
    assert filled.load(PostgresCompareWriter, FIRST) == [(0, 0, 2, 0), (0, 0, 2, 0)]
    assert filled.connection.execute(versions).fetchall() == before


def test_a_group_in_two_places_is_not_compared(filled: Store) -> None:
    with pytest.raises(ScatteredError):
        filled.load(PostgresCompareWriter, FIRST, rows(("a", "A", 1, 10, True)))
    assert filled.parts() == filled.before


@pytest.mark.parametrize("kind", [PostgresDirectWriter, PostgresCompareWriter])
def test_a_discarded_load_counts_but_leaves_nothing(store: Store, kind: type[PostgresSplitWriter]) -> None:
    with connect(store.url) as connection, kind(connection, store.targets(), lock="us") as writer:
        writer.write(FIRST)
        assert [count.inserted for count in writer.finish()] == [2, 2]
        writer.discard()
    assert (store.heads(), store.parts()) == ({}, {})


@pytest.mark.parametrize("kind", [PostgresDirectWriter, PostgresCompareWriter])
def test_leaving_the_block_before_the_end_ends_the_copy_and_leaves_nothing(
    store: Store, kind: type[PostgresSplitWriter]
) -> None:
    with connect(store.url) as connection:
        with kind(connection, store.targets(), lock="us") as writer:
            writer.write(FIRST)
        with pytest.raises(RuntimeError, match="power cut"), kind(connection, store.targets(), lock="us") as writer:
            writer.write(FIRST)
            raise RuntimeError("power cut")
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert (store.heads(), store.parts()) == ({}, {})


def test_a_group_whose_head_was_refused_must_not_be_stored_from_elsewhere(store: Store) -> None:
    with (
        connect(store.url) as connection,
        pytest.raises(ScatteredError),
        PostgresDirectWriter(connection, store.targets(), lock="us") as writer,
    ):
        writer.write(FIRST)
        writer.complete(absent=["x", "a"])
    assert store.heads() == {}


def test_who_writes_past_the_lock_while_rows_are_compared_makes_the_load_come_again(filled: Store) -> None:
    """A row moves between the look at it and the write: the server holds the update back until the other commits."""
    changed = rows(("a", "A", 1, 11, True), ("a", None, 2, 21, True), ("b", None, 1, 30, False))
    with connect(filled.url) as other, other.transaction():
        other.execute("UPDATE parts SET amount = 12 WHERE place = 1")
        errors: list[BaseException] = []

        def load() -> None:
            try:
                filled.load(PostgresCompareWriter, changed)
            except BaseException as error:  # told to the test
                errors.append(error)

        thread = threading.Thread(target=load)
        thread.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while thread.is_alive() and filled.connection.execute(waiting).fetchone() == (0,):
            thread.join(0.05)
    thread.join(30)
    assert [type(error) for error in errors] == [TransientError]
    assert filled.parts() == {("a", 1): 12, ("a", 2): 20}

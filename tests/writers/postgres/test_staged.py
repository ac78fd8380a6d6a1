from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pyarrow as pa
import pytest
from psycopg import Connection

from include.contracts import Table, TableColumn
from include.errors import DefectError, SetupError, TransientError
from include.postgres.session import LoadSession, connect
from include.writers.base import WriteCounts
from include.writers.postgres import merge as postgres_merging
from include.writers.postgres.merge_sql import Target
from include.writers.postgres.staged import PostgresCopyWriter
from tests.writers.contract import SCHEMA, WriterContract, table

STORED = Table(
    schema="public",
    name="stored",
    columns=(
        TableColumn("owner", "text", nullable=False),
        TableColumn("key", "text", nullable=False, collate_c=True),
        TableColumn("amount", "bigint"),
        TableColumn("line", "bigint", provenance=True),
    ),
    key=("owner", "key"),
)
SELECT = "SELECT key, amount, _sequence AS line, _sequence FROM {staging}"


class TestPostgresCopyWriter(WriterContract):
    @pytest.fixture(autouse=True)
    def _target(self, database: str) -> Iterator[None]:
        self.url = database
        self.connection: Connection[tuple[object, ...]]
        with connect(database) as self.connection, connect(database) as self.other:
            self.other.execute(
                'CREATE TABLE stored (owner text, key text COLLATE "C", amount bigint, line bigint,'
                " PRIMARY KEY (owner, key))"
            )
            yield

    @contextmanager
    def writer(self, owner: str = "us", **options: object) -> Iterator[PostgresCopyWriter]:
        target = Target(STORED, {"owner": owner}, SELECT)
        with PostgresCopyWriter(self.connection, SCHEMA, [target], **options) as writer:  # type: ignore[arg-type]
            yield writer

    def stored(self, owner: str = "us") -> dict[str, int | None]:
        return dict(self.other.execute("SELECT key, amount FROM stored WHERE owner = %s", [owner]).fetchall())

    def test_other_owners_rows_are_left_alone(self) -> None:
        with self.writer("them") as writer:
            writer.write(table(("a", 1)))
            writer.finish()
        self.load(("b", 2))
        self.load()
        assert (self.stored("them"), self.stored("us")) == ({"a": 1}, {})

    @pytest.mark.parametrize("many", [1, 1_000], ids=["by a temporary table", "in one statement"])
    def test_many_rows_are_merged_by_another_statement_than_few(
        self, many: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(postgres_merging, "ANALYZE_ROWS", many)
        self.load(("a", 1), ("b", 2), ("c", None), ("d", 4))
        assert self.load(("a", 1), ("b", 3), ("c", 5), ("e", 6)) == WriteCounts(
            inserted=1, updated=2, unchanged=1, deleted=1
        )
        assert self.stored() == {"a": 1, "b": 3, "c": 5, "e": 6}

    @pytest.mark.parametrize("many", [1, 1_000], ids=["by a temporary table", "in one statement"])
    def test_a_table_of_keys_alone_has_nothing_to_update(self, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres_merging, "ANALYZE_ROWS", many)
        self.other.execute('CREATE TABLE keys (key text COLLATE "C" PRIMARY KEY)')
        keys = Table("public", "keys", (TableColumn("key", "text", nullable=False, collate_c=True),), ("key",))
        target = Target(keys, {}, "SELECT key, _sequence FROM {staging}")
        for rows, wanted in (
            (("a", "b"), WriteCounts(inserted=2)),
            (("b", "c"), WriteCounts(inserted=1, unchanged=1, deleted=1)),
        ):
            with PostgresCopyWriter(self.connection, SCHEMA, [target]) as writer:
                writer.write(table(*((key, 1) for key in rows)))
                assert writer.finish() == (wanted,)

    def test_a_row_that_only_moved_within_the_file_is_unchanged(self) -> None:
        self.load(("a", 1), ("b", 2))
        assert self.load(("b", 2), ("a", 1)).unchanged == 2

    def test_rows_with_line_ends_in_them_do_not_mislead_the_search_for_the_guilty_one(self) -> None:
        rows = [(f"two\nlines {number}", number) for number in range(120)]
        rows[77] = ("\x00", 77)
        with self.writer() as writer:
            writer.write(table(*rows))
            writer.finish()
            assert [row.position for row in writer.refused] == [77]

    def test_a_refused_row_is_told_without_its_contents(self) -> None:
        with self.writer() as writer:
            writer.write(table(("secret\x00", 1)))
            (refused,) = writer.refused
        assert refused.error.code == "22021"
        assert "secret" not in str(refused.error)

    def test_a_discarded_load_counts_but_leaves_nothing(self) -> None:
        with self.writer() as writer:
            writer.write(table(("a", 1)))
            (counts,) = writer.finish()
            writer.discard()
        assert (counts.inserted, self.stored()) == (1, {})

    def test_a_missing_table_fails_at_once_and_says_what_to_do(self) -> None:
        self.other.execute("DROP TABLE stored")
        with pytest.raises(SetupError, match="migrations"), self.writer() as writer:
            writer.finish()

    def test_a_connection_that_the_server_ends_is_transient_and_leaves_nothing(self) -> None:
        with pytest.raises(TransientError), self.writer() as writer:
            writer.write(table(("a", 1)))
            self.other.execute("SELECT pg_terminate_backend(%s)", [self.connection.info.backend_pid])
            writer.finish()
        assert self.stored() == {}

    def test_a_load_of_the_same_upload_waits_for_its_turn_and_then_finds_the_rows(self) -> None:
        results = []

        def second() -> None:
            with connect(self.url) as connection:
                target = Target(STORED, {"owner": "us"}, SELECT)
                with PostgresCopyWriter(connection, SCHEMA, [target], lock="us") as writer:
                    writer.write(table(("a", 1)))
                    results.extend(writer.finish())

        with self.writer(lock="us") as writer:
            writer.write(table(("a", 1)))
            writer.finish()
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.5)
            assert thread.is_alive()
        thread.join(30)
        assert [counts.unchanged for counts in results] == [1]

    def test_waiting_longer_than_the_lock_timeout_is_transient(self) -> None:
        with (
            self.writer(lock="us") as writer,
            connect(self.url) as connection,
        ):
            writer.finish()
            session = LoadSession(lock_timeout_ms=50)
            target = Target(STORED, {"owner": "us"}, SELECT)
            with (
                pytest.raises(TransientError),
                PostgresCopyWriter(connection, SCHEMA, [target], lock="us", session=session) as waiting,
            ):
                waiting.finish()

    def test_a_statement_timeout_is_no_reason_to_try_again(self) -> None:
        session = LoadSession(statement_timeout_ms=1)
        with pytest.raises(SetupError, match="execution_timeout"), self.writer(session=session) as writer:
            self.connection.execute("SELECT 1")
            writer.write(table(*((f"k{number}", number) for number in range(50_000))))
            writer.finish()

    def test_a_reader_with_an_open_transaction_does_not_hold_up_a_load(self) -> None:
        self.load(("a", 1))
        with psycopg.connect(self.url) as reader:
            reader.execute("SELECT * FROM stored")
            self.load(("b", 2))
            assert reader.execute("SELECT count(*) FROM stored").fetchone() == (1,)

    def test_an_arrow_type_that_has_no_place_in_postgres_is_said(self) -> None:
        schema = pa.schema([("key", pa.list_(pa.int64()))])
        with pytest.raises(DefectError, match="key"), PostgresCopyWriter(self.connection, schema, []):
            pass

    def test_a_moment_is_the_same_moment_whatever_the_servers_zone(self) -> None:
        schema = pa.schema([("key", pa.string()), ("moment", pa.timestamp("us", "UTC")), ("_sequence", pa.int64())])
        columns = (TableColumn("owner", "text"), TableColumn("key", "text"), TableColumn("moment", "timestamptz"))
        moments = Table("public", "moments", columns, ("owner", "key"))
        self.other.execute("CREATE TABLE moments (owner text, key text, moment timestamptz, PRIMARY KEY (owner, key))")
        self.connection.execute("SET TimeZone = 'America/New_York'")
        summer = dt.datetime(2025, 7, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
        target = Target(moments, {"owner": "us"}, "SELECT key, moment, _sequence FROM {staging}")
        with PostgresCopyWriter(self.connection, schema, [target]) as writer:
            writer.write(pa.table([["a"], [summer], [1]], schema=schema))
            writer.finish()
        assert self.other.execute("SELECT moment FROM moments").fetchone() == (summer,)

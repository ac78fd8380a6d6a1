"""CockroachDB's writer, held to the contract of all writers on PostgreSQL: what it needs of the server both have."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from include.contracts import Table, TableColumn
from include.errors import DefectError, HeldError, SetupError
from include.postgres.session import connect
from include.writers.base import WriteCounts
from include.writers.cockroach import merge_sql as cockroach
from include.writers.cockroach.leftovers import LEFT_BEHIND, sweep
from include.writers.cockroach.writer import CHUNK_ROWS, CockroachCopyWriter
from include.writers.postgres.merge_sql import Target
from tests.breaking_proxy import BreakingProxy
from tests.competitor import competing
from tests.writers.contract import SCHEMA, WriterContract, table
from tests.writers.postgres.test_staged import SELECT, STORED

ROWS = 2 * CHUNK_ROWS + 1


def schemas(connection: Connection[TupleRow]) -> list[str]:
    rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'longshore_load%'").fetchall()
    return [str(name) for (name,) in rows]


def repetitions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "Retrying" in record.message]


class Stored:
    """The target of a test, and writers into it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.other = connect(url)
        self.other.execute(
            'CREATE TABLE stored (owner text, key text COLLATE "C", amount bigint, line bigint,'
            " PRIMARY KEY (owner, key))"
        )

    @contextmanager
    def writer(self, url: str | None = None, **options: object) -> Iterator[CockroachCopyWriter]:
        target = Target(STORED, {"owner": "us"}, SELECT)
        with (
            connect(url or self.url) as connection,
            CockroachCopyWriter(
                connection,
                SCHEMA,
                [target],
                reconnect=lambda: connect(url or self.url),
                **options,  # type: ignore[arg-type]
            ) as writer,
        ):
            yield writer

    def rows(self, owner: str = "us") -> dict[str, int | None]:
        return dict(self.other.execute("SELECT key, amount FROM stored WHERE owner = %s", [owner]).fetchall())

    def load(self, *rows: tuple[str, int | None]) -> WriteCounts:
        with self.writer() as writer:
            writer.write(table(*rows))
            [counts] = writer.settle(writer.finish)
        return counts


@pytest.fixture
def stored(database: str) -> Iterator[Stored]:
    """On a server that runs everything SERIALIZABLE, as CockroachDB does."""
    found = Stored(make_conninfo(database, options="-c default_transaction_isolation=serializable"))
    with found.other:
        yield found


@pytest.fixture
def proxy(stored: Stored) -> Iterator[BreakingProxy]:
    with BreakingProxy(stored.url) as opened:
        yield opened


class TestCockroachCopyWriter(WriterContract):
    @pytest.fixture(autouse=True)
    def _target(self, stored: Stored) -> None:
        self.store = stored

    @contextmanager
    def writer(self) -> Iterator[CockroachCopyWriter]:
        with self.store.writer() as writer:
            yield writer

    def stored(self) -> dict[str, int | None]:
        return self.store.rows()


def test_a_chunk_that_a_competitor_makes_fail_comes_again_and_is_there_once(
    stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    stored.other.execute("CREATE TABLE contested AS SELECT 0 AS chunks")
    stored.other.execute(
        "CREATE FUNCTION count_chunk() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN UPDATE contested SET chunks = chunks + 1; RETURN NULL; END'"
    )
    rows = [(f"k{number}", number) for number in range(ROWS)]
    with stored.writer() as writer, caplog.at_level(logging.INFO):
        [schema] = schemas(stored.other)
        staging = f"{schema}.longshore_staging"
        stored.other.execute(
            f"CREATE TRIGGER counted BEFORE INSERT ON {staging} EXECUTE FUNCTION count_chunk()".encode()
        )
        with competing(stored.url, "UPDATE contested SET chunks = chunks + 100"):
            writer.write(table(*rows))
        [counts] = writer.settle(writer.finish)
    [repetition] = repetitions(caplog)
    assert "40001" in repetition
    assert stored.other.execute("SELECT chunks FROM contested").fetchone() == (103,), "each chunk was committed once"
    assert counts == WriteCounts(inserted=ROWS)
    assert stored.rows() == dict(rows)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE stored SET amount = -1 WHERE key = 'a'", WriteCounts(updated=2, unchanged=0, inserted=1, deleted=1)),
        ("DELETE FROM stored WHERE key = 'a'", WriteCounts(updated=1, unchanged=0, inserted=2, deleted=1)),
        ("UPDATE stored SET amount = 10 WHERE key = 'a'", WriteCounts(updated=1, unchanged=1, inserted=1, deleted=1)),
    ],
)
def test_a_merge_that_a_competitor_makes_fail_is_done_again_as_a_whole_and_counts_what_it_then_finds(
    stored: Stored, caplog: pytest.LogCaptureFixture, statement: str, expected: WriteCounts
) -> None:
    stored.load(("a", 1), ("b", 2), ("c", 3))
    stored.other.execute("CREATE TABLE ledger_of_the_test (note text)")
    with stored.writer() as writer, caplog.at_level(logging.INFO):
        writer.write(table(("a", 10), ("b", 20), ("d", 40)))

        def action() -> WriteCounts:
            writer.connection.execute("INSERT INTO ledger_of_the_test VALUES ('loaded')")
            [counts] = writer.finish()
            return counts

        with competing(stored.url, statement):
            counts = writer.settle(action)
    [repetition] = repetitions(caplog)
    assert "40001" in repetition
    assert counts == expected
    assert stored.rows() == {"a": 10, "b": 20, "d": 40}
    assert stored.other.execute("SELECT count(*) FROM ledger_of_the_test").fetchone() == (1,)


def test_a_key_that_a_competitor_put_into_an_empty_slice_repeats_the_merge(
    stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    with stored.writer() as writer, caplog.at_level(logging.INFO):
        writer.write(table(("a", 1), ("b", 2)))
        with competing(stored.url, "INSERT INTO stored VALUES ('us', 'a', 7, 1)"):
            [counts] = writer.settle(writer.finish)
    assert len(repetitions(caplog)) == 1
    assert counts == WriteCounts(inserted=1, updated=1)
    assert stored.rows() == {"a": 1, "b": 2}


def test_loads_at_once_end_in_one_state_and_each_row_is_inserted_by_one_of_them(stored: Stored) -> None:
    rows = [(f"k{number}", number) for number in range(300)]
    results: list[WriteCounts] = []
    threads = [threading.Thread(target=lambda: results.append(stored.load(*rows))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(counts.inserted for counts in results) == [0, 0, 300]
    assert sorted(counts.unchanged for counts in results) == [0, 300, 300]
    assert stored.rows() == dict(rows)


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_chunk_whose_commit_was_not_heard_of_is_looked_for_and_not_sent_again(
    stored: Stored, proxy: BreakingProxy, chunk: int
) -> None:
    rows = [(f"k{number}", number) for number in range(ROWS)]
    with stored.writer(proxy.url) as writer:
        first = writer.connection
        proxy.cut_at_commit(chunk)
        writer.write(table(*rows))
        assert proxy.cuts == 1
        assert writer.connection is not first
        [counts] = writer.settle(writer.finish)
    assert counts == WriteCounts(inserted=ROWS), "no row was staged twice, which would be a duplicate"
    assert stored.rows() == dict(rows)


def test_a_merge_whose_commit_was_not_heard_of_is_not_done_again(stored: Stored, proxy: BreakingProxy) -> None:
    stored.load(("a", 1), ("b", 2))
    done = []
    with stored.writer(proxy.url) as writer:
        writer.write(table(("a", 10), ("c", 3)))
        proxy.cut_at_commit()

        def action() -> WriteCounts:
            done.append(1)
            [counts] = writer.finish()
            return counts

        counts = writer.settle(action)
    assert (proxy.cuts, len(done)) == (1, 1)
    assert counts == WriteCounts(inserted=1, updated=1, deleted=1)
    assert stored.rows() == {"a": 10, "c": 3}
    assert schemas(stored.other) == []


@pytest.mark.parametrize("part", ["chunk", "merge"])
def test_a_commit_that_was_maybe_done_and_was_not_is_done_again(
    stored: Stored, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    # Drawn numbers are not given back by a rollback: of all commits only the first one fails.
    stored.other.execute("CREATE SEQUENCE commits")
    stored.other.execute(
        "CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('commits') = 1 THEN RAISE 'result is ambiguous' USING ERRCODE = '40003'; END IF;"
        " RETURN NULL; END $$"
    )
    with stored.writer() as writer, caplog.at_level(logging.INFO):
        [schema] = schemas(stored.other)
        failing = f"{schema}.longshore_staging" if part == "chunk" else "stored"
        stored.other.execute(
            f"CREATE CONSTRAINT TRIGGER failing AFTER INSERT ON {failing} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION fail_once()".encode()
        )
        writer.write(table(("a", 1), ("b", 2)))
        [counts] = writer.settle(writer.finish)
    [repetition] = repetitions(caplog)
    assert "40003" in repetition
    assert counts == WriteCounts(inserted=2)
    assert stored.rows() == {"a": 1, "b": 2}


@pytest.mark.parametrize("moment", ["staging", "merging"])
def test_a_connection_that_the_server_ends_is_opened_again_and_the_load_goes_on(stored: Stored, moment: str) -> None:
    ended = []

    def end_once(at: str) -> None:
        if at == moment and not ended:
            ended.append(at)
            stored.other.execute("SELECT pg_terminate_backend(%s, 5000)", [writer.connection.info.backend_pid])

    with stored.writer() as writer:
        writer.write(table(("a", 1)))
        end_once("staging")
        writer.write(table(("b", 2), first=2))

        def action() -> WriteCounts:
            end_once("merging")
            [counts] = writer.finish()
            return counts

        assert writer.settle(action) == WriteCounts(inserted=2)
    assert ended
    assert stored.rows() == {"a": 1, "b": 2}


def test_an_error_of_the_last_step_leaves_what_was_there_before(stored: Stored) -> None:
    stored.load(("a", 1))

    def action() -> None:
        writer.finish()
        raise HeldError("a person decides")

    with pytest.raises(HeldError), stored.writer() as writer:
        writer.write(table(("a", 2), ("b", 2)))
        writer.settle(action)
    assert (stored.rows(), schemas(stored.other)) == ({"a": 1}, [])


def test_a_last_step_that_was_discarded_counts_but_leaves_nothing(stored: Stored) -> None:
    def action() -> WriteCounts:
        [counts] = writer.finish()
        writer.discard()
        return counts

    with stored.writer() as writer:
        writer.write(table(("a", 1)))
        assert writer.settle(action) == WriteCounts(inserted=1)
    assert (stored.rows(), schemas(stored.other)) == ({}, [])


def test_a_load_leaves_nothing_of_its_own_and_the_session_as_it_was(stored: Stored) -> None:
    with connect(stored.url) as connection:
        before = connection.execute("SHOW search_path").fetchone(), connection.execute("SHOW TimeZone").fetchone()
        target = Target(STORED, {"owner": "us"}, SELECT)
        with CockroachCopyWriter(connection, SCHEMA, [target], reconnect=lambda: connect(stored.url)) as writer:
            writer.write(table(("a", 1)))
            writer.settle(writer.finish)
        after = connection.execute("SHOW search_path").fetchone(), connection.execute("SHOW TimeZone").fetchone()
    assert before == after
    assert schemas(stored.other) == []


def test_what_a_killed_load_left_is_swept_by_the_next_one_once_it_is_old(stored: Stored) -> None:
    now = dt.datetime.now(dt.UTC)
    old, young = (cockroach.schema_name(now - age) for age in (LEFT_BEHIND + dt.timedelta(minutes=1), LEFT_BEHIND / 2))
    for name in (old, young, "longshore_load_of_ours"):
        stored.other.execute(f"CREATE SCHEMA {name} CREATE TABLE longshore_staging (number bigint)".encode())
    stored.load(("a", 1))
    assert schemas(stored.other) == [young, "longshore_load_of_ours"]
    assert sweep(stored.other) == []


def test_a_missing_table_fails_at_once_and_says_what_to_do(stored: Stored) -> None:
    stored.other.execute("DROP TABLE stored")
    with pytest.raises(SetupError, match="migrations"), stored.writer() as writer:
        writer.settle(writer.finish)


def test_a_preparation_that_could_not_be_done_twice_is_a_defect(stored: Stored) -> None:
    with (
        pytest.raises(DefectError, match="preparation"),
        stored.writer() as writer,
    ):
        writer.complete()
        writer.run("DELETE FROM {staging}")


def test_a_moment_is_the_same_moment_whatever_the_servers_zone(stored: Stored) -> None:
    schema = pa.schema([("key", pa.string()), ("moment", pa.timestamp("us", "UTC")), ("_sequence", pa.int64())])
    columns = (TableColumn("owner", "text"), TableColumn("key", "text"), TableColumn("moment", "timestamptz"))
    moments = Table("public", "moments", columns, ("owner", "key"))
    stored.other.execute("CREATE TABLE moments (owner text, key text, moment timestamptz, PRIMARY KEY (owner, key))")
    summer = dt.datetime(2025, 7, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    target = Target(moments, {"owner": "us"}, "SELECT key, moment, _sequence FROM {staging}")
    url = make_conninfo(stored.url, options="-c timezone=America/New_York")
    with (
        connect(url) as connection,
        CockroachCopyWriter(connection, schema, [target], reconnect=lambda: connect(url)) as writer,
    ):
        writer.write(pa.table([["a"], [summer], [1]], schema=schema))
        writer.settle(writer.finish)
    assert stored.other.execute("SELECT moment FROM moments").fetchone() == (summer,)

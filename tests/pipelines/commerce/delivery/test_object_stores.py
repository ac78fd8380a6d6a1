"""Deliveries in object stores, with a key: S3 over HTTP, and fsspec's store in memory."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import logging
import zipfile
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from psycopg import Connection

from include.errors import FileError, SetupError, TransientError, UsageError
from include.ledger.runs import RunSource
from include.loading.csv.job import LoadOptions
from include.pipelines.commerce.delivery.extract import Window, brings_news, discover, open_upload
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.pipelines.commerce.delivery.load_delivery import Request, load_delivery, locate
from include.pipelines.commerce.delivery.upload_id import Delivery
from include.pipelines.commerce.operate.review import accept, review
from include.postgres.session import connect
from include.results import LoadResult, Status
from include.settings import StoresFile
from include.sources.bytes import digest
from include.sources.files import list_file
from tests.object_store import SECRET, ObjectStore

DAY = dt.date(2025, 3, 3)
STORES = StoresFile()
CATALOG = "Handle,Title,Variant Price,Price / Föhr\nlamp,Lamp,10.50,9.99\ncord,Cord,3,\n"
ORDERS = "order_id,created_at,quantity,unit_price\n1,2025-03-03,1,5\n1,,2,3\n"


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return buffer.getvalue()


def deliver(s3: ObjectStore) -> str:
    """A day's delivery in three kinds of files; the folder's URL."""
    s3.put("acme/2025-03-03/catalog.csv", CATALOG)
    s3.put("acme/2025-03-03/orders.csv.gz", gzip.compress(ORDERS.encode()))
    s3.put("acme/2025-03-03/inventory.zip", zipped(one="handle,available\nlamp,1\n", two="handle,available\ncord,2\n"))
    return f"{s3.url}/acme/2025-03-03"


def found(s3: ObjectStore, connection: Connection[Any] | None = None, days: int = 0, **options: Any) -> list[Delivery]:
    first = DAY + dt.timedelta(days)
    news = (lambda delivery: brings_news(connection, delivery, STORES, s3.options)) if connection else None
    return discover(s3.url, Window(first, first), STORES, lookback=news, options=s3.options, **options)


def load(s3: ObjectStore, connection: Connection[Any], database: str, dataset: str) -> tuple[LoadResult, ...]:
    [delivery] = found(s3, settle=False)
    upload = open_upload(connection, delivery, RunSource.command_line("commerce"), s3.options)
    options = LoadOptions()
    return load_dataset(lambda: connect(database), upload, dataset, STORES, options, storage=s3.options)


def test_a_delivery_in_s3_is_found_opened_and_loaded_and_loaded_once(
    s3: ObjectStore, connection: Connection[Any], migrated_database: str
) -> None:
    folder = deliver(s3)
    assert [(delivery.store, delivery.url) for delivery in found(s3, settle=False)] == [("acme", folder)]
    for dataset, rows in (("catalog", 2), ("inventory", 2), ("orders", 1)):
        first, second = (load(s3, connection, migrated_database, dataset)[0] for _ in range(2))
        assert (first.status, first.counts.inserted, second.status) == (Status.LOADED, rows, Status.UNCHANGED)
    assert connection.execute("SELECT price_by_market FROM commerce.catalog WHERE handle = 'lamp'").fetchone() == (
        {"Föhr": 9.99},
    )


def test_a_folder_in_s3_that_was_changed_just_now_is_waited_for_unless_it_is_declared_done(s3: ObjectStore) -> None:
    deliver(s3)
    assert found(s3) == []
    s3.mark_folder("acme/2025-03-03")
    s3.put("acme/2025-03-03/_SUCCESS", b"")
    assert len(found(s3)) == 1


def test_later_runs_take_what_changed_in_s3_and_nothing_else(
    s3: ObjectStore, connection: Connection[Any], migrated_database: str
) -> None:
    s3.put("acme/2025-03-03/catalog.csv", CATALOG)
    load(s3, connection, migrated_database, "catalog")
    assert found(s3, connection, days=2, settle=False) == []
    s3.put("acme/2025-03-03/catalog.csv", CATALOG.replace("10.50", "1100.50"))
    assert len(found(s3, connection, days=2, settle=False)) == 1
    load(s3, connection, migrated_database, "catalog")
    assert found(s3, connection, days=2, settle=False) == []


def test_the_key_stands_in_no_log_no_ledger_and_no_value_that_is_printed(
    s3: ObjectStore, connection: Connection[Any], migrated_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder = deliver(s3)
    s3.put("acme/2025-03-03/catalog.csv", 'Handle,Title\nlamp,"Lamp\n')
    request = Request(folder, storage=s3.options)
    outcome = load_delivery(lambda: connect(migrated_database), locate(request, STORES), request, STORES)
    assert outcome.results[0].status is Status.FAILED
    tables = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('ledger', 'commerce')"
    ).fetchall()
    stored = [connection.execute(f'SELECT * FROM {schema}."{table}"'.encode()).fetchall() for schema, table in tables]
    for text in (caplog.text, str(stored), repr(request), repr(outcome)):
        assert SECRET not in text
    assert "acme" in str(stored)


def test_what_is_held_in_s3_is_reviewed_and_let_through(
    s3: ObjectStore, connection: Connection[Any], migrated_database: str
) -> None:
    folder = deliver(s3)
    work = lambda: connect(migrated_database)  # noqa: E731 # what opens a connection
    for text in (CATALOG, ""):
        s3.put("acme/2025-03-03/catalog.csv", text)
        request = Request(folder, dataset="catalog", storage=s3.options)
        load_delivery(work, locate(request, STORES), request, STORES)
    (seen,) = review(work, "acme/2025-03-03", STORES, s3.options).tables
    assert (seen.rows_now, seen.rows_then, seen.same_bytes) == (2, 0, True)
    outcome = accept(work, "acme/2025-03-03", STORES, accepted_by="ada", storage=s3.options)
    assert outcome.results[0].counts.deleted == 2


def test_one_object_is_loaded_by_what_its_header_says(s3: ObjectStore, migrated_database: str) -> None:
    url = s3.put("export.csv", CATALOG)
    request = Request(url, store="acme", day=DAY, storage=s3.options)
    located = locate(request, STORES)
    assert located.datasets == ("catalog",)
    outcome = load_delivery(lambda: connect(migrated_database), located, request, STORES)
    assert outcome.results[0].counts.inserted == 2


@pytest.mark.parametrize(
    ("url", "changes", "error"),
    [
        ("s3://no-such-bucket/landing", {}, UsageError),
        ("s3://deliveries/x", {"no_such_option": 1}, SetupError),
        ("nonsense://deliveries/x", {}, SetupError),
    ],
)
def test_a_store_that_cannot_be_opened_is_said_without_its_key(
    s3: ObjectStore, url: str, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as said:
        discover(url, Window(DAY, DAY), STORES, options={**s3.options, **changes})
    assert SECRET not in str(said.value)


def test_a_store_that_does_not_answer_may_answer_later(s3: ObjectStore) -> None:
    silent = {"endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"retries": {"max_attempts": 0}}}
    with pytest.raises(TransientError, match="storage failed"):
        list_file(f"{s3.url}/catalog.csv", {**s3.options, **silent})


class LockedFileSystem(MemoryFileSystem):
    """A store that refuses the key it is opened with."""

    protocol = "locked"

    def info(self, path: str, **_options: Any) -> Any:
        raise PermissionError(path)


def test_a_store_that_refuses_the_key_is_not_taken_for_an_empty_one(connection: Connection[Any]) -> None:
    fsspec.register_implementation("locked", LockedFileSystem, clobber=True)
    with pytest.raises(SetupError, match="may not be read"):
        discover("locked://landing", Window(DAY, DAY), STORES)
    with pytest.raises(SetupError, match="may not be read"):
        open_upload(connection, Delivery("acme", DAY, "locked://landing/x"), RunSource.command_line("commerce"))


@pytest.fixture
def memory() -> Iterator[str]:
    """A landing zone in this process."""
    files = fsspec.filesystem("memory")
    files.pipe("/landing/acme/2025-03-03/catalog.csv", CATALOG.encode())
    yield "memory://landing"
    files.rm("/landing", recursive=True)


def test_any_store_of_fsspec_will_do(memory: str, connection: Connection[Any], migrated_database: str) -> None:
    [delivery] = discover(memory, Window(DAY, DAY), STORES, settle=False)
    upload = open_upload(connection, delivery, RunSource.command_line("commerce"))
    (result,) = load_dataset(lambda: connect(migrated_database), upload, "catalog", STORES, LoadOptions())
    assert result.counts.inserted == 2


def test_an_object_that_went_between_two_looks_is_an_error_of_that_file(s3: ObjectStore) -> None:
    with pytest.raises(UsageError, match="no file"):
        list_file(f"{s3.url}/gone.csv", s3.options)
    with pytest.raises(FileError, match="does not exist"):
        digest(f"{s3.url}/gone.csv", s3.options)

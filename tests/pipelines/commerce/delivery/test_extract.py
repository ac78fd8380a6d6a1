from __future__ import annotations

import datetime as dt
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection

from include.errors import UsageError
from include.ledger.runs import RunSource
from include.loading.upload import Upload
from include.migrations import migrate
from include.pipelines.commerce.delivery.extract import Window, discover, list_files, open_upload
from include.pipelines.commerce.delivery.upload_id import Delivery, upload_id
from include.postgres.session import connect
from include.settings import StoresFile

DAY = dt.date(2025, 3, 3)
STORES = StoresFile()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    for name in ("b/2025-03-03/orders.csv", "a/2025-03-03/catalog.csv", "a/2025-03-04/catalog.csv"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text("x\n")
        os.utime(file, (1000, 1000))
    return tmp_path


@pytest.fixture
def connection(database: str) -> Iterator[Connection[tuple[object, ...]]]:
    with connect(database) as opened:
        migrate(opened)
        yield opened


def found(landing: Path, first: dt.date = DAY, last: dt.date = DAY, **options: object) -> list[tuple[str, str]]:
    deliveries = discover(str(landing), Window(first, last), STORES, **options)  # type: ignore[arg-type]
    return [(delivery.store, delivery.day.isoformat()) for delivery in deliveries]


def test_the_days_deliveries_are_found_sorted_by_store(landing: Path) -> None:
    assert found(landing) == [("a", "2025-03-03"), ("b", "2025-03-03")]


def test_a_window_of_days_and_one_store_can_be_asked_for(landing: Path) -> None:
    assert found(landing, last=DAY + dt.timedelta(1), store="a") == [("a", "2025-03-03"), ("a", "2025-03-04")]


def test_a_day_without_any_delivery_finds_nothing(landing: Path) -> None:
    assert found(landing, DAY - dt.timedelta(1), DAY - dt.timedelta(1)) == []


def test_a_store_that_has_no_folder_is_an_error_that_names_it(landing: Path) -> None:
    with pytest.raises(UsageError, match="nobody"):
        found(landing, store="nobody")


def test_a_landing_zone_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="landing"):
        found(tmp_path / "no" / "landing")


def test_a_folder_that_still_grows_is_waited_for(landing: Path) -> None:
    now = dt.datetime.fromtimestamp(1030, dt.UTC)
    assert found(landing, now=now) == []
    assert found(landing, now=now, settle=False) == [("a", "2025-03-03"), ("b", "2025-03-03")]
    (landing / "a/2025-03-03/_SUCCESS").touch()
    assert found(landing, now=now) == [("a", "2025-03-03")]


def test_earlier_days_are_taken_only_where_they_bring_news(landing: Path) -> None:
    later = DAY + dt.timedelta(3)
    assert found(landing, later, later, lookback=lambda delivery: delivery.store == "b") == [("b", "2025-03-03")]


def test_days_before_the_lookback_are_not_even_asked_about(landing: Path) -> None:
    later = DAY + dt.timedelta(30)
    assert found(landing, later, later, lookback=lambda _: pytest.fail("asked")) == []


def test_a_folder_that_is_no_day_is_left_alone(landing: Path) -> None:
    (landing / "a/2025-13-99").mkdir()
    (landing / "a/archive").mkdir()
    assert ("a", "2025-03-03") in found(landing)


def test_parts_are_listed_in_name_order_and_foreign_files_are_named(connection: Connection, tmp_path: Path) -> None:
    for name in ("orders-2.csv", "orders-1.csv", "Orders-3.CSV", "readme.txt", "products.csv", "_SUCCESS"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "catalog.csv.gz").write_bytes(gzip.compress(b"x\n"))
    upload = open_upload(connection, Delivery("a", DAY, str(tmp_path)), RunSource.command_line("commerce"))
    assert [part.name for part in upload.parts["orders"]] == ["Orders-3.CSV", "orders-1.csv", "orders-2.csv"]
    assert [part.name for part in upload.parts["catalog"]] == ["catalog.csv.gz"]
    assert upload.ignored == ("products.csv", "readme.txt")


def test_an_upload_has_the_same_id_in_every_run_and_survives_json(connection: Connection, landing: Path) -> None:
    delivery = Delivery("a", DAY, str(landing / "a/2025-03-03"))
    first = open_upload(connection, delivery, RunSource.command_line("commerce"))
    second = open_upload(connection, delivery, RunSource.command_line("commerce"))
    assert first.upload_id == second.upload_id == upload_id("a", DAY)
    assert first.run_id != second.run_id
    assert Upload.from_json(first.as_json()) == first


def test_tasks_of_one_run_share_its_number(connection: Connection, landing: Path) -> None:
    delivery = Delivery("a", DAY, str(landing / "a/2025-03-03"))
    source = RunSource("commerce", "airflow", "scheduled__2025-03-03")
    assert open_upload(connection, delivery, source).run_id == open_upload(connection, delivery, source).run_id


def test_a_folder_that_does_not_exist_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        list_files(str(tmp_path / "missing"))


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(UsageError, match="Swap"):
        Window(DAY, DAY - dt.timedelta(1))

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.ledger.runs import RunSource
from include.loading.csv.job import LoadOptions
from include.loading.upload import Upload
from include.migrations import migrate
from include.pipelines.commerce.delivery.extract import open_upload
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.pipelines.commerce.delivery.upload_id import Delivery, upload_id
from include.postgres.session import connect
from include.results import LoadResult
from include.settings import StoreSettings, StoresFile

DAY = dt.date(2025, 3, 3)
STORE = "harbour"


class Shop:
    """One store's landing zone and the database it is loaded into."""

    def __init__(self, url: str, landing: Path, connection: Connection[TupleRow]) -> None:
        self.url = url
        self.landing = landing
        self.connection = connection
        self.stores = StoresFile()

    def settings(self, **values: object) -> None:
        self.stores = StoresFile(stores={STORE: StoreSettings.model_validate(values)})

    def deliver(self, name: str, text: str | bytes, day: dt.date = DAY) -> Path:
        """Puts a file into the day's folder, in place of one of the same name."""
        file = self.landing / STORE / day.isoformat() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def open(self, day: dt.date = DAY) -> Upload:
        folder = self.landing / STORE / day.isoformat()
        return open_upload(self.connection, Delivery(STORE, day, str(folder)), RunSource.command_line("commerce"))

    def load(
        self, dataset: str, day: dt.date = DAY, *, profile: str | None = None, **options: object
    ) -> tuple[LoadResult, ...]:
        """Loads one dataset of the day."""
        wanted = LoadOptions(**options)  # type: ignore[arg-type]
        return load_dataset(lambda: connect(self.url), self.open(day), dataset, self.stores, wanted, profile=profile)

    def rows(self, query: str, *values: object) -> list[TupleRow]:
        return self.connection.execute(query.encode(), values).fetchall()

    def value(self, query: str, *values: object) -> object:
        return self.rows(query, *values)[0][0]

    def ledger(self) -> list[dict[str, object]]:
        """All loads in the order they were recorded."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute("SELECT * FROM ledger.loads ORDER BY load_id").fetchall()

    @property
    def upload_id(self) -> str:
        return upload_id(STORE, DAY)


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    with connect(database) as connection:
        migrate(connection)
        yield Shop(database, tmp_path / "landing", connection)

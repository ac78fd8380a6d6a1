from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from include.ledger.runs import RunSource
from include.loading.csv.job import LoadOptions
from include.pipelines.tables.contract import read_contract
from include.pipelines.tables.load import PIPELINE, TableRequest, load_table
from include.postgres.session import connect
from include.results import LoadResult

ARTICLES = """
table: erp.articles
key: [article]
columns:
  article: {type: identifier, aliases: [Artikelnr.]}
  title: {type: text}
  price: {type: decimal, minimum: 0}
"""


class Desk:
    """Files and contracts of a test, and the database they are loaded into."""

    def __init__(self, url: str, folder: Path, connection: Connection[Any]) -> None:
        self.url = url
        self.folder = folder
        self.connection = connection

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(
        self, file: str | bytes, contract: str = ARTICLES, *, source: str | None = None, **options: Any
    ) -> LoadResult:
        """Loads the file's text under the contract's."""
        request = TableRequest(
            str(self.write("articles.csv", file)),
            read_contract(self.write("contract.yaml", contract)),
            source,
            options=LoadOptions(**options),
        )
        return load_table(lambda: connect(self.url), request, RunSource.command_line(PIPELINE))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        # Never prepared: tests drop a table and make another one of its name.
        return self.connection.execute(query.encode(), prepare=False).fetchall()


@pytest.fixture
def desk(migrated_database: str, connection: Connection[Any], tmp_path: Path) -> Iterator[Desk]:
    return Desk(migrated_database, tmp_path, connection)

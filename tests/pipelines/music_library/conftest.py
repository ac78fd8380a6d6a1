"""A database with the tables of a music library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from include.migrations.m0014_music import MIGRATION
from include.migrations.steps import Step


def apply(connection: Connection[Any], steps: tuple[Step, ...]) -> None:
    for step in steps:
        assert isinstance(step, str)
        connection.execute(step.encode())


@pytest.fixture
def library_url(database: str) -> str:
    with Connection.connect(database, autocommit=True) as connection:
        apply(connection, MIGRATION.forward)
    return database


@pytest.fixture
def library(library_url: str) -> Iterator[Connection[Any]]:
    """An autocommit connection to a database with the tables."""
    with Connection.connect(library_url, autocommit=True) as connection:
        yield connection

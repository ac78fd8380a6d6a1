"""The sample library on disk, the readers' truth, and a database with the tables of a music library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from include.migrations.m0014_music import MIGRATION
from include.migrations.steps import Step
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.prepared import PreparedFile
from include.samples.music_library.generate import lay_out
from tests.conftest import ROOT

SHARED = Path(os.environ.get("LONGSHORE_SHARED_DATA", ROOT.parent / "shared" / "data"))

Prepare = Callable[[str], PreparedFile]


@pytest.fixture(scope="session")
def truth() -> Path:
    """The folder of files of which several readers say the same; its absence is an error in CI."""
    folder = SHARED / "truths" / "music"
    if not folder.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no shared data at {SHARED}")
    return folder


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample library."""
    folder = tmp_path_factory.mktemp("library")
    lay_out(folder)
    return folder


@pytest.fixture
def prepare_sample(sample: Path) -> Prepare:
    """Prepares a file of the sample library by its name there."""
    return lambda name: prepare(sample / name)


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

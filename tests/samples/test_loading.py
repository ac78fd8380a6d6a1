"""The samples through the loader: each outcome is the one in the table, and loading again changes nothing."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection, sql

from include.ledger.runs import RunSource
from include.loading.csv.job import LoadOptions
from include.migrations import migrate
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.coverage.rows import table
from include.pipelines.commerce.delivery.extract import Window, discover, open_upload
from include.pipelines.commerce.delivery.load_dataset import load_dataset
from include.pipelines.commerce.delivery.upload_id import DATASETS
from include.postgres.session import connect
from include.results import LoadResult, Status
from include.settings import PROJECT_ROOT, read_stores
from include.stack.postgres import create_database
from tests.samples.expected import EXPECTED, EXPECTED_REJECTS, Expected

FIRST, LAST = dt.date(2025, 3, 3), dt.date(2025, 3, 5)

Outcomes = dict[tuple[str, str, str], LoadResult]


def load_all(connection: Connection[Any], url: str) -> Outcomes:
    """Loads what the samples hold; outcomes by store, day and the name of the load."""
    stores = read_stores(PROJECT_ROOT / "config" / "stores.yaml")
    landing = str(PROJECT_ROOT / "include" / "samples" / "commerce")
    found: Outcomes = {}
    for delivery in discover(landing, Window(FIRST, LAST), stores, settle=False):
        upload = open_upload(connection, delivery, RunSource.command_line("commerce"))
        for dataset in DATASETS:
            for result in load_dataset(lambda: connect(url), upload, dataset, stores, LoadOptions()):
                found[delivery.store, delivery.day.isoformat(), result.dataset] = result
    return found


@pytest.fixture(scope="module")
def samples(postgres_url: str) -> Iterator[tuple[Connection[Any], str]]:
    """A database of this module's, empty but for the schema, and its URL."""
    name = f"samples_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    with connect(postgres_url) as server:
        create_database(server, name)
        with connect(url) as connection:
            migrate(connection)
            yield connection, url
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def loaded(samples: tuple[Connection[Any], str]) -> Outcomes:
    return load_all(*samples)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: "-".join(expected[:3]))
def test_each_dataset_loads_as_expected(loaded: Outcomes, expected: Expected) -> None:
    result = loaded[expected[:3]]
    counts = result.counts
    assert result.status is Status.LOADED
    assert (
        *expected[:3],
        counts.rows_read,
        counts.inserted,
        counts.rejected,
        counts.folded,
        counts.duplicates,
    ) == expected


def test_what_was_not_delivered_is_skipped(loaded: Outcomes) -> None:
    others = [result.status for key, result in loaded.items() if key not in {expected[:3] for expected in EXPECTED}]
    assert set(others) == {Status.SKIPPED}


def test_rejects_name_the_lines_columns_and_defects(samples: tuple[Connection[Any], str], loaded: Outcomes) -> None:
    assert loaded
    rows = samples[0].execute(
        "SELECT line, column_name, code FROM ledger.rejects JOIN ledger.loads USING (load_id)"
        " WHERE dataset = 'order_lines' ORDER BY line"
    )
    assert rows.fetchall() == list(EXPECTED_REJECTS)


def test_loading_again_changes_nothing(samples: tuple[Connection[Any], str], loaded: Outcomes) -> None:
    again = load_all(*samples)
    assert again.keys() == loaded.keys()
    assert {result.status for result in again.values()} == {Status.UNCHANGED, Status.SKIPPED}


def test_coverage_of_the_samples_has_matched_ambiguous_and_unmatched_lines(
    samples: tuple[Connection[Any], str], loaded: Outcomes
) -> None:
    assert loaded
    connection, _ = samples
    assert coverage.compute(connection, coverage.due(connection)) == 36
    rows = [row for row in table(connection, None, FIRST, LAST) if row["matched"] is not None]
    for outcome in ("matched", "ambiguous", "unmatched"):
        assert sum(row[outcome] for row in rows) > 0
    # Nothing was delivered on that day: the inventory of the day before serves.
    (lamps,) = (
        row for row in rows if (row["store"], row["dataset"], row["day"].day) == ("nordic-lamps", "inventory", 4)
    )
    assert lamps["reference_day"] == FIRST

"""The DAGs on a landing zone in S3, opened by an Airflow connection."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.conftest import ROOT
from tests.dags.conftest import DAY, SAMPLES, Run
from tests.object_store import SECRET, ObjectStore


@pytest.fixture
def landing_in_s3(s3: ObjectStore, environment: Callable[..., None]) -> ObjectStore:
    """Two stores' deliveries of one day, and the connection by which Airflow opens them."""
    for store in ("nordic-lamps", "tiny-teas"):
        s3.put_folder(SAMPLES / store / DAY, f"{store}/{DAY}")
    return s3


def connect(s3: ObjectStore, environment: Callable[..., None]) -> None:
    environment(LONGSHORE_LANDING=s3.url, AIRFLOW_CONN_LONGSHORE_LANDING=json.dumps(s3.connection))


def metadata() -> bytes:
    """All that Airflow has stored."""
    return b"".join(path.read_bytes() for path in Path(os.environ["AIRFLOW_HOME"]).glob("airflow.db*"))


def test_deliveries_in_s3_are_loaded_by_an_airflow_connection_and_its_secret_is_stored_nowhere(
    run: Run, landing_in_s3: ObjectStore, environment: Callable[..., None], connection: Connection[Any]
) -> None:
    connect(landing_in_s3, environment)
    outcome = run(from_=DAY, until=DAY)
    assert outcome.state == "success"
    assert [delivery["url"] for delivery in outcome.xcoms["discover", ""]] == [
        f"{landing_in_s3.url}/{store}/{DAY}" for store in ("nordic-lamps", "tiny-teas")
    ]
    loaded = connection.execute("SELECT count(*) FROM ledger.loads WHERE status = 'loaded'").fetchone()
    assert loaded == (9,)
    assert SECRET not in str(outcome)
    assert landing_in_s3.url.encode() in metadata()
    assert SECRET.encode() not in metadata()
    again = run(from_=DAY, until=DAY)
    assert {result["status"] for result in again.xcoms["orders", "tiny-teas"]} == {"unchanged"}


def test_a_connection_that_cannot_be_used_fails_the_run_with_what_to_change(
    run: Run, landing_in_s3: ObjectStore, environment: Callable[..., None], connection: Connection[Any]
) -> None:
    environment(LONGSHORE_LANDING=landing_in_s3.url, AIRFLOW_CONN_LONGSHORE_LANDING="postgres://u:p@h/d")
    outcome = run(from_=DAY, until=DAY)
    assert (outcome.state, outcome.tasks["discover", ""]) == ("failed", "failed")


def test_the_bulk_load_reads_its_file_by_the_same_connection(
    run: Run, s3: ObjectStore, environment: Callable[..., None], connection: Connection[Any]
) -> None:
    connect(s3, environment)
    url = s3.put("artikel.csv", (ROOT / "include" / "samples" / "tables" / "artikel.csv").read_bytes())
    outcome = run("example_bulk_load", source=url)
    assert outcome.state == "success"
    assert outcome.xcoms["load", ""]["inserted"] == 7

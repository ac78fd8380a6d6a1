"""Every command that reads files reads them in an object store too, with LONGSHORE_LANDING_OPTIONS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import CATALOG, ORDERS, Run
from tests.cli.test_load import count
from tests.object_store import SECRET, ObjectStore

NAME = "acme/2026-03-01"


@pytest.fixture
def folder(s3: ObjectStore, environment: Callable[..., None]) -> str:
    """URL of a delivery, with the options that open it set as the command line's user sets them."""
    environment(LONGSHORE_LANDING=s3.url, LONGSHORE_LANDING_OPTIONS=json.dumps(s3.options))
    s3.put(f"{NAME}/catalog.csv", CATALOG)
    s3.put(f"{NAME}/orders.csv", ORDERS)
    return f"{s3.url}/{NAME}"


def test_a_delivery_is_checked_loaded_held_shown_and_let_through(
    run: Run, s3: ObjectStore, folder: str, database: str
) -> None:
    assert run("check", f"{folder}/orders.csv").code == 0
    ended = run("load", "commerce", folder, "--json", "--target", database)
    assert ended.code == 0
    assert SECRET not in ended.out + ended.err
    s3.put(f"{NAME}/catalog.csv", "")
    assert run("load", "commerce", folder, "--target", database).code == 4
    page = run("uploads", "show", NAME, "--json", "--target", database)
    assert page.json()["tables"][0]["rows_then"] == 0
    assert SECRET not in page.out
    assert run("uploads", "accept", NAME, "--target", database).code == 0
    assert count(database, "commerce.catalog") == 0


def test_the_report_tells_what_lies_in_the_landing_zone_from_what_was_not_delivered(
    run: Run, s3: ObjectStore, folder: str, database: str
) -> None:
    run("load", "commerce", f"{folder}/catalog.csv", "--target", database)
    findings = run("report", "--day", "2026-03-01", "--json", "--target", database).json()["findings"]
    late = {tuple(finding["datasets"]): finding["what"] for finding in findings if finding["store"] == "acme"}
    assert "in the landing zone and not loaded" in late["orders",]


def test_drafts_and_tables_are_made_of_objects(run: Run, folder: str, tmp_path: Path, database: str) -> None:
    assert "order_id" in run("profile", "init", f"{folder}/orders.csv").out
    contract = tmp_path / "c.yaml"
    words = ("--table", "erp.catalog", "--key", "variant_id", "--out", contract)
    assert run("contract", "infer", f"{folder}/catalog.csv", *words).code == 0
    assert run("contract", "check", contract, f"{folder}/catalog.csv").code == 0
    ended = run("load", "table", f"{folder}/catalog.csv", "--contract", contract, "--target", database)
    assert ended.code == 0
    assert count(database, "erp.catalog") == 2


def test_options_that_are_no_json_are_said_to_be_so_and_not_shown(
    run: Run, folder: str, environment: Callable[..., None]
) -> None:
    environment(LONGSHORE_LANDING_OPTIONS=SECRET)
    ended = run("check", f"{folder}/orders.csv")
    assert ended.code == 1
    assert "LONGSHORE_LANDING_OPTIONS is no JSON object" in ended.err
    assert SECRET not in ended.err

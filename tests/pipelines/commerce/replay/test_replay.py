"""What a replay is: one transaction into the current load, noted in the ledger, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.errors import FileError, SetupError, UsageError
from include.loading.replay.mended_file import read_mended
from include.pipelines.commerce.coverage import compute as coverage
from tests.pipelines.commerce.conftest import Shop
from tests.pipelines.commerce.delivery.test_load_dataset import CATALOG, orders
from tests.pipelines.commerce.replay.replaying import again, check_arithmetic, mend, state


def test_a_second_replay_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,2,5,b,B", "2,2025-03-03,EUR,paid,x,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02"))
    assert again(shop, "orders", mended).passed == 2
    before = state(shop)
    second = again(shop, "orders", mended)
    assert (second.passed, second.back, len(second.failures)) == (0, 2, 1)
    assert again(shop, "orders").passed == 0
    assert state(shop) == before


def test_the_history_stays_and_says_who_when_and_from_what(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\nshade,,Shade,b,dear\n")
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    outcome = again(shop, "catalog", mended)
    assert shop.rows("SELECT sequence, code, raw, replay_id FROM ledger.rejects ORDER BY 1") == [
        (1, "not_a_number", "lamp,,Lamp,a,cheap", outcome.replay_id),
        (2, "not_a_number", "shade,,Shade,b,dear", None),
    ]
    (row,) = shop.rows("SELECT replayed_by, source, sha256, tried, passed, failed, counts FROM ledger.replays")
    assert row == ("tester", "m.csv", read_mended(mended).sha256, 2, 1, 1, {"catalog": {"rows_read": 1, "inserted": 1}})
    assert shop.rows("SELECT sequence, column_name, code FROM ledger.replay_failures") == [(2, "price", "not_a_number")]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    before = state(shop)
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1")), dry_run=True)
    assert (outcome.passed, outcome.replay_id) == (1, None)
    assert state(shop) == before
    assert shop.value("SELECT count(*) FROM ledger.replays") == 0


def test_only_the_current_load_takes_records_back(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    (first,) = shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,dear\n")
    (second,) = shop.load("catalog")
    with pytest.raises(UsageError, match=rf"no longer the current load.*load {second.load_id} is"):
        again(shop, "catalog", load_id=first.load_id)
    with pytest.raises(UsageError, match=f"exported from load {first.load_id}"):
        again(shop, "catalog", mended)


def test_a_load_that_failed_takes_nothing_back(shop: Shop) -> None:
    shop.settings(max_rejected_rows=0)
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    with pytest.raises(FileError):
        shop.load("catalog")
    with pytest.raises(UsageError, match="is failed"):
        again(shop, "catalog", load_id=shop.ledger()[-1]["load_id"])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="No catalog"):
        again(shop, "catalog")


def test_a_load_from_before_places_were_noted_is_refused(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.migrations SET applied_at = now() + interval '1 day' WHERE name = 'replays'")
    with pytest.raises(SetupError, match="--force"):
        again(shop, "catalog")


def test_what_was_computed_from_the_load_is_due_again(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,1\n")
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,a,A"))
    shop.load("catalog")
    shop.load("orders")
    coverage.compute(shop.connection, coverage.due(shop.connection))
    assert coverage.due(shop.connection) == []
    again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "7")))
    assert coverage.due(shop.connection) == [shop.upload_id]
    coverage.compute(shop.connection, coverage.due(shop.connection))
    assert coverage.due(shop.connection) == []
    assert shop.value("SELECT DISTINCT quantity FROM commerce.coverage") == 8


def test_two_replays_at_once_bring_each_record_back_once(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "".join(f"lamp-{number},,L,s{number},cheap\n" for number in range(40)))
    shop.settings(max_rejected_percent=100)
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: again(shop, "catalog", mended), range(2)))
    assert sorted(outcome.passed for outcome in outcomes) == [0, 40]
    check_arithmetic(shop)

"""What the runs of later nights take of a delivery that was there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import LongshoreError
from include.pipelines.commerce.delivery.extract import brings_news
from include.pipelines.commerce.delivery.upload_id import Delivery
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.delivery.test_load_dataset import CATALOG

UNCLOSED = CATALOG + 'lamp,,"Lamp,a,1\n'
FAULTY = CATALOG + "lamp,,Lamp,a,cheap\n"


def news(shop: Shop) -> bool:
    return brings_news(shop.connection, Delivery(STORE, DAY, str(shop.landing / STORE / DAY.isoformat())), shop.stores)


def fail(shop: Shop, text: str = UNCLOSED, dataset: str = "catalog") -> None:
    shop.deliver(f"{dataset}.csv", text)
    with pytest.raises(LongshoreError):
        shop.load(dataset)


def test_a_file_that_failed_is_no_news_until_it_has_other_bytes(shop: Shop) -> None:
    fail(shop)
    assert not news(shop)
    shop.deliver("catalog.csv", UNCLOSED + "\n")
    assert news(shop)
    shop.deliver("catalog.csv", UNCLOSED)
    assert not news(shop)


def test_orders_fail_once_too(shop: Shop) -> None:
    fail(shop, 'order_id,created_at,quantity,unit_price\n"1,2025-03-03,1,5\n', "orders")
    assert not news(shop)


def test_a_sound_dataset_beside_one_that_failed_is_news(shop: Shop) -> None:
    fail(shop)
    shop.deliver("inventory.csv", "handle,available\nlamp,1\n")
    assert news(shop)
    shop.load("inventory")
    assert not news(shop)


def test_a_file_that_failed_over_its_budget_is_news_once_the_budget_is_another(shop: Shop) -> None:
    shop.settings(max_rejected_rows=0)
    fail(shop, FAULTY)
    assert not news(shop)
    shop.settings(max_rejected_rows=0, delivery_hour=7)
    assert not news(shop), "what does not decide about a load is no reason to try it again"
    shop.settings(max_rejected_rows=1)
    assert news(shop)


@pytest.mark.parametrize("setting", [{"time_zone": "Europe/Oslo"}, {"currency": "NOK"}, {"over_budget": "hold"}])
def test_a_file_that_failed_is_news_once_it_is_read_otherwise(shop: Shop, setting: dict[str, str]) -> None:
    fail(shop)
    shop.settings(**setting)
    assert news(shop)


def test_a_mended_profile_makes_the_file_news_and_a_broken_one_too(shop: Shop, tmp_path: Path) -> None:
    profile = tmp_path / "erp.yaml"
    profile.write_text("delimiter: ';'\n")
    shop.settings(profile=str(profile))
    fail(shop, CATALOG + "lamp,,Lamp,a,1\n")
    assert not news(shop)
    for text in ("delimiter: ','\n", "delimiter: [\n"):
        profile.write_text(text)
        assert news(shop)


def test_what_failed_for_another_reason_than_its_bytes_is_tried_again(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,1\n")
    shop.connection.execute("ALTER TABLE commerce.catalog RENAME TO elsewhere")
    with pytest.raises(LongshoreError):
        shop.load("catalog")
    assert shop.ledger()[-1]["facts"] == {"error": "SetupError"}
    assert news(shop)


def test_a_failure_that_an_earlier_version_recorded_is_tried_again(shop: Shop) -> None:
    fail(shop)
    shop.connection.execute("UPDATE ledger.loads SET facts = '{}'")
    assert news(shop)


def test_a_person_may_try_it_again_at_any_time(shop: Shop) -> None:
    fail(shop)
    with pytest.raises(LongshoreError):
        shop.load("catalog")
    assert [load["status"] for load in shop.ledger()] == ["failed", "failed"]

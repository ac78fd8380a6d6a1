"""How records that come back are read, and which of several rows of one key is the newest."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from tests.pipelines.commerce.conftest import Shop
from tests.pipelines.commerce.delivery.test_load_dataset import CATALOG
from tests.pipelines.commerce.replay.replaying import again, check_arithmetic, counts, mend


def test_recorded_texts_are_read_again_under_a_mended_profile(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("inventory.csv", "handle,location,available\nlamp,Port,none\nshade,Port,3\n")
    shop.load("inventory")
    profile = tmp_path / "erp.yaml"
    profile.write_text("datasets: {inventory: {null_words: [none]}}\n")
    assert again(shop, "inventory").passed == 0
    outcome = again(shop, "inventory", profile=str(profile))
    assert (outcome.passed, outcome.failures) == (1, ())
    assert shop.rows("SELECT variant_id, available, source_line FROM commerce.inventory ORDER BY 1") == [
        ("lamp", None, 2),
        ("shade", 3, 3),
    ]
    kept = shop.rows(
        "SELECT replayed_by, source, sha256, profile, tried, passed, failed FROM ledger.replays ORDER BY 1, 6"
    )
    assert kept == [("tester", "recorded", None, "", 1, 0, 1), ("tester", "recorded", None, "erp", 1, 1, 0)]
    check_arithmetic(shop)


def test_the_forms_that_the_whole_file_decided_hold_for_what_comes_back(shop: Shop, tmp_path: Path) -> None:
    header = "order_id;created_at;quantity;unit_price\n"
    shop.deliver("orders.csv", header + "1;31/01/2025;1;5,50\n2;04/03/2025;many;1.234,50\n")
    shop.load("orders")
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "2"))).passed == 1
    assert shop.value("SELECT unit_price FROM commerce.order_lines WHERE order_id = '2'") == Decimal("1234.5")
    assert shop.value("SELECT created_at::date FROM commerce.orders WHERE order_id = '2'") == dt.date(2025, 3, 4)


def test_an_older_rejected_row_does_not_overwrite_a_newer_one_and_a_newer_one_does(shop: Shop, tmp_path: Path) -> None:
    text = CATALOG + "lamp,,Old,a,cheap\nlamp,,New,a,2\nshade,,Old,b,1\nshade,,New,b,cheap\n"
    shop.deliver("catalog.csv", text)
    shop.load("catalog")
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "9")))
    assert outcome.passed == 2
    assert shop.rows("SELECT variant_id, title, price, source_line FROM commerce.catalog ORDER BY 1") == [
        ("lamp", "New", 2, 3),
        ("shade", "New", 9, 5),
    ]
    assert counts(shop) == [("catalog", 4, 2, 1, 0, 1, 0, 0)]
    check_arithmetic(shop)


def test_which_row_is_newer_is_told_by_the_current_delivery(shop: Shop, tmp_path: Path) -> None:
    filler = "".join(f"filler-{number},,F,f{number},1\n" for number in range(5))
    shop.deliver("catalog.csv", CATALOG + filler + "lamp,,Lamp,a,2\n")
    shop.load("catalog")
    # The same row now stands on line 2, before the rejected one; it is unchanged.
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,2\nlamp,,Newer,a,cheap\n" + filler)
    shop.load("catalog")
    again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "3")))
    assert shop.rows("SELECT title, price FROM commerce.catalog WHERE variant_id = 'lamp'") == [("Newer", 3)]
    check_arithmetic(shop)


def test_a_products_values_come_from_its_first_row_whether_loaded_or_rejected(shop: Shop, tmp_path: Path) -> None:
    text = CATALOG + "lamp,Small,Lamp,a,1\nlamp,Large,,b,cheap\nshade,Small,Shade,c,dear\nshade,Large,,d,cheap\n"
    shop.deliver("catalog.csv", text)
    shop.load("catalog")
    assert again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "2"))).passed == 2
    assert shop.rows("SELECT variant_id, title FROM commerce.catalog ORDER BY 1") == [
        ("lamp/Large", "Lamp"),
        ("lamp/Small", "Lamp"),
        ("shade/Large", "Shade"),
    ]

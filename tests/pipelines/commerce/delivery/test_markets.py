"""What a product export says per market: header families as columns of the catalog."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.reject_export import export_rejects
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.replay.replaying import again, mend

HEADER = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
    "Included / Norway,Price / Norway,Compare At Price / Norway,"
    "Included / Outer Isles,Price / Outer Isles,Compare At Price / Outer Isles,Image Src\n"
)
LAMP = "lamp,Lamp,Size,Small,a,100,true,99.50,120,false,,,\n"
MARKETS = "included_by_market, price_by_market, compare_at_price_by_market"
SEEN = f"SELECT variant_id, {MARKETS} FROM commerce.current_catalog ORDER BY 1"


def exact(shop: Shop, column: str) -> object:
    """The column as text, with numbers as they are stored."""
    return shop.value(f"SELECT {column}::text FROM commerce.catalog")


def test_markets_are_columns_of_the_catalog_with_typed_and_exact_values(shop: Shop) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP.replace("99.50", "12345678901234.5001"))
    (result,) = shop.load("catalog")
    assert result.unknown_columns == ("Image Src",)
    assert exact(shop, "price_by_market") == '{"Norway": 12345678901234.5001}'
    assert shop.value("SELECT (price_by_market ->> 'Norway')::numeric FROM commerce.catalog") == Decimal(
        "12345678901234.5001"
    )
    assert shop.rows(SEEN)[0][1] == {"Norway": True, "Outer Isles": False}


def test_a_market_whose_cell_is_blank_is_absent_and_a_file_without_markets_says_nothing(shop: Shop) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP + "cord,Cord,,,c,5,,,,,,,\n")
    shop.load("catalog")
    assert shop.rows(SEEN) == [
        ("cord", None, None, None),
        ("lamp/Small", {"Norway": True, "Outer Isles": False}, {"Norway": 99.5}, {"Norway": 120}),
    ]
    shop.deliver("catalog.csv", "Handle,Title,Option1 Value,Variant Price\nlamp,Lamp,Small,100\n")
    shop.load("catalog")
    assert shop.rows(SEEN) == [("lamp/Small", None, None, None)]


def test_a_product_is_included_as_a_whole_and_each_variant_has_its_own_prices(shop: Shop) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP + "lamp,,,Large,b,200,,,,,210,,\n")
    shop.load("catalog")
    assert shop.rows(SEEN) == [
        ("lamp/Large", {"Norway": True, "Outer Isles": False}, {"Outer Isles": 210}, None),
        ("lamp/Small", {"Norway": True, "Outer Isles": False}, {"Norway": 99.5}, {"Norway": 120}),
    ]


def test_a_bad_price_is_a_reject_that_names_the_header_it_stands_under(shop: Shop) -> None:
    rows = ("b,,,B,b,1,,1,2,,dear,,\n", "c,,,C,c,1,,-1,2,,1,,\n", "d,,,D,d,1,,1,2,,1,1.00001,\n", "e,,,E,e,1,?,,,,,,\n")
    shop.deliver("catalog.csv", HEADER + LAMP + "".join(rows))
    (result,) = shop.load("catalog")
    assert (result.counts.inserted, result.counts.rejected) == (1, 4)
    assert shop.rows("SELECT line, column_name, code FROM ledger.rejects ORDER BY 1") == [
        (3, "Price / Outer Isles", "not_a_number"),
        (4, "Price / Norway", "out_of_range"),
        (5, "Compare At Price / Outer Isles", "too_many_decimals"),
        (6, "Included / Norway", "not_a_boolean"),
    ]


def test_the_same_prices_in_other_words_are_no_change_and_a_new_price_is_one(shop: Shop) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP)
    shop.load("catalog")
    shop.deliver("catalog.csv", HEADER + LAMP.replace("99.50", "99.5").replace("true", "TRUE"))
    (result,) = shop.load("catalog")
    assert (result.counts.unchanged, result.counts.updated) == (1, 0)
    shop.deliver("catalog.csv", HEADER + LAMP.replace("99.50", "99.51"))
    (result,) = shop.load("catalog")
    assert (result.counts.unchanged, result.counts.updated) == (0, 1)


def test_an_image_only_row_is_folded_and_one_with_a_market_price_is_not(shop: Shop) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP + "lamp,,,,,,,,,,,,https://example.com/a.jpg\ncord,Cord,,,,,,3,,,,,\n")
    (result,) = shop.load("catalog")
    assert (result.counts.inserted, result.counts.folded) == (2, 1)


def test_a_rejected_price_of_a_market_comes_back_with_what_its_product_says(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", HEADER + LAMP + "lamp,,,Large,b,200,,dear,,,,,\n")
    shop.load("catalog")
    assert again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", (",dear,", ",201,"))).passed == 1
    assert shop.rows(SEEN)[0] == ("lamp/Large", {"Norway": True, "Outer Isles": False}, {"Norway": 201}, None)
    assert shop.value("SELECT count(*) FROM ledger.rejects WHERE replay_id IS NULL") == 0


def test_an_export_of_rejects_has_the_markets_under_their_own_headers(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", HEADER + "lamp,Lamp,,,a,1,,dear,,,,,\n")
    shop.load("catalog")
    export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset="catalog"), tmp_path / "m.csv")
    text = (tmp_path / "m.csv").read_text()
    assert "Price / Norway" in text.splitlines()[0]
    assert "not a number" in text


def test_markets_of_parts_with_other_markets_stand_side_by_side(shop: Shop) -> None:
    shop.deliver("catalog-1.csv", "Handle,Price / Föhr\nlamp,1\n")
    shop.deliver("catalog-2.csv", "Handle,PRICE/Sylt\ncord,2\n")
    shop.load("catalog")
    found = shop.rows("SELECT variant_id, price_by_market FROM commerce.catalog ORDER BY 1")
    assert found == [("cord", {"Sylt": 2}), ("lamp", {"Föhr": 1})]

"""Mended exports: what is refused, and records that are mended as text or in their cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import FileError, UsageError
from tests.pipelines.commerce.conftest import Shop
from tests.pipelines.commerce.delivery.test_load_dataset import CATALOG
from tests.pipelines.commerce.replay.replaying import again, check_arithmetic, mend, state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("longshore_sequence", "number"), "no export of rejects"),
        (("handle,", "grip,"), "other columns"),
        ((",1,price", ",77,price"), "rejected no record 77"),
        ((",1,price", ",one,price"), "longshore_sequence is no number"),
        (("apostrophe", "both"), "longshore_guard"),
        (("cheap,", "cheap,,"), "line 2: longshore_guard"),
        (("lamp,,Lamp", "lamp,,Lamp,,,,,,,,,,,,,,"), "line 2.*cells expected"),
    ],
)
def test_a_file_that_is_no_sound_export_is_refused_by_name(
    shop: Shop, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    before = state(shop)
    mended = mend(shop, "catalog", tmp_path / "m.csv", change)
    with pytest.raises((UsageError, FileError), match=message):
        again(shop, "catalog", mended)
    assert state(shop) == before


def test_a_mended_text_that_is_more_than_one_record_is_rejected_alone(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + 'lamp,,"Lamp"x,a,1\nshade,,Shade,b,dear\n')
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ('""Lamp""x,a,1', '""Lamp,a,1'), ("dear", "2"))
    outcome = again(shop, "catalog", mended)
    assert (outcome.passed, [(failure.line, failure.code) for failure in outcome.failures]) == (1, [(2, "quoting")])
    assert shop.rows("SELECT variant_id FROM commerce.catalog") == [("shade",)]


def test_a_record_that_did_not_fit_the_header_is_mended_as_text_or_in_its_cells(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp\nshade,,Shade,with,commas,b,2\n")
    shop.load("catalog")
    mended = mend(
        shop,
        "catalog",
        tmp_path / "m.csv",
        ("shade,,Shade,with,commas,b,2", 'shade,,""Shade,with,commas"",b,2'),
        ("lamp,,Lamp", "lamp,,Lamp,a,1"),
    )
    assert again(shop, "catalog", mended).passed == 2
    assert shop.rows("SELECT variant_id, title, price FROM commerce.catalog ORDER BY 1") == [
        ("lamp", "Lamp", 1),
        ("shade", "Shade,with,commas", 2),
    ]


def test_a_row_that_a_person_left_blank_stays_rejected(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("lamp,,Lamp,a,cheap", ",,,,"))
    assert again(shop, "catalog", mended).passed == 0
    check_arithmetic(shop)


def test_a_record_that_folds_now_is_no_reject_any_more(shop: Shop, tmp_path: Path) -> None:
    shop.deliver(
        "catalog.csv",
        "Handle,Title,Option1 Value,Variant SKU,Variant Price,Image Src\nlamp,Lamp,,a,1,\nlamp,,,,cheap,x\n",
    )
    shop.load("catalog")
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "")))
    assert outcome.passed == 1
    check_arithmetic(shop)

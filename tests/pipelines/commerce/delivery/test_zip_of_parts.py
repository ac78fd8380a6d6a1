from __future__ import annotations

import io
import zipfile

import pytest

from include.errors import FileError, HeldError, TransientError
from include.pipelines.commerce.delivery.extract import brings_news
from include.pipelines.commerce.delivery.upload_id import Delivery
from include.pipelines.commerce.profiles.check import check_file
from include.readers.profile import Profile
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

HEADER = "order_id,created_at,currency,quantity,unit_price,sku\n"
FIRST = HEADER + "1,2025-03-03 08:00,EUR,1,5.00,a\n"
SECOND = HEADER + "1,,,2,6.00,b\n2,2025-03-03 09:00,EUR,many,6.00,b\n"


def packed(**files: str) -> bytes:
    """The same bytes at any time: a zip notes when its members were changed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, text in files.items():
            member = zipfile.ZipInfo(f"{name.replace('_', '-')}.csv", (2025, 3, 3, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(member, text)
    return archive.getvalue()


@pytest.fixture
def zipped(shop: Shop) -> Shop:
    """A shop with a zip of two parts, the second one before the first."""
    shop.settings(max_rejected_percent=100)
    shop.deliver("orders.zip", packed(orders_2=SECOND, orders_1=FIRST))
    return shop


def test_the_files_of_a_zip_are_parts_in_name_order(zipped: Shop) -> None:
    header, lines = zipped.load("orders")
    assert (header.counts.inserted, lines.counts.inserted, lines.counts.rejected) == (2, 2, 1)
    assert [(file.file, file.rows_read) for file in lines.files] == [
        ("orders.zip/orders-1.csv", 1),
        ("orders.zip/orders-2.csv", 2),
    ]
    assert zipped.rows("SELECT line_no, sku, source_part FROM commerce.order_lines ORDER BY 1") == [
        (1, "a", 0),
        (2, "b", 1),
    ]


def test_a_reject_names_the_zip_the_file_in_it_and_the_line(zipped: Shop) -> None:
    zipped.load("orders")
    assert zipped.rows("SELECT file, line, raw FROM ledger.rejects") == [
        ("orders.zip/orders-2.csv", 3, "2,2025-03-03 09:00,EUR,many,6.00,b")
    ]


def test_the_same_zip_again_is_unchanged_and_no_news(zipped: Shop) -> None:
    zipped.load("orders")
    assert zipped.load("orders")[0].status is Status.UNCHANGED
    delivery = Delivery(STORE, DAY, str(zipped.landing / STORE / DAY.isoformat()))
    assert not brings_news(zipped.connection, delivery, zipped.stores)
    zipped.deliver("orders.zip", packed(orders_1=FIRST, orders_2=SECOND.replace("many", "3")))
    assert brings_news(zipped.connection, delivery, zipped.stores)
    assert zipped.load("orders")[1].counts.inserted == 1


def test_a_zip_that_was_only_touched_is_no_news(zipped: Shop) -> None:
    zipped.load("orders")
    zipped.deliver("orders.zip", packed(orders_2=SECOND, orders_1=FIRST))
    assert not brings_news(
        zipped.connection, Delivery(STORE, DAY, str(zipped.landing / STORE / DAY.isoformat())), zipped.stores
    )


def test_a_part_that_a_zip_lost_holds_the_delivery(zipped: Shop) -> None:
    zipped.load("orders")
    zipped.deliver("orders.zip", packed(orders_1=FIRST))
    with pytest.raises(HeldError, match=r"orders\.zip/orders-2\.csv"):
        zipped.load("orders")


def test_a_zip_beside_a_plain_file_is_read_in_the_order_of_the_names(shop: Shop) -> None:
    shop.deliver("orders.zip", packed(b=HEADER + "1,,,1,2,b\n", c=HEADER + "1,,,1,3,c\n"))
    shop.deliver("orders-0.csv", HEADER + "1,2025-03-03,EUR,1,1,a\n")
    shop.load("orders")
    assert shop.rows("SELECT sku FROM commerce.order_lines ORDER BY line_no") == [("a",), ("b",), ("c",)]


def test_a_zip_that_is_refused_fails_its_dataset_and_no_other(shop: Shop) -> None:
    with zipfile.ZipFile(shop.deliver("orders.zip", b""), "w") as archive:
        archive.writestr("orders.csv", FIRST)
        archive.writestr("../orders.csv", FIRST)
    shop.deliver("catalog.csv", "variant_id,price\nv1,1\n")
    with pytest.raises(FileError, match="leaves the archive"):
        shop.load("orders")
    assert shop.load("catalog")[0].status is Status.LOADED


def test_a_zip_that_changes_after_it_was_opened_is_a_bad_moment(zipped: Shop) -> None:
    from include.pipelines.commerce.delivery.plans import PLANS
    from include.readers.dataset import DatasetReader

    upload = zipped.open()
    zipped.deliver("orders.zip", packed(orders_1=FIRST, orders_2=SECOND, orders_3=FIRST))
    reader = DatasetReader(upload.parts["orders"], PLANS["orders"].contract, Profile.none(), time_zone="UTC")
    with pytest.raises(TransientError, match="when it was listed"):
        list(reader.batches())


def test_a_zip_of_parts_can_be_checked_without_a_database(zipped: Shop) -> None:
    file = zipped.landing / STORE / DAY.isoformat() / "orders.zip"
    checked = check_file(str(file), None, Profile.none(), "UTC", max_rows=5, max_rejects=5)
    assert (checked.contract.name, checked.rows, checked.counts.rejected) == ("orders", 2, 1)
    assert [reject.part for reject in checked.rejects] == ["orders.zip/orders-2.csv"]

"""How long the texts of rejects live."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import UsageError
from include.ledger import retention
from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.close import close_upload
from include.pipelines.commerce.delivery.reject_export import export_rejects
from include.postgres.session import connect
from include.settings import StoreSettings, StoresFile
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.delivery.test_load_dataset import CATALOG, orders
from tests.pipelines.commerce.replay.replaying import LINES, again, mend


def test_texts_live_as_long_as_their_store_says_and_the_rest_stays(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\nshade,,Shade,b,dear\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.rejects SET recorded_at = now() - interval '10 days' WHERE sequence = 1")
    kept = StoresFile(stores={STORE: StoreSettings(reject_days=11)}, defaults=StoreSettings(reject_days=1))
    assert (retention.expired(shop.connection, kept), retention.prune(shop.connection, kept)) == (0, 0)
    short = StoresFile(stores={STORE: StoreSettings(reject_days=9)})
    assert (retention.expired(shop.connection, short), retention.prune(shop.connection, short, limit=1)) == (1, 1)
    assert shop.rows("SELECT sequence, line, code, raw IS NULL FROM ledger.rejects ORDER BY 1") == [
        (1, 2, "not_a_number", True),
        (2, 3, "not_a_number", False),
    ]
    assert retention.prune(shop.connection, short) == 0
    path = tmp_path / "m.csv"
    done = export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset="catalog"), path)
    assert (done.rows, done.expired) == (1, 1)
    assert again(shop, "catalog").expired == 1
    shop.connection.execute("UPDATE ledger.rejects SET raw = NULL")
    with pytest.raises(UsageError, match="time to live"):
        export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset="catalog"), tmp_path / "n.csv")


def test_an_export_made_in_time_can_come_back_though_the_texts_are_gone(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("many", "7"))
    shop.connection.execute("UPDATE ledger.rejects SET raw = NULL")
    assert again(shop, "orders", mended).passed == 1
    assert [row[:3] for row in shop.rows(LINES)] == [("1", 1, 1), ("1", 2, 7), ("1", 3, 1)]


def test_closing_an_upload_empties_what_is_too_old(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.rejects SET recorded_at = now() - interval '31 days'")
    close_upload(lambda: connect(shop.url), shop.open())
    assert shop.value("SELECT raw FROM ledger.rejects") is None

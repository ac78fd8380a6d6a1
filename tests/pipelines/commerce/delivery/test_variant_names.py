"""A catalog's rows are completed in hand as the server completes them, and whatever cannot be is left to the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.loading import load
from include.loading.csv import strategies as ways
from include.results import LoadResult
from tests.pipelines.commerce.conftest import Shop

HEADER = "Handle,Title,Vendor,Option1 Value,Option2 Value,Variant SKU,Variant Price,Price / Norway\n"

ROW = st.tuples(
    st.sampled_from(["lamp", "lamp", "cord", "bulb/x", ""]),
    st.sampled_from(["Lamp", "", "Other"]),
    st.sampled_from(["Harbour", "", ""]),
    st.sampled_from(["Small", "a/b", "", "Large"]),
    st.sampled_from(["", "Red"]),
    st.sampled_from(["L-1", ""]),
    st.sampled_from(["9.50", "cheap", "", "-1"]),
    st.sampled_from(["", "120"]),
)

TABLE = "SELECT (to_jsonb(catalog) - 'upload_id')::text FROM commerce.catalog ORDER BY variant_id"
REJECTS = "SELECT sequence, line, column_name, code, reason, raw FROM ledger.rejects WHERE load_id = %s ORDER BY 1"


def staged(_connection: object, _job: object, **_state: bool) -> Iterator[Any]:
    """No other way than through the staging table."""
    yield from (ways.STAGED, ways.ISOLATING)


def seen(shop: Shop, result: LoadResult) -> tuple[object, ...]:
    return shop.rows(TABLE), shop.rows(REJECTS, result.load_id), result.counts.duplicates, result.counts.rejected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=12))
def test_the_same_catalog_makes_the_same_table_and_rejects_by_every_way(
    shop: Shop, rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.settings(max_rejected_percent=100)
    shop.connection.execute("TRUNCATE commerce.catalog, ledger.rejects, ledger.loads CASCADE")
    shop.deliver("catalog.csv", HEADER + "".join(f"{','.join(row)}\n" for row in rows))
    (first,) = shop.load("catalog")
    straight = seen(shop, first)
    (again,) = shop.load("catalog", force=True)
    assert (again.counts.updated, again.counts.deleted, again.counts.unchanged) == (0, 0, first.counts.inserted)
    assert seen(shop, again) == straight
    shop.connection.execute("TRUNCATE commerce.catalog, ledger.rejects, ledger.loads CASCADE")
    with monkeypatch.context() as patched:
        patched.setattr(load, "ways", staged)
        (by_server,) = shop.load("catalog")
    assert seen(shop, by_server) == straight


@pytest.mark.parametrize(
    ("rows", "read_again"),
    [
        ("lamp,Lamp,,Small,,a,1,\nlamp,,,Large,,b,2,\ncord,Cord,,,,c,3,\n", False),
        ("lamp,Lamp,,Small,,a,1,\ncord,Cord,,,,c,3,\nlamp,,,Large,,b,2,\n", True),
        ("lamp,Lamp,,Small,,a,1,\nlamp,,,Small,,b,2,\n", True),
    ],
)
def test_a_catalog_is_read_again_only_where_a_product_or_a_key_is_there_twice(
    shop: Shop, caplog: pytest.LogCaptureFixture, rows: str, read_again: bool
) -> None:
    shop.deliver("catalog.csv", HEADER + rows)
    with caplog.at_level(logging.INFO):
        shop.load("catalog")
    assert caplog.text.count("load-again") == int(read_again)
    assert shop.rows("SELECT DISTINCT title FROM commerce.catalog WHERE handle = 'lamp'") == [("Lamp",)]


def test_a_product_that_goes_on_in_the_next_part_keeps_its_first_rows_values(shop: Shop) -> None:
    shop.deliver("catalog-1.csv", HEADER + "lamp,Lamp,Harbour,Small,,a,1,\n")
    shop.deliver("catalog-2.csv", HEADER + "lamp,,,Large,,b,2,\ncord,Cord,,,,c,3,\n")
    shop.load("catalog")
    assert shop.rows("SELECT variant_id, title, vendor FROM commerce.catalog ORDER BY 1") == [
        ("cord", "Cord", None),
        ("lamp/Large", "Lamp", "Harbour"),
        ("lamp/Small", "Lamp", "Harbour"),
    ]


def test_a_row_that_nothing_names_is_a_reject_by_the_straight_way_too(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.settings(max_rejected_percent=100)
    shop.deliver("inventory.csv", "handle,variant_id,location,available\nlamp,,,5\n,,Oslo,7\n")
    with caplog.at_level(logging.INFO):
        (result,) = shop.load("inventory")
    assert "load-again" not in caplog.text
    assert shop.rows(REJECTS, result.load_id) == [
        (2, 3, "variant_id", "missing", "neither a variant's id nor a product's handle", ",,Oslo,7")
    ]
    assert shop.rows("SELECT variant_id, location, available FROM commerce.inventory") == [("lamp", "", 5)]

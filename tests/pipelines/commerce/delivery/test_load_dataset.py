from __future__ import annotations

import datetime as dt
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import BudgetError, FileError, HeldError
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, Shop

ORDERS = "order_id,created_at,currency,financial_status,quantity,unit_price,sku,line_name\n"
CATALOG = "handle,option1_value,title,sku,price\n"


def orders(*lines: str) -> str:
    return ORDERS + "".join(f"{line}\n" for line in lines)


def catalog(count: int, price: str = "1.50") -> str:
    return CATALOG + "".join(f"lamp-{number},,Lamp {number},S{number},{price}\n" for number in range(count))


def test_a_catalog_arrives_with_exact_prices_and_its_ledger_row(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(2, "19.99"))
    (result,) = shop.load("catalog")
    assert (result.status, result.counts.rows_read, result.counts.inserted) == (Status.LOADED, 2, 2)
    assert shop.rows("SELECT variant_id, price FROM commerce.catalog ORDER BY 1") == [
        ("lamp-0", Decimal("19.99")),
        ("lamp-1", Decimal("19.99")),
    ]
    (row,) = shop.ledger()
    assert (row["status"], row["inserted"], row["digest"]) == ("loaded", 2, result.digest)
    phases = {"connect", "begin", "read", "validate", "complete", "encode", "copy", "ledger", "commit"}
    assert phases <= set(row["phases"])
    assert 0 < row["phases"]["commit"] < sum(row["phases"].values()) <= row["ms"] * 1.01


def test_a_dry_run_notes_no_commit(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(2))
    (result,) = shop.load("catalog", dry_run=True)
    assert (result.status, result.load_id) == (Status.LOADED, None)
    assert shop.ledger() == []


def test_the_same_bytes_again_are_unchanged_and_force_loads_them(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(2))
    shop.load("catalog")
    assert shop.load("catalog")[0].status is Status.UNCHANGED
    (forced,) = shop.load("catalog", force=True)
    assert (forced.status, forced.counts.unchanged) == (Status.LOADED, 2)


def test_a_then_b_then_a_again_loads_three_times_and_leaves_a(shop: Shop) -> None:
    for price in ("1", "2", "1"):
        shop.deliver("catalog.csv", catalog(2, price))
        assert shop.load("catalog")[0].status is Status.LOADED
    assert shop.rows("SELECT DISTINCT price FROM commerce.catalog") == [(1,)]


def test_the_same_bytes_under_another_time_zone_are_loaded_again(shop: Shop) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03 08:00,EUR,paid,1,5.00,a,A"))
    shop.load("orders")
    shop.settings(time_zone="Europe/Berlin")
    header, _ = shop.load("orders")
    assert (header.status, header.counts.updated) == (Status.LOADED, 1)
    assert shop.value("SELECT created_at FROM commerce.orders") == dt.datetime(2025, 3, 3, 7, tzinfo=dt.UTC)


def test_what_was_not_delivered_is_skipped_and_said_and_left_as_it_was(shop: Shop) -> None:
    file = shop.deliver("catalog.csv", catalog(2))
    shop.load("catalog")
    file.unlink()
    (result,) = shop.load("catalog")
    assert (result.status, result.message) == (Status.SKIPPED, "not delivered")
    assert shop.value("SELECT count(*) FROM commerce.catalog") == 2


def test_a_product_row_inherits_what_stands_on_the_first_row_of_its_product(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,Small,Lamp,a,1\nlamp,Large,,b,2\nshade,,Shade,c,3\n")
    shop.load("catalog")
    assert shop.rows("SELECT variant_id, title FROM commerce.catalog ORDER BY source_line") == [
        ("lamp/Small", "Lamp"),
        ("lamp/Large", "Lamp"),
        ("shade", "Shade"),
    ]


def test_a_products_values_are_kept_though_its_first_row_is_rejected(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,Small,Lamp,a,cheap\nlamp,Large,,b,2\n")
    (result,) = shop.load("catalog")
    assert result.counts.rejected == 1
    assert shop.rows("SELECT variant_id, title FROM commerce.catalog") == [("lamp/Large", "Lamp")]


def test_option_values_with_slashes_do_not_make_two_variants_one(shop: Shop) -> None:
    text = "handle,option1_value,option2_value,price\nlamp,a/b,c,1\nlamp,a,b/c,2\nlamp,a,b,3\n"
    shop.deliver("catalog.csv", text)
    assert shop.load("catalog")[0].counts.inserted == 3


def test_a_row_without_any_identity_is_a_reject(shop: Shop) -> None:
    shop.deliver("catalog.csv", "variant_id,handle,title,price\n,,Lamp,1\nv1,,Shade,2\n")
    (result,) = shop.load("catalog")
    assert (result.counts.inserted, result.counts.rejected) == (1, 1)
    assert shop.rows("SELECT line, column_name, code FROM ledger.rejects") == [(2, "variant_id", "missing")]


def test_the_last_row_of_a_key_wins_and_the_others_are_counted(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Old,a,1\nlamp,,New,a,2\n")
    (result,) = shop.load("catalog")
    assert (result.counts.inserted, result.counts.duplicates) == (1, 1)
    assert shop.rows("SELECT title FROM commerce.catalog") == [("New",)]


def test_lines_are_numbered_within_their_order_over_all_parts(shop: Shop) -> None:
    shop.deliver("orders-1.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "2,2025-03-03,EUR,paid,1,5,a,A"))
    shop.deliver("orders-2.csv", orders("1,2025-03-03,EUR,paid,2,6,b,B", "1,2025-03-03,EUR,paid,2,6,b,B"))
    header, lines = shop.load("orders")
    assert (header.counts.inserted, header.counts.folded) == (2, 2)
    assert (lines.counts.inserted, lines.counts.duplicates) == (4, 0)
    assert shop.rows("SELECT order_id, line_no, sku, source_part FROM commerce.order_lines ORDER BY 1, 2") == [
        ("1", 1, "a", 0),
        ("1", 2, "b", 1),
        ("1", 3, "b", 1),
        ("2", 1, "a", 0),
    ]


def test_a_rejected_line_keeps_its_number_free(shop: Shop) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    header, lines = shop.load("orders")
    assert (header.counts.inserted, lines.counts.inserted, lines.counts.rejected) == (1, 2, 1)
    assert shop.rows("SELECT line_no FROM commerce.order_lines ORDER BY 1") == [(1,), (3,)]


def test_an_order_whose_first_row_fails_on_the_orders_columns_is_rejected_together(shop: Shop) -> None:
    text = orders(
        "1,yesterday,EUR,paid,1,5,a,A", "1,,,,1,5,b,B", "2,2025-03-03,EUR,paid,1,5,c,C", "3,,EUR,paid,1,5,d,D"
    )
    shop.deliver("orders.csv", text)
    header, lines = shop.load("orders")
    assert shop.rows("SELECT order_id FROM commerce.order_lines") == [("2",)]
    assert (header.counts.rejected, lines.counts.rejected) == (3, 3)
    assert shop.rows("SELECT line, code FROM ledger.rejects WHERE load_id = %s ORDER BY 1", lines.load_id) == [
        (2, "not_a_date"),
        (3, "order_rejected"),
        (5, "missing"),
    ]
    raws = shop.rows("SELECT raw FROM ledger.rejects WHERE load_id = %s ORDER BY line", lines.load_id)
    assert [raw for (raw,) in raws] == text.splitlines()[1:3] + text.splitlines()[4:5]


def test_an_order_was_made_when_the_earliest_of_its_rows_says(shop: Shop) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03 09:00,EUR,paid,1,5,a,A", "1,2025-03-03 08:00,EUR,paid,1,5,b,B"))
    shop.load("orders")
    assert shop.value("SELECT created_at FROM commerce.orders") == dt.datetime(2025, 3, 3, 8, tzinfo=dt.UTC)


def test_the_stores_currency_serves_orders_that_name_none(shop: Shop) -> None:
    shop.settings(currency="SEK")
    shop.deliver("orders.csv", "order_id,created_at,quantity,unit_price\n1,2025-03-03,1,5\n")
    shop.load("orders")
    assert shop.value("SELECT currency FROM commerce.orders") == "SEK"


def test_overlapping_exports_show_each_order_once_in_its_newest_state(shop: Shop) -> None:
    second, third = DAY + dt.timedelta(1), DAY + dt.timedelta(2)
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "2,2025-03-03,EUR,paid,1,5,a,A"))
    shop.deliver("orders.csv", orders("2,2025-03-03,EUR,paid,1,5,a,A", "3,2025-03-04,EUR,paid,1,5,a,A"), second)
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,refunded,1,5,a,A", "1,,,,1,5,b,B"), third)
    for day in (DAY, third, second):
        shop.load("orders", day)
    assert shop.rows("SELECT order_id, financial_status, day FROM commerce.current_orders ORDER BY 1") == [
        ("1", "refunded", third),
        ("2", "paid", second),
        ("3", "paid", second),
    ]
    assert shop.rows("SELECT order_id, line_no FROM commerce.current_order_lines ORDER BY 1, 2") == [
        ("1", 1),
        ("1", 2),
        ("2", 1),
        ("3", 1),
    ]


def test_the_current_inventory_is_the_newest_uploads_whatever_is_loaded_last(shop: Shop) -> None:
    later = DAY + dt.timedelta(1)
    shop.deliver("inventory.csv", "handle,location,available\nlamp,Port,not stocked\nshade,Port,3\n")
    shop.deliver("inventory.csv", "handle,location,available\nlamp,Port,-2\n", later)
    shop.load("inventory", later)
    shop.load("inventory")
    assert shop.rows("SELECT variant_id, available FROM commerce.current_inventory") == [("lamp", -2)]
    assert shop.value("SELECT available FROM commerce.inventory WHERE upload_id = %s LIMIT 1", shop.upload_id) is None


def test_a_delivery_that_would_delete_most_of_the_table_is_held_until_accepted(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(100))
    shop.load("catalog")
    shop.deliver("catalog.csv", catalog(49))
    with pytest.raises(HeldError, match=r"100 rows.*49.*--accept"):
        shop.load("catalog")
    assert shop.value("SELECT count(*) FROM commerce.catalog") == 100
    assert shop.ledger()[-1]["status"] == "held"
    (accepted,) = shop.load("catalog", accept=True, accepted_by="operator")
    assert accepted.counts.deleted == 51
    assert shop.ledger()[-1]["accepted_by"] == "operator"


def test_half_of_a_table_may_go_and_a_small_table_may_go_wholly(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(100))
    shop.load("catalog")
    for count in (50, 0):
        shop.deliver("catalog.csv", catalog(count))
        assert shop.load("catalog")[0].status is Status.LOADED
    assert shop.value("SELECT count(*) FROM commerce.catalog") == 0


def test_a_file_of_0_bytes_is_held_and_a_header_alone_is_an_empty_success(shop: Shop) -> None:
    shop.deliver("catalog.csv", "")
    with pytest.raises(HeldError, match="0 bytes"):
        shop.load("catalog")
    assert shop.load("catalog", accept=True)[0].counts.rows_read == 0
    shop.deliver("inventory.csv", "handle,location,available\n")
    (result,) = shop.load("inventory")
    assert (result.status, result.counts.rows_read) == (Status.LOADED, 0)


def test_a_part_that_is_missing_holds_the_delivery_and_is_named(shop: Shop) -> None:
    shop.deliver("orders-1.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A"))
    file = shop.deliver("orders-2.csv", orders("2,2025-03-03,EUR,paid,1,5,a,A"))
    shop.load("orders")
    file.unlink()
    with pytest.raises(HeldError, match=r"orders-2\.csv"):
        shop.load("orders")
    assert shop.value("SELECT count(*) FROM commerce.orders") == 2


def test_over_the_reject_budget_nothing_is_visible_and_the_rejects_are_in_the_ledger(shop: Shop) -> None:
    lines = [f"{number},2025-03-03,EUR,paid,{'x' if number < 6 else 1},5,a,A" for number in range(100)]
    shop.deliver("orders.csv", orders(*lines))
    with pytest.raises(BudgetError, match=r"6 of 100 rows.*line 2, quantity"):
        shop.load("orders")
    assert shop.value("SELECT count(*) FROM commerce.order_lines") == 0
    assert [row["status"] for row in shop.ledger()] == ["failed", "failed"]
    assert shop.value("SELECT count(*) FROM ledger.rejects WHERE load_id = %s", shop.ledger()[-1]["load_id"]) == 6


def test_within_the_budget_the_rest_is_loaded_with_the_rejects_beside(shop: Shop) -> None:
    lines = [f"{number},2025-03-03,EUR,paid,{'x' if number < 5 else 1},5,a,A" for number in range(100)]
    shop.deliver("orders.csv", orders(*lines))
    _, result = shop.load("orders")
    assert (result.status, result.counts.inserted, result.counts.rejected) == (Status.LOADED, 95, 5)


def test_an_absolute_budget_holds_for_small_files_too(shop: Shop) -> None:
    shop.settings(max_rejected_rows=0)
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,x,5,a,A"))
    with pytest.raises(BudgetError, match="quantity"):
        shop.load("orders")


def test_a_file_that_cannot_be_read_leaves_the_load_before_it(shop: Shop) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A"))
    shop.load("orders")
    shop.deliver("orders.csv", orders("2,2025-03-03,EUR,paid,1,5,a,A", '3,"2025-03-03,EUR,paid,1,5,a,A'))
    with pytest.raises(FileError, match=r"orders\.csv.*3"):
        shop.load("orders")
    assert shop.rows("SELECT order_id FROM commerce.orders") == [("1",)]
    assert shop.ledger()[-1]["status"] == "failed"


def test_a_dry_run_counts_everything_and_writes_nothing(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(3))
    (result,) = shop.load("catalog", dry_run=True)
    assert result.counts.inserted == 3
    assert (shop.ledger(), shop.value("SELECT count(*) FROM commerce.catalog")) == ([], 0)


def test_unknown_columns_and_a_changed_header_are_listed(shop: Shop) -> None:
    shop.deliver("catalog.csv", "handle,price,Mood\nlamp,1,blue\n")
    (first,) = shop.load("catalog")
    assert first.unknown_columns == ("Mood",)
    shop.deliver("catalog.csv", "handle,price,Colour\nlamp,1,blue\n", DAY + dt.timedelta(1))
    (second,) = shop.load("catalog", DAY + dt.timedelta(1))
    assert second.header_changes == ("+Colour", "-Mood")


def test_mail_addresses_are_not_loaded_unless_a_profile_asks(shop: Shop) -> None:
    shop.deliver("orders.csv", "order_id,created_at,quantity,unit_price,Email\n1,2025-03-03,1,5,buyer@example.com\n")
    shop.load("orders")
    assert shop.value("SELECT email FROM commerce.orders") is None
    assert shop.value("SELECT count(*) FROM ledger.loads WHERE facts::text LIKE '%%buyer@%%'") == 0


def test_two_loads_of_one_upload_at_once_end_in_one_state(shop: Shop) -> None:
    from concurrent.futures import ThreadPoolExecutor

    shop.deliver("catalog.csv", catalog(500))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: shop.load("catalog", force=True)[0], range(4)))
    assert sum(result.counts.inserted for result in results) == 500
    assert sum(result.counts.unchanged for result in results) == 1500


def test_a_reader_with_an_open_transaction_neither_waits_nor_is_waited_for(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(200))
    shop.load("catalog")
    with psycopg.connect(shop.url) as reader:
        reader.execute("SELECT * FROM commerce.current_catalog").fetchall()
        shop.deliver("catalog.csv", catalog(200, "2"))
        assert shop.load("catalog")[0].counts.updated == 200


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_at_all_are_loaded_or_refused_and_every_row_is_accounted_for(shop: Shop, data: st.DataObject) -> None:
    cells = st.text(alphabet='ab1.,;"\n\r\t -\x00é', max_size=5)
    header = data.draw(st.sampled_from([CATALOG, ORDERS, "handle;price\n", "sep=;\nhandle;price\n", ""]))
    dataset = "orders" if header == ORDERS else "catalog"
    body = data.draw(st.lists(st.lists(cells, min_size=1, max_size=9).map(",".join), max_size=8).map("\n".join))
    shop.deliver(f"{dataset}.csv", (header + body).encode(data.draw(st.sampled_from(["utf-8", "cp1252", "utf-16"]))))
    try:
        results = shop.load(dataset, force=True, accept=True)
    except FileError:
        return
    for result in results:
        assert result.counts.balanced
        stored = shop.value("SELECT count(*) FROM ledger.rejects WHERE load_id = %s", result.load_id)
        assert stored == result.counts.rejected

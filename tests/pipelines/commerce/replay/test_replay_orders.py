"""Order lines that come back: their numbers, and orders that were rejected as a whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.pipelines.commerce.conftest import Shop
from tests.pipelines.commerce.delivery.test_load_dataset import orders
from tests.pipelines.commerce.replay.replaying import LINES, again, check_arithmetic, counts, mend


def test_a_mended_line_gets_the_number_that_was_kept_for_it(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "7")))
    assert (outcome.passed, outcome.failures) == (1, ())
    assert shop.rows(LINES) == [("1", 1, 1, "a", 0, 2), ("1", 2, 7, "b", 0, 3), ("1", 3, 1, "c", 0, 4)]
    assert counts(shop) == [("orders", 3, 1, 0, 0, 0, 0, 2), ("order_lines", 3, 3, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_an_order_that_was_rejected_as_a_whole_comes_back_as_a_whole(shop: Shop, tmp_path: Path) -> None:
    text = orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,2,5,b,B", "2,2025-03-03,EUR,paid,1,5,c,C", "1,,,,3,5,d,D")
    shop.deliver("orders.csv", text)
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02"))
    # The person sends back the first row alone: the order's others come with it.
    mended.write_bytes(b"".join(mended.read_bytes().splitlines(keepends=True)[:2]))
    assert again(shop, "order_lines", mended).passed == 3
    assert [row[:4] for row in shop.rows(LINES)] == [
        ("1", 1, 1, "a"),
        ("1", 2, 2, "b"),
        ("1", 3, 3, "d"),
        ("2", 1, 1, "c"),
    ]
    assert shop.rows("SELECT order_id, created_at::date, source_line FROM commerce.orders ORDER BY 1") == [
        ("1", dt.date(2025, 3, 2), 2),
        ("2", dt.date(2025, 3, 3), 4),
    ]
    assert counts(shop) == [("orders", 4, 2, 0, 0, 0, 0, 2), ("order_lines", 4, 4, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_an_order_stays_away_while_its_first_row_fails(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "2")))
    assert [(failure.line, failure.column) for failure in outcome.failures] == [(2, "created_at"), (3, "order_id")]
    assert shop.value("SELECT count(*) FROM commerce.orders") == 0
    check_arithmetic(shop)


def test_a_header_comes_back_though_its_own_line_fails_again(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,many,5,a,A", "1,,,,2,5,b,B"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02")))
    assert (outcome.passed, [failure.column for failure in outcome.failures]) == (1, ["quantity"])
    assert [row[:2] for row in shop.rows(LINES)] == [("1", 2)]
    check_arithmetic(shop)
    # The recorded text is the delivered one, so the date is to be mended once more.
    mended = mend(shop, "orders", tmp_path / "m.csv", ("many", "9"), ("yesterday", "2025-03-02"))
    assert again(shop, "orders", mended).passed == 1
    assert [row[:3] for row in shop.rows(LINES)] == [("1", 1, 9), ("1", 2, 2)]
    assert counts(shop) == [("orders", 2, 1, 0, 0, 0, 0, 1), ("order_lines", 2, 2, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_a_line_that_had_no_order_comes_after_all_of_the_order_it_is_given(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", ",,,,2,5,b,B", "1,,,,many,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", (",,,,2,5,b", "1,,,,2,5,b"))
    assert again(shop, "orders", mended).passed == 1
    assert [row[1:4] for row in shop.rows(LINES)] == [(1, 1, "a"), (3, 2, "b")]
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "4"))).passed == 1
    assert [row[1:4] for row in shop.rows(LINES)] == [(1, 1, "a"), (2, 4, "c"), (3, 2, "b")]
    check_arithmetic(shop)


def test_a_line_of_a_loaded_order_cannot_move_to_another(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("1,,,,many", "2,2025-03-03,,,1"))
    outcome = again(shop, "orders", mended)
    assert [failure.code for failure in outcome.failures] == ["order_changed"]
    assert shop.value("SELECT count(*) FROM commerce.orders") == 1
    check_arithmetic(shop)


def test_a_line_keeps_its_number_over_parts(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders-1.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.deliver("orders-2.csv", orders("1,,,,1,5,c,C", "1,,,,many,5,d,D"))
    shop.load("orders")
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "6"))).passed == 2
    assert [row[1:] for row in shop.rows(LINES)] == [
        (1, 1, "a", 0, 2),
        (2, 6, "b", 0, 3),
        (3, 1, "c", 1, 2),
        (4, 6, "d", 1, 3),
    ]

"""Benchmarks make their own input: the same for the same number of rows, and what is said of it is true."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.inputs import order_lines, shop_exports
from benchmarks.inputs.order_lines import Changes
from include.samples.shopify import ORDERS, PRODUCTS_CURRENT

ROWS = 2_000


def records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("write", [order_lines.write, shop_exports.write_orders, shop_exports.write_products])
def test_the_same_number_of_rows_gives_the_same_bytes(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name in ("one.csv", "two.csv"):
        write(tmp_path / name, ROWS)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert len(records(tmp_path / "one.csv")) == ROWS + 1


def test_shopify_files_have_all_of_their_columns(tmp_path: Path) -> None:
    for write, columns in ((shop_exports.write_orders, ORDERS), (shop_exports.write_products, PRODUCTS_CURRENT)):
        write(tmp_path / "file.csv", ROWS)
        assert {len(record) for record in records(tmp_path / "file.csv")} == {len(columns)}


def test_a_redelivery_changes_what_it_says(tmp_path: Path) -> None:
    order_lines.write(tmp_path / "first.csv", ROWS)
    said = order_lines.write_redelivery(tmp_path / "second.csv", ROWS)
    first, second = (numbered(tmp_path / name) for name in ("first.csv", "second.csv"))
    assert said == Changes(
        inserted=len(second.keys() - first.keys()),
        updated=sum(first[key] != second[key] for key in first.keys() & second.keys()),
        unchanged=sum(first[key] == second[key] for key in first.keys() & second.keys()),
        deleted=len(first.keys() - second.keys()),
    )
    assert said.updated == pytest.approx(ROWS / order_lines.CHANGED_EVERY, rel=0.05)
    assert said.inserted and said.deleted


def test_one_row_in_a_hundred_is_bad_in_each_way(tmp_path: Path) -> None:
    order_lines.write(tmp_path / "good.csv", ROWS)
    bad = order_lines.write_with_bad_rows(tmp_path / "bad.csv", ROWS)
    pairs = zip(records(tmp_path / "good.csv"), records(tmp_path / "bad.csv"), strict=True)
    assert bad == sum(good != spoilt for good, spoilt in pairs) == ROWS // 100


def numbered(path: Path) -> dict[tuple[str, int], tuple[str, ...]]:
    """The lines by order and place in it."""
    seen: Counter[str] = Counter()
    lines = {}
    for order, *cells in records(path)[1:]:
        seen[order] += 1
        lines[order, seen[order]] = tuple(cells)
    return lines

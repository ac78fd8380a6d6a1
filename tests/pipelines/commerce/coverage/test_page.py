"""The page is one file that fetches nothing, shows what it is given, and says what it leaves out."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.commerce.coverage.page import page

DAY = dt.date(2025, 3, 3)


def row(store: str = "harbour", day: dt.date = DAY, **values: Any) -> dict[str, Any]:
    return {
        "store": store,
        "day": day,
        "dataset": "catalog",
        "currency": "GBP",
        "reference_day": day,
        "lines": 10,
        "matched": 7,
        "ambiguous": 1,
        "unmatched": 2,
        "matched_share": Decimal("0.7"),
        "quantity": Decimal(12),
        "revenue": Decimal("1234.5"),
        "matched_revenue": Decimal(1000),
        "ambiguous_revenue": Decimal("34.5"),
        "unmatched_revenue": Decimal(200),
        **values,
    }


def never_delivered() -> dict[str, Any]:
    unknown = ("reference_day", "matched", "ambiguous", "unmatched", "matched_share")
    money = ("matched_revenue", "ambiguous_revenue", "unmatched_revenue")
    return {**row(dataset="variants"), **dict.fromkeys((*unknown, *money))}


def text_of(rows: list[dict[str, Any]], folder: Path) -> str:
    path = folder / "reports" / "coverage.html"
    page(rows, path)
    return path.read_text(encoding="utf-8")


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href"}]


def test_a_page_fetches_nothing_and_runs_no_script(tmp_path: Path) -> None:
    tags = Tags(text_of([row(), never_delivered()], tmp_path))
    assert tags.names.count("svg") == 2
    assert not {"script", "link", "img", "iframe", "image"} & set(tags.names)
    assert all(link.startswith("#") for link in tags.links)


def test_figures_stand_in_the_table_and_what_is_unknown_is_a_dash(tmp_path: Path) -> None:
    text = text_of([row(), never_delivered()], tmp_path)
    assert "<td class='number'>1,234.50</td>" in text
    assert "<td class='number'>70.0%</td>" in text
    assert "<td class='number'>-</td>" in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "_hidden", "$x^2$", "a&b"])
def test_a_stores_name_is_text_and_nothing_else(name: str, tmp_path: Path) -> None:
    text = text_of([row(name)], tmp_path)
    assert "script" not in Tags(text).names
    shown = re.sub(r"<[^>]+>", "\n", text[text.index("<svg") : text.index("</svg>")])
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in shown


def test_a_page_of_a_hundred_stores_says_what_it_leaves_out(tmp_path: Path) -> None:
    days = [DAY + dt.timedelta(number) for number in range(12)]
    text = text_of([row(f"store-{number:03}", day) for number in range(100) for day in days], tmp_path)
    assert "8 of 100 stores" in text
    assert "16 of 100 pairs of store and currency" in text
    assert "The newest 1,000 of 1,200 rows; 200 are left out here." in text


def test_a_page_of_one_store_leaves_nothing_out(tmp_path: Path) -> None:
    assert "left out" not in text_of([row(), never_delivered()], tmp_path)


def test_lines_without_revenue_or_without_any_master_are_drawn_too(tmp_path: Path) -> None:
    assert "<svg" in text_of([row(revenue=Decimal(-3), matched_revenue=Decimal(-3))], tmp_path)
    assert "<svg" in text_of([never_delivered()], tmp_path)
    assert "<svg" in text_of([row(lines=0, matched=0, matched_share=None, revenue=Decimal(0))], tmp_path)


def test_revenue_of_overlapping_uploads_is_not_added_up(tmp_path: Path) -> None:
    later = DAY + dt.timedelta(1)
    text = text_of([row(), row(day=later, revenue=Decimal(99), matched_revenue=Decimal(99))], tmp_path)
    assert "harbour, Mar 04: 99 GBP" in text
    assert "1,334" not in text


def test_without_rows_the_page_says_so(tmp_path: Path) -> None:
    assert "No coverage was computed for these days." in text_of([], tmp_path)


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(), row("nordic", currency="SEK"), never_delivered()]
    assert text_of(rows, tmp_path) == text_of(rows, tmp_path)

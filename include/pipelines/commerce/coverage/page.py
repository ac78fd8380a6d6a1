"""The coverage as one HTML file that needs nothing else: plots, and the table they were made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from include.pipelines.commerce.coverage.plots import PALETTE, revenue_bars, share_lines

# What a page shows at most: stores that eight colours tell apart, bars and rows that one still reads.
DRAWN_STORES = len(PALETTE)
DRAWN_BARS = 16
LISTED_ROWS = 1_000

AMOUNTS = ("revenue", "matched_revenue", "ambiguous_revenue", "unmatched_revenue")
COUNTS = ("lines", "matched", "ambiguous", "unmatched")

HEADINGS = {
    "day": "Day",
    "store": "Store",
    "dataset": "Master",
    "reference_day": "Master of",
    "currency": "Currency",
    "lines": "Lines",
    "matched_share": "Matched share",
    "matched": "Matched",
    "ambiguous": "Ambiguous",
    "unmatched": "Unmatched",
    "revenue": "Revenue",
    "matched_revenue": "Matched revenue",
    "ambiguous_revenue": "Ambiguous revenue",
    "unmatched_revenue": "Unmatched revenue",
}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coverage</title>
<style>
:root {{ color-scheme: light dark; --page: #ffffff; --ink: #1c2126; --faint: #5b6670; --rule: #d8dde2; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: #14181c; --ink: #e4e8ec; --faint: #9aa5af; --rule: #333b43; }}
}}
@media print {{
  :root {{ color-scheme: light; --page: #ffffff; --ink: #000000; --faint: #444444; --rule: #bbbbbb; }}
  main {{ max-width: none; padding: 0; }}
  figure, tr {{ break-inside: avoid; }}
  .wide {{ overflow: visible; }}
  table {{ font-size: 7pt; }}
}}
body {{ margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }}
main {{ max-width: 72rem; margin: auto; padding: 1.5rem; }}
h1 {{ margin: 0; font-size: 1.6rem; }}
h2 {{ margin: 2rem 0 0.25rem; font-size: 1.15rem; }}
p, figcaption {{ margin: 0.25rem 0; color: var(--faint); max-width: 60rem; }}
figure {{ margin: 0.5rem 0; }}
svg {{ max-width: 100%; height: auto; display: block; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; margin-top: 0.5rem; }}
th, td {{ padding: 0.25rem 0.5rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }}
th {{ color: var(--faint); font-weight: 600; white-space: normal; vertical-align: bottom; }}
.number {{ text-align: right; }}
</style>
</head>
<body>
<main>
<h1>Coverage</h1>
{body}
</main>
</body>
</html>
"""


def page(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes the page; a file of that name is replaced.

    Args:
        rows: as `coverage.rows.table` gives them, in any number.
        path: of the HTML file; its folder is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    body = _body(rows) if rows else "<p>No coverage was computed for these days.</p>"
    path.write_text(PAGE.format(body=body), encoding="utf-8")


def _body(rows: Sequence[Mapping[str, Any]]) -> str:
    frame = _frame(rows)
    return "\n".join([_summary(frame), _shares(frame), _revenue(frame), _table(rows)])


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame([dict(row) for row in rows])
    frame[[*COUNTS, *AMOUNTS]] = frame[[*COUNTS, *AMOUNTS]].astype("float64")
    return frame


def _summary(frame: pd.DataFrame) -> str:
    stores = frame["store"].nunique()
    uploads = len(frame[["store", "day"]].drop_duplicates())
    return (
        f"<p>{_counted(stores, 'store')}, {_counted(uploads, 'upload')}, {frame['day'].min()} to {frame['day'].max()}."
        " Compared are lines with a quantity above 0 of orders that were not cancelled. Matched: exactly one variant"
        " goes by the line's variant id, else SKU, else name; ambiguous: several do; unmatched: none does.</p>"
    )


def _shares(frame: pd.DataFrame) -> str:
    by_lines = frame.groupby("store")["lines"].sum().sort_values(ascending=False, kind="stable")
    drawn = list(by_lines.index[:DRAWN_STORES])
    left_out = _left_out(len(by_lines), DRAWN_STORES, "stores", "the ones with the most lines")
    caption = f"A gap: no orders for that day, or the master was not delivered yet.{left_out}"
    return _figure("Share of lines matched", caption, share_lines(frame[frame["store"].isin(drawn)], drawn))


def _revenue(frame: pd.DataFrame) -> str:
    # Exports overlap: an order stands in several uploads, and their revenues do not add up.
    newest = frame[frame["day"] == frame["store"].map(frame.groupby("store")["day"].max())]
    amounts = newest.set_index(["store", "currency"])[["day", "dataset", *AMOUNTS]]
    amounts.columns = amounts.columns.str.removesuffix("_revenue")
    amounts["not delivered"] = amounts["revenue"].where(amounts["matched"].isna(), 0.0)
    # Currencies do not compare: drawn are the stores and currencies with most lines.
    lines = newest.groupby(["store", "currency"])["lines"].max().sort_values(ascending=False, kind="stable")
    left_out = _left_out(len(lines), DRAWN_BARS, "pairs of store and currency", "the ones with the most lines")
    caption = (
        "Each bar is the revenue of a store's newest upload in one currency: quantity times unit price, less discount."
        f" Earlier uploads stand in the table; exports overlap, so they do not add up.{left_out}"
    )
    drawing = revenue_bars(amounts.loc[lines.index[:DRAWN_BARS]])
    return _figure("Revenue matched, ambiguous and unmatched", caption, drawing)


def _left_out(count: int, limit: int, what: str, which: str) -> str:
    if count <= limit:
        return ""
    return f" Drawn are {limit} of {count:,} {what}, {which}; {count - limit:,} are left out here."


def _figure(title: str, caption: str, drawing: str) -> str:
    return (
        f"<h2>{escape(title)}</h2>\n<figure role='group' aria-label='{escape(title)}'>\n{drawing}\n"
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    newest = sorted(rows, key=lambda row: (row["day"], row["store"], row["dataset"], row["currency"]))[-LISTED_ROWS:]
    said = ""
    if len(rows) > LISTED_ROWS:
        said = (
            f"<p>The newest {LISTED_ROWS:,} of {len(rows):,} rows; {len(rows) - LISTED_ROWS:,} are left out here.</p>"
        )
    head = "".join(f"<th{_align(column, newest[0])}>{escape(heading)}</th>" for column, heading in HEADINGS.items())
    lines = "\n".join(
        "<tr>" + "".join(f"<td{_align(name, row)}>{escape(_cell(name, row[name]))}</td>" for name in HEADINGS) + "</tr>"
        for row in newest
    )
    return (
        f"<h2>All figures</h2>\n<p>A dash: the master was never delivered.</p>\n{said}\n"
        f"<div class='wide'><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    )


def _align(column: str, row: Mapping[str, Any]) -> str:
    return "" if isinstance(row[column], (str, dt.date)) or column == "reference_day" else " class='number'"


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if column == "matched_share":
        return f"{value:.1%}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

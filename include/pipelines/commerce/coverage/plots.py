"""The plots of the coverage page, as SVG that takes its ink from the page's own colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter

# Stands for the page's text colour until the SVG is written.
INK = "#010203"
# Of a lightness that reads on white and on near black; told apart by markers too, for print and for the colour-blind.
PALETTE = ("#3b7dd8", "#d9822b", "#2e9e6b", "#c0504d", "#8a63d2", "#a8891c", "#1f9db5", "#c2569b")
MARKERS = "osD^vPX*"

# What becomes of revenue -> colour. The last one is what no master was there for.
OUTCOMES = {"matched": "#2e9e6b", "ambiguous": "#d9a22b", "unmatched": "#c0504d", "not delivered": "#8c8c8c"}

# Days up to which each gets a tick of its own.
TICKED_DAYS = 10

# Characters; a longer name would leave no room for what it names.
LONGEST_NAME = 30

# Inches.
PANEL_WIDTH, LINES_HEIGHT, BAR_HEIGHT, FRAME_HEIGHT = 3.6, 3.0, 0.32, 1.1

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 10,
}


def share_lines(frame: pd.DataFrame, stores: Sequence[str]) -> str:
    """SVG: the share of lines matched, by day, a panel for each dataset and a line for each store.

    Args:
        frame: columns store, day, dataset, lines, matched; matched is NaN where the master was never delivered, which
            leaves a gap.
        stores: those to draw, as many as there are colours at most.
    """
    datasets = sorted(frame["dataset"].unique())
    days = sorted(frame["day"].unique())
    with mpl.rc_context({**STYLE, "svg.hashsalt": "lines"}):
        figure, panels = _panels(datasets, LINES_HEIGHT)
        for dataset, axes in zip(datasets, panels, strict=True):
            shares = _shares(frame[frame["dataset"] == dataset])
            for store, colour, marker in zip(stores, PALETTE, cycle(MARKERS), strict=False):
                values = shares[store].reindex(days) if store in shares else pd.Series(float("nan"), days)
                axes.plot(days, values, color=colour, marker=marker, markersize=4, linewidth=1.4)
            _date_axis(axes, days)
            axes.set(title=dataset, ylim=(-0.03, 1.03))
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        handles = panels[0].get_lines()
        figure.legend(handles, [_short(store) for store in stores], loc="outside lower center", ncols=4, frameon=False)
        return _svg(figure)


def revenue_bars(frame: pd.DataFrame) -> str:
    """SVG: how revenue divides, a panel for each dataset and a bar for each store and currency, the first on top.

    Args:
        frame: index store and currency, columns day, dataset, revenue and one for each of OUTCOMES.
    """
    pairs = list(dict.fromkeys(frame.index))
    uploads = frame[~frame.index.duplicated()]
    labels = [
        f"{_short(store)}, {day:%b} {day:%d}: {revenue:,.0f} {currency}"
        for (store, currency), day, revenue in zip(pairs, uploads["day"], uploads["revenue"], strict=True)
    ]
    datasets = sorted(frame["dataset"].unique())
    with mpl.rc_context({**STYLE, "svg.hashsalt": "bars", "hatch.linewidth": 0.5}):
        figure, panels = _panels(datasets, FRAME_HEIGHT + BAR_HEIGHT * len(labels))
        for dataset, axes in zip(datasets, panels, strict=True):
            _stack(axes, frame[frame["dataset"] == dataset].reindex(pairs))
            axes.set_title(dataset)
        panels[0].set(yticks=range(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        return _svg(figure)


def _panels(datasets: Sequence[str], height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(PANEL_WIDTH * len(datasets), height), layout=ConstrainedLayoutEngine(wspace=0.06))
    panels = figure.subplots(1, len(datasets), sharex=True, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.grid(visible=True)
        axes.set_axisbelow(True)
    return figure, list(panels)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Share of lines matched; index day, a column for each store."""
    sums = frame.groupby(["day", "store"])[["matched", "lines"]].sum(min_count=1)
    shares: pd.DataFrame = (sums["matched"] / sums["lines"].where(sums["lines"] > 0)).unstack("store")
    return shares


def _date_axis(axes: Axes, days: Sequence[object]) -> None:
    if len(days) <= TICKED_DAYS:
        places = date2num(days)  # type: ignore[no-untyped-call]
        axes.set_xticks(places, [f"{day:%b} {day:%d}" for day in days], rotation=45 if len(days) > 4 else 0)
        return
    locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _stack(axes: Axes, amounts: pd.DataFrame) -> None:
    # Currencies do not compare: each bar is the whole of its own revenue. Discounts above the price leave none.
    totals = amounts["revenue"].where(amounts["revenue"] > 0)
    start = pd.Series(0.0, amounts.index)
    for outcome, colour in OUTCOMES.items():
        width = (amounts[outcome] / totals).clip(0, 1).fillna(0.0)
        hatch = "////" if outcome == "not delivered" else None
        axes.barh(range(len(amounts)), width, left=start, height=0.7, color=colour, label=outcome, hatch=hatch)
        start += width
    axes.set(xlim=(0, 1), xticks=(0, 0.25, 0.5, 0.75, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(visible=False, axis="y")


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :].replace(INK, "currentColor")

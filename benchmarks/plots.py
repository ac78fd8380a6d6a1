"""One SVG a benchmark: bars of the median times, whiskers from the fastest to the slowest round, ratios beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmarks.harness import Row

# Inches of width, and of height for each bar and for what stands around them.
WIDTH, BAR_HEIGHT, FRAME_HEIGHT = 8.5, 0.36, 1.0

# Ours stands out; the references are grey; red is a ratio above its bar.
OURS, REFERENCE, MISSED = "#1f6f8b", "#b9c0c7", "#b3402a"

# Text stays text in the SVG, and the same rows give the same bytes.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "longshore", "font.size": 9}


def plot(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Writes <folder>/<bench>.svg for each benchmark that has times; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    timed = [row for row in rows if row.median_s is not None]
    return [_plot(bench, list(own), folder) for bench, own in groupby(timed, key=lambda row: row.bench)]


def _plot(bench: str, rows: list[Row], folder: Path) -> Path:
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', bench.lower()).strip('-')}.svg"
    with rc_context(STYLE):
        FigureCanvasSVG(figure(bench, rows)).print_svg(path, metadata={"Date": None})
    return path


def figure(bench: str, rows: Sequence[Row]) -> Figure:
    """The plot of one benchmark; a group's cases stand together, the first of them on top."""
    drawn = Figure(figsize=(WIDTH, FRAME_HEIGHT + BAR_HEIGHT * len(rows)), layout="constrained")
    axes = drawn.add_subplot()
    scale, unit = (1, "s") if max(row.median_s or 0 for row in rows) >= 1 else (1_000, "ms")
    places = _places(rows)
    for place, row in zip(places, rows, strict=True):
        _draw(axes, place, row, scale, unit)
    axes.set_yticks(places, [_label(row, _most(rows)) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=0, right=1.35 * scale * max(row.max_s or 0 for row in rows))
    axes.set_xlabel(f"{unit}, median of the rounds; whiskers: fastest and slowest")
    axes.set_title(f"bench {bench}{_size(rows)}", loc="left", fontweight="bold")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return drawn


def _draw(axes: Axes, place: float, row: Row, scale: int, unit: str) -> None:
    median, low, high = (scale * (value or 0) for value in (row.median_s, row.min_s, row.max_s))
    axes.barh(place, median, height=0.7, color=REFERENCE if row.bar is None else OURS)
    axes.errorbar(
        median, place, xerr=[[max(0, median - low)], [max(0, high - median)]], color="#444444", capsize=2, lw=1
    )
    colour = MISSED if row.fails_check else "#222222"
    axes.annotate(
        f"{median:.3g} {unit}{_verdict(row)}",
        (max(median, high), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        color=colour,
    )


def _verdict(row: Row) -> str:
    ratio = "" if row.ratio is None else f" = {row.ratio:g} x"
    return ratio if row.bar is None or row.ratio is None else f"{ratio} (bar {row.bar:g})"


def _places(rows: Sequence[Row]) -> list[float]:
    """A bar's place from the top; a gap before each group."""
    places, place, before = [], 0.0, None
    for row in rows:
        group = row.case.partition(": ")[0] if ": " in row.case else None
        place += 0.6 if places and group != before else 0
        places.append(place)
        place, before = place + 1, group
    return places


def _label(row: Row, most: int) -> str:
    """The case, with its rows where others have more."""
    few = f"{row.rows:,}" if row.rows and row.rows < most else ""
    return row.case if not few or few in row.case else f"{row.case} ({few} rows)"


def _most(rows: Sequence[Row]) -> int:
    return max((row.rows or 0 for row in rows), default=0)


def _size(rows: Sequence[Row]) -> str:
    most = _most(rows)
    return f", up to {most:,} rows" if most else ""

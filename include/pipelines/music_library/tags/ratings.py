"""Ratings in stars from 0 to 5, each on the scale of the player that wrote it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from include.pipelines.music_library.tags.layer import Layer

# From which of POPM's values on so many stars are meant. The players write 0, 1, 64, 128, 196, 255 for whole stars and
# 13, 54, 118, 186, 242 for halves (0.5 to 4.5); a value between belongs to the nearest one.
POPM_STARS: tuple[tuple[int, float], ...] = (
    (0, 0.0),
    (1, 1.0),
    (7, 0.5),
    (34, 1.5),
    (59, 2.0),
    (91, 2.5),
    (123, 3.0),
    (157, 3.5),
    (191, 4.0),
    (219, 4.5),
    (249, 5.0),
)

# The same for Windows Media's 0 to 99: 1, 25, 50, 75, 99.
WINDOWS_STARS: tuple[tuple[int, float], ...] = ((0, 0.0), (1, 1.0), (13, 2.0), (38, 3.0), (63, 4.0), (88, 5.0))

# Who writes POPM in other steps: Winamp and foobar2000 use Windows' values, Banshee and gmusicbrowser a straight line.
STRAIGHT_POPM = ("popm:banshee", "popm:quodlibet@lists.sacredchao.net", "popm:gmusicbrowser")

# A decimal rating at most this high is in stars already, above it in percent; players of APE and Vorbis tags use both.
MOST_STARS = 5.0


def _steps(stars: tuple[tuple[int, float], ...]) -> Callable[[float], float]:
    starts = [start for start, _ in stars]
    return lambda value: stars[bisect_right(starts, value) - 1][1]


def _stars_or_percent(value: float) -> float:
    return value if value <= MOST_STARS else value / 20


def _fraction(value: float) -> float:
    return value * 5


def _percent(value: float) -> float:
    return value / 20


# Which name is on which scale, in the order in which they are asked; a name that ends with ":" is any that begins so.
SCALES: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    *(("id3", name, lambda value: value / 51) for name in STRAIGHT_POPM),
    ("id3", "popm:", _steps(POPM_STARS)),
    ("id3", "txxx:fmps_rating", _fraction),
    ("vorbis", "fmps_rating", _fraction),
    ("vorbis", "rating:", _fraction),
    ("vorbis", "rating", _stars_or_percent),
    ("ape", "rating", _stars_or_percent),
    ("mp4", "rate", _percent),
    ("mp4", "----:com.apple.iTunes:RATING", _stars_or_percent),
    # MediaMonkey's own percentage holds the half stars that Windows' steps cannot tell from whole ones.
    ("asf", "sdb/rating", _percent),
    ("asf", "wm/shareduserrating", _steps(WINDOWS_STARS)),
)


def rating_of(layers: list[Layer]) -> float | None:
    """Stars from 0 to 5 in halves; None where no player has written any, or what it wrote is no number."""
    for layer in layers:
        for kind, name, scale in SCALES:
            if kind == layer.kind and (text := _text(layer, name)) is not None:
                return _stars(text, scale)
    return None


def _text(layer: Layer, name: str) -> str | None:
    if not name.endswith(":"):
        return layer.values.get(name, [None])[0]
    return next((texts[0] for key, texts in layer.values.items() if key.startswith(name)), None)


def _stars(text: str, scale: Callable[[float], float]) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return min(round(scale(max(value, 0.0)) * 2) / 2, MOST_STARS)

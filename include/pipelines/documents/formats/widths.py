"""How wide a line is on a screen."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """Columns of a fixed-width screen: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1

"""What may be said about a value without showing it."""

from __future__ import annotations

import re
from collections.abc import Callable

_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("letters", str.isalpha),
    ("digits", str.isdigit),
    ("blanks", str.isspace),
    ("signs", lambda character: not (character.isalnum() or character.isspace())),
)

# Characters of an example shape; a longer value is no number or date anyway.
SHAPE_CHARACTERS = 32


def describe_shape(value: str | None) -> str:
    """Length and kinds of characters, such as '5 characters, letters and digits'; never the characters themselves."""
    if not value:
        return "empty"
    kinds = [name for name, holds in _KINDS if any(map(holds, value))]
    named = " and ".join(filter(None, (", ".join(kinds[:-1]), *kinds[-1:])))
    return f"{len(value)} character{'s' if len(value) > 1 else ''}, {named}"


def mask_shape(value: str) -> str:
    """The value with each digit as 9 and each letter as a: enough to see a number's or a date's form."""
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", value.strip()))
    return masked if len(masked) <= SHAPE_CHARACTERS else f"{masked[:SHAPE_CHARACTERS]}..."

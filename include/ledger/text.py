"""What PostgreSQL cannot hold in a text, made visible."""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")

NUL, VISIBLE_NUL = "\x00", "\u2400"


def storable(value: Value) -> Value:
    """The same text, list or mapping with U+2400 in the place of each NUL, which neither text nor jsonb can hold."""
    if isinstance(value, str):
        return value.replace(NUL, VISIBLE_NUL)  # type: ignore[return-value] # a text stays one
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}  # type: ignore[return-value] # likewise
    if isinstance(value, list | tuple):
        return type(value)(storable(item) for item in value)
    return value

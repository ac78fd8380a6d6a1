"""What a document says of itself, as JSON that PostgreSQL takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from include.pipelines.documents.formats.decoding import clean_text

# Levels of objects and lists; deeper ones stand as text.
DEPTH = 20


def as_json(metadata: Mapping[str, Any]) -> str | None:
    """JSON text of the metadata; None where there is none.

    NULs and lone surrogates are taken out, and what JSON has no word for (NaN, dates, bytes) stands as text.
    """
    return json.dumps(_clean(metadata, DEPTH), ensure_ascii=False, allow_nan=False) if metadata else None


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 10**300 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping) and depth:
        return {clean_text(str(key))[0]: _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [_clean(item, depth - 1) for item in value]
    return clean_text(str(value))[0]

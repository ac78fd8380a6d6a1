"""Order lines as a customer sends them: canonical CSV, several lines an order, no ids of ours. Made from a seed."""

from __future__ import annotations

import random
from pathlib import Path

SEED = 7
HEADER = "order_id,created_at,currency,financial_status,quantity,unit_price,discount,variant_id,sku,line_name\n"

# Variants of a mid-sized shop, and lines per order: 1 to 5, 3 on average, as in the exports we have seen.
VARIANTS = 20_000
MOST_LINES = 5

SECONDS_PER_DAY = 86_400


def write(path: Path, rows: int) -> int:
    """Writes `rows` order lines of one day and returns the file's bytes; the same bytes for the same number."""
    draw = random.Random(SEED)  # noqa: S311 # figures, not secrets
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        order = written = 0
        while written < rows:
            order += 1
            second = order * 7 % SECONDS_PER_DAY
            moment = f"2025-03-03 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+00:00"
            for _ in range(min(draw.randint(1, MOST_LINES), rows - written)):
                variant = draw.randint(1, VARIANTS)
                price = draw.randint(100, 9_999)
                file.write(
                    f"#{order},{moment},EUR,paid,{draw.randint(1, 9)},{price // 100}.{price % 100:02},0.00,"
                    f"v{variant},SKU-{variant},Lamp {variant} - Large / Blue\n"
                )
                written += 1
    return path.stat().st_size

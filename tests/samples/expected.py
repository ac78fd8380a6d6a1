"""What a first load of each sample delivery does, by the names that loads go by (orders fill two of them).

Every row of a file is exactly one of inserted, duplicates, rejected and folded: image-only rows and blank lines are
folded, and for `orders` the rows that continue an order. A dataset without an entry was not delivered.
"""

from __future__ import annotations

from typing import NamedTuple


class Expected(NamedTuple):
    store: str
    day: str
    dataset: str
    rows_read: int
    inserted: int
    rejected: int = 0
    folded: int = 0
    duplicates: int = 0


class ExpectedReject(NamedTuple):
    """`line` is the physical line (1-based) in orders.csv of tiny-teas, 2025-03-04; a column where one is at fault."""

    line: int
    column: str | None
    code: str


EXPECTED = (
    Expected("harbour-books", "2025-03-03", "catalog", 19, 14, folded=5),
    Expected("harbour-books", "2025-03-03", "inventory", 14, 14),
    Expected("harbour-books", "2025-03-03", "orders", 32, 12, folded=20),
    Expected("harbour-books", "2025-03-03", "order_lines", 32, 32),
    Expected("harbour-books", "2025-03-04", "catalog", 19, 14, folded=5),
    Expected("harbour-books", "2025-03-04", "inventory", 14, 14),
    Expected("harbour-books", "2025-03-04", "orders", 34, 14, folded=20),
    Expected("harbour-books", "2025-03-04", "order_lines", 34, 34),
    Expected("harbour-books", "2025-03-05", "catalog", 20, 15, folded=5),
    Expected("harbour-books", "2025-03-05", "inventory", 15, 15),
    Expected("harbour-books", "2025-03-05", "orders", 38, 16, folded=22),
    Expected("harbour-books", "2025-03-05", "order_lines", 38, 38),
    Expected("nordic-lamps", "2025-03-03", "catalog", 13, 10, folded=3),
    Expected("nordic-lamps", "2025-03-03", "inventory", 20, 20),
    Expected("nordic-lamps", "2025-03-03", "orders", 30, 10, folded=20),
    Expected("nordic-lamps", "2025-03-03", "order_lines", 30, 30),
    Expected("nordic-lamps", "2025-03-04", "catalog", 13, 10, folded=3),
    Expected("nordic-lamps", "2025-03-04", "orders", 21, 10, folded=11),
    Expected("nordic-lamps", "2025-03-04", "order_lines", 21, 21),
    Expected("nordic-lamps", "2025-03-05", "catalog", 13, 10, folded=3),
    Expected("nordic-lamps", "2025-03-05", "inventory", 20, 20),
    Expected("nordic-lamps", "2025-03-05", "orders", 21, 11, folded=10),
    Expected("nordic-lamps", "2025-03-05", "order_lines", 21, 21),
    Expected("tiny-teas", "2025-03-03", "catalog", 15, 15),
    Expected("tiny-teas", "2025-03-03", "inventory", 15, 15),
    Expected("tiny-teas", "2025-03-03", "variants", 14, 14),
    Expected("tiny-teas", "2025-03-03", "orders", 31, 14, folded=17),
    Expected("tiny-teas", "2025-03-03", "order_lines", 31, 31),
    Expected("tiny-teas", "2025-03-04", "catalog", 16, 15, duplicates=1),
    Expected("tiny-teas", "2025-03-04", "inventory", 16, 15, folded=1),
    Expected("tiny-teas", "2025-03-04", "variants", 14, 14),
    # Only the order that cannot be stored costs its header; the other defects cost a line each.
    Expected("tiny-teas", "2025-03-04", "orders", 202, 89, rejected=3, folded=110),
    Expected("tiny-teas", "2025-03-04", "order_lines", 202, 194, rejected=8),
    Expected("tiny-teas", "2025-03-05", "catalog", 15, 15),
    Expected("tiny-teas", "2025-03-05", "inventory", 15, 15),
    Expected("tiny-teas", "2025-03-05", "variants", 14, 14),
    Expected("tiny-teas", "2025-03-05", "orders", 41, 15, folded=26),
    Expected("tiny-teas", "2025-03-05", "order_lines", 41, 41),
)

# In the file's order: a cell too many, cells missing, a quantity in words, too many decimals, a NUL byte, and the order
# whose first row has a day that does not exist, with its two other rows.
EXPECTED_REJECTS = (
    ExpectedReject(30, None, "columns"),
    ExpectedReject(56, None, "columns"),
    ExpectedReject(74, "quantity", "not_an_integer"),
    ExpectedReject(93, "unit_price", "too_many_decimals"),
    ExpectedReject(116, None, "nul"),
    ExpectedReject(137, "created_at", "not_a_date"),
    ExpectedReject(138, "order_id", "order_rejected"),
    ExpectedReject(139, "order_id", "order_rejected"),
)

# (store, day, dataset): what the store delivers on other days.
NOT_DELIVERED = (("nordic-lamps", "2025-03-04", "inventory"),)

"""Order lines as a customer sends them: canonical CSV, several lines an order, no ids of ours. Made from a seed.

The same number of rows gives the same bytes. A re-delivery is the same day again, as a shop would export it later; a
delivery with bad rows is the same day with every hundredth row spoilt.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

SEED = 7
HEADER = "order_id,created_at,currency,financial_status,quantity,unit_price,discount,variant_id,sku,line_name\n"

# Variants of a mid-sized shop, and lines per order: 1 to 5, 3 on average, as in the exports we have seen.
VARIANTS = 20_000
MOST_LINES = 5

SECONDS_PER_DAY = 86_400

# Of a re-delivery: every tenth line has another quantity, every hundredth order is gone and a new one came instead.
CHANGED_EVERY = 10
GONE_EVERY = 100

BAD_EVERY = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One order line; amounts in cents."""

    order: int
    quantity: int
    cents: int
    variant: int

    @property
    def text(self) -> str:
        return self.record(str(self.quantity), f"{self.cents // 100}.{self.cents % 100:02}")

    def record(self, quantity: str, price: str) -> str:
        """The line of CSV with these two cells, whatever they hold."""
        second = self.order * 7 % SECONDS_PER_DAY
        return (
            f"#{self.order},2025-03-03 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+00:00,EUR,paid,"
            f"{quantity},{price},0.00,v{self.variant},SKU-{self.variant},Lamp {self.variant} - Large / Blue\n"
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What a re-delivery does to a table, by the generator's own count."""

    inserted: int
    updated: int
    unchanged: int
    deleted: int


# What is wrong with a bad row: text for a whole number, a letter in an amount, no quantity, one cell too many.
BAD = (
    lambda line: line.record("two", "9.90"),
    lambda line: line.record("1", "9.9O"),
    lambda line: line.record("", "9.90"),
    lambda line: line.text.replace("\n", ",surplus\n"),
)


def write(path: Path, rows: int) -> None:
    """Writes `rows` order lines of one day."""
    _write(path, (line.text for line in lines(rows)))


def write_redelivery(path: Path, rows: int) -> Changes:
    """Writes the same day as it looks some time later, and says what that changes among the order lines."""
    counts = dict.fromkeys(("inserted", "updated", "unchanged", "deleted"), 0)
    _write(path, _redelivered(rows, counts))
    return Changes(**counts)


def write_with_bad_rows(path: Path, rows: int) -> int:
    """Writes the same day with every hundredth row spoilt, each kind of `BAD` in turn; returns how many those are."""
    texts = (
        BAD[number // BAD_EVERY % len(BAD)](line) if number % BAD_EVERY == 0 else line.text
        for number, line in enumerate(lines(rows), 1)
    )
    _write(path, texts)
    return rows // BAD_EVERY


def lines(rows: int) -> Iterator[Line]:
    """The lines of the day, order by order."""
    return islice(chain.from_iterable(_orders(SEED, 1)), rows)


def _orders(seed: int, first: int) -> Iterator[list[Line]]:
    draw = random.Random(seed).random  # noqa: S311 # figures, not secrets
    order = first
    while True:
        count = 1 + int(draw() * MOST_LINES)
        yield [
            Line(order, 1 + int(draw() * 9), 100 + int(draw() * 9_900), 1 + int(draw() * VARIANTS))
            for _ in range(count)
        ]
        order += 1


def _redelivered(rows: int, counts: dict[str, int]) -> Iterator[str]:
    last = 0
    for number, line in enumerate(lines(rows), 1):
        last = line.order
        if line.order % GONE_EVERY == 0:
            counts["deleted"] += 1
        elif number % CHANGED_EVERY == 0:
            counts["updated"] += 1
            yield line.record(str(line.quantity + 1), f"{line.cents // 100}.{line.cents % 100:02}")
        else:
            counts["unchanged"] += 1
            yield line.text
    for line in chain.from_iterable(islice(_orders(SEED + 1, last + 1), last // GONE_EVERY)):
        counts["inserted"] += 1
        yield line.text


def _write(path: Path, texts: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        file.writelines(texts)

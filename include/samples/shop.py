"""An invented shop: what it sells, and orders drawn from that by a seeded generator."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

Thing = TypeVar("Thing")

DAYS = (dt.date(2025, 3, 3), dt.date(2025, 3, 4), dt.date(2025, 3, 5))

DEFAULT_TITLE = "Default Title"
CENT = Decimal("0.01")
VAT = Decimal("0.20")


@dataclass(frozen=True, slots=True)
class Variant:
    """What can be bought: option values, SKU (may be blank or shared), price as text, stock (None: not stocked)."""

    options: tuple[str, ...]
    sku: str
    price: str
    stock: int | None = 10
    barcode: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its variants; `images` counts its pictures, which may be more than it has variants."""

    handle: str
    title: str
    kind: str
    option_names: tuple[str, ...]
    variants: tuple[Variant, ...]
    body: str = ""
    tags: str = ""
    images: int = 1

    def line_name(self, variant: Variant) -> str:
        """How an order's line calls the variant: "Title - O1 / O2", without "Default Title"."""
        options = " / ".join(variant.options)
        return self.title if options == DEFAULT_TITLE else f"{self.title} - {options}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order. `discount` is the whole line's."""

    name: str
    sku: str
    price: Decimal
    quantity: int = 1
    discount: Decimal = Decimal("0.00")
    variant_id: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `buyer` numbers a placeholder, there are no persons in the samples."""

    number: int
    created: dt.datetime
    lines: tuple[Line, ...]
    currency: str
    status: str = "paid"
    shipping: Decimal = Decimal("4.90")
    refunded: Decimal = Decimal("0.00")
    cancelled: dt.datetime | None = None

    @property
    def buyer(self) -> str:
        return f"{self.number % 37 + 1:04}"

    @property
    def subtotal(self) -> Decimal:
        return sum((line.quantity * line.price - line.discount for line in self.lines), Decimal("0.00"))

    @property
    def taxes(self) -> Decimal:
        return (self.subtotal * VAT / (1 + VAT)).quantize(CENT)

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.shipping

    def refund(self) -> Order:
        """The same order, paid back in full."""
        return replace(self, status="refunded", refunded=self.total)

    def cancel(self, moment: dt.datetime) -> Order:
        """The same order, cancelled and paid back."""
        return replace(self.refund(), cancelled=moment)


class Draw:
    """Choices from a seed. Only `random()` is used: the one sequence that Python keeps the same over its versions."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 # samples, not secrets

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of the things."""
        return things[self.below(len(things))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(100) < percent


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop's counter: what is asked for, in which money and zone, and the pair that is often bought together."""

    lines: tuple[Line, ...]
    pair: tuple[int, int]
    currency: str
    zone: str
    shipping: Decimal = Decimal("4.90")

    def sell(self, draw: Draw, day: dt.date, first_number: int, count: int, pair_percent: int = 45) -> list[Order]:
        """The orders of a day, in the order in which they came."""
        minutes = sorted(draw.below(14 * 60) for _ in range(count))
        return [
            Order(
                number,
                self._moment(day, minute, draw.below(60)),
                tuple(self._basket(draw, pair_percent)),
                self.currency,
                shipping=self.shipping,
            )
            for number, minute in enumerate(minutes, first_number)
        ]

    def _moment(self, day: dt.date, minute: int, second: int) -> dt.datetime:
        opening = dt.datetime.combine(day, dt.time(7, 0, second), ZoneInfo(self.zone))
        return opening + dt.timedelta(minutes=minute)

    def _basket(self, draw: Draw, pair_percent: int) -> Iterator[Line]:
        if draw.chance(pair_percent):
            yield from (self.lines[position] for position in self.pair)
        else:
            yield self._wanted(draw)
        while draw.chance(45):
            yield self._wanted(draw)

    def _wanted(self, draw: Draw) -> Line:
        line = draw.pick(self.lines)
        quantity = draw.pick((1, 1, 1, 2, 3))
        discount = (quantity * line.price / 10).quantize(CENT) if draw.chance(15) else line.discount
        return replace(line, quantity=quantity, discount=discount)


def lines_of(products: Sequence[Product]) -> tuple[Line, ...]:
    """One line for every variant, as an order has it."""
    return tuple(
        Line(product.line_name(variant), variant.sku.removeprefix("'"), Decimal(variant.price))
        for product in products
        for variant in product.variants
    )

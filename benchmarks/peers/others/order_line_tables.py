"""The table of order lines as SQLAlchemy's users declare it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from benchmarks.peers.work import COLUMNS, SCHEMA, PeerWork

MONEY = sa.Numeric(18, 4)
TYPES: dict[str, Any] = {
    "order_id": sa.Text(),
    "created_at": sa.DateTime(timezone=True),
    "currency": sa.Text(),
    "financial_status": sa.Text(),
    "quantity": sa.BigInteger(),
    "unit_price": MONEY,
    "discount": MONEY,
    "variant_id": sa.Text(),
    "sku": sa.Text(),
    "line_name": sa.Text(),
}


def columns() -> list[sa.Column[Any]]:
    """New columns: a column belongs to one table."""
    return [sa.Column(name, kind) for name, kind in TYPES.items()]


def engine(work: PeerWork) -> sa.Engine:
    """An engine over psycopg 3."""
    return sa.create_engine(work.url.replace("postgresql://", "postgresql+psycopg://", 1))


def typed(work: PeerWork) -> Iterator[tuple[Any, ...]]:
    """The lines with Python's types, as SQLAlchemy's own types ask for."""
    for order, created, currency, status, quantity, price, discount, variant, sku, name in work.lines():
        moment = dt.datetime.fromisoformat(created)
        money = Decimal(price), Decimal(discount)
        yield order, moment, currency, status, int(quantity), *money, variant, sku, name


def mappings(work: PeerWork) -> Iterator[dict[str, Any]]:
    """The same as dictionaries."""
    names = tuple(COLUMNS)
    for row in typed(work):
        yield dict(zip(names, row, strict=True))


__all__ = ["MONEY", "SCHEMA", "TYPES", "columns", "engine", "mappings", "typed"]

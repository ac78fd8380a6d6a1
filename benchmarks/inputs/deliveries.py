"""A benchmark's input: a server, a landing zone, one kind of file, and the states that cases find."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import through
from benchmarks.inputs import by_hand, order_lines, shop_exports
from benchmarks.inputs.by_hand import HandSql
from benchmarks.server import reset
from include.pipelines.commerce.delivery.upload_id import upload_id
from include.results import LoadResult, Status


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that customers send; `share` is its rows for each row asked for."""

    name: str
    dataset: str
    write: Callable[[Path, int], None]
    hand: HandSql
    share: float = 1.0

    def rows(self, asked: int) -> int:
        return max(1, round(asked * self.share))


KINDS = {
    kind.name: kind
    for kind in (
        Kind("order lines", "orders", order_lines.write, by_hand.ORDER_LINES),
        Kind("Shopify orders", "orders", shop_exports.write_orders, by_hand.SHOPIFY_ORDERS),
        # Its rows are five times as wide as order lines: a catalog of a tenth of the rows is a big one.
        Kind("catalog", "catalog", shop_exports.write_products, by_hand.SHOPIFY_CATALOG, share=0.1),
    )
}


@dataclass(frozen=True, slots=True)
class Work:
    """What the cases get: the database's URL, the home with its landing zone, and the name of the kind of file."""

    url: str
    home: str
    kind_name: str = "order lines"

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    @property
    def original(self) -> Path:
        """The file as it was written once, before it is delivered."""
        return Path(self.home) / f"{self.kind.name.replace(' ', '-')}.csv"

    @property
    def folder(self) -> Path:
        """The newest delivery."""
        return max((Path(self.home) / "landing" / through.STORE).iterdir())

    @property
    def file(self) -> Path:
        return self.folder / f"{self.kind.dataset}.csv"

    @property
    def upload_id(self) -> str:
        return upload_id(self.folder.parent.name, dt.date.fromisoformat(self.folder.name))


def deliver(work: Work, day: dt.date = through.DAY) -> Path:
    """Lays the original out as the delivery of a day; returns its folder."""
    folder = through.delivery(Path(work.home), day)
    target = folder / f"{work.kind.dataset}.csv"
    target.unlink(missing_ok=True)
    os.link(work.original, target)
    return folder


def deliver_next(work: Work) -> None:
    """`prepare` of cases that load beside other rows: the same file as the delivery of one more day."""
    deliver(work, dt.date.fromisoformat(work.folder.name) + dt.timedelta(days=1))


def forget(work: Work) -> None:
    """`prepare` of cases that load into empty tables."""
    reset(work.url)
    by_hand.make_schema(work.url)


def limit(work: Work) -> None:
    """The limit: `COPY` of the file's bytes."""
    by_hand.copy_only(work.url, work.file, work.kind.hand)


def hand_into_empty(work: Work) -> None:
    """The hand-written SQL into tables of its own, indexes last."""
    by_hand.fill_empty(work.url, work.file, work.kind.hand, str(uuid.uuid4()))


def hand_beside(work: Work) -> None:
    """The hand-written SQL beside other rows."""
    by_hand.insert_beside(work.url, work.file, work.kind.hand, str(uuid.uuid4()))


def longshore(work: Work) -> None:
    """The whole load, from opening and hashing the delivery to the commit with its ledger row.

    Raises:
        RuntimeError: the load did not do what its figures will be shown for.
    """
    expect(through.load(work.url, work.folder, work.kind.dataset), Status.LOADED)


def expect(results: tuple[LoadResult, ...], status: Status) -> None:
    """Refuses figures of a load that became something else."""
    found = {result.status for result in results}
    if found != {status}:
        raise RuntimeError(f"The load was expected to be {status.value} and is {', '.join(sorted(found))}.")

"""What an upload is: one store's delivery for one day, and the files of its datasets."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.writers.postgres.merge_sql import Partition

# Namespace of the hash of store and day, so that any run of the day finds the same id.
NAMESPACE = uuid.UUID("5f0f2a0e-6f1c-5b57-9f51-6d3c1d7f6a10")

# Bits of an id that follow the day's; and within these the version's place (RFC 9562).
DAY_SHIFT = 96
VERSION_BITS, VERSION_8 = 0xF << 76, 0x8 << 76

DATASETS = ("catalog", "inventory", "orders", "variants")


def upload_id(store: str, day: dt.date) -> str:
    """The upload's id, the text of a UUID: the day's ordinal, then the hash of store and day (version 8 of RFC 9562).

    Ids sort by day, so tables are partitioned by them.
    """
    hashed = uuid.uuid5(NAMESPACE, f"{store}/{day.isoformat()}").int & ((1 << DAY_SHIFT) - 1)
    return str(uuid.UUID(int=day.toordinal() << DAY_SHIFT | hashed & ~VERSION_BITS | VERSION_8))


def month_of(day: dt.date) -> Partition:
    """Where the rows of the day's uploads lie."""
    from include.writers.postgres.merge_sql import Partition  # imports pyarrow, which listings do without

    first = day.replace(day=1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    low, high = (str(uuid.UUID(int=day.toordinal() << DAY_SHIFT)) for day in (first, following))
    return Partition("upload_id", first.isoformat(), low, high)


def lock_name(upload_id: str, dataset: str) -> str:
    """Name of the lock under which one transaction at a time writes a dataset of an upload."""
    return f"commerce/{upload_id}/{dataset}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A folder of the landing zone: whose it is, and for which day. `url` is a path or an fsspec URL."""

    store: str
    day: dt.date
    url: str

    def as_json(self) -> dict[str, str]:
        """For an XCom: three texts."""
        return {"store": self.store, "day": self.day.isoformat(), "url": self.url}

    @classmethod
    def from_json(cls, document: dict[str, str]) -> Delivery:
        """What `as_json` gave."""
        return cls(document["store"], dt.date.fromisoformat(document["day"]), document["url"])

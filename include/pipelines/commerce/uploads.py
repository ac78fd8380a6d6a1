"""What an upload is: one store's delivery for one day, and the files of its datasets."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

# Namespace of the uploads' ids: UUIDv5 of store and day, so that any run of the day finds the same one.
NAMESPACE = uuid.UUID("5f0f2a0e-6f1c-5b57-9f51-6d3c1d7f6a10")

DATASETS = ("catalog", "inventory", "orders", "variants")


def upload_id(store: str, day: dt.date) -> str:
    """The upload's id, the text of a UUID."""
    return str(uuid.uuid5(NAMESPACE, f"{store}/{day.isoformat()}"))


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

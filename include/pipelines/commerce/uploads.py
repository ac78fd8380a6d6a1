"""What an upload is: one store's delivery for one day, and the files of its datasets."""

from __future__ import annotations

import datetime as dt
import shlex
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from include.ledger.loads import LoadKey
from include.readers.blocks import Part

# Namespace of the uploads' ids: UUIDv5 of store and day, so that any run of the day finds the same one.
NAMESPACE = uuid.UUID("5f0f2a0e-6f1c-5b57-9f51-6d3c1d7f6a10")

DATASETS = ("catalog", "inventory", "orders", "variants")


def upload_id(store: str, day: dt.date) -> str:
    """The upload's id, the text of a UUID."""
    return str(uuid.uuid5(NAMESPACE, f"{store}/{day.isoformat()}"))


def shell_name(store: str, day: dt.date) -> str:
    """How a person names an upload on the command line: STORE/DAY, quoted for the shell where that is needed."""
    return shlex.quote(f"{store}/{day.isoformat()}")


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


@dataclass(frozen=True, slots=True)
class Upload:
    """An opened delivery: ids resolved, files listed and hashed once.

    `parts` holds each dataset's files in name order, `ignored` the names of files that belong to no dataset.
    """

    run_id: int
    upload_id: str
    store: str
    day: dt.date
    url: str
    parts: dict[str, tuple[Part, ...]]
    ignored: tuple[str, ...] = ()

    @property
    def key(self) -> LoadKey:
        """How the ledger names the upload within this run."""
        return LoadKey(self.run_id, self.upload_id, self.store, self.day.isoformat())

    @property
    def shell_name(self) -> str:
        """See the function `shell_name`."""
        return shell_name(self.store, self.day)

    def as_json(self) -> dict[str, Any]:
        """For an XCom: plain values, no rows."""
        return {**asdict(self), "day": self.day.isoformat()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Upload:
        """What `as_json` gave."""
        parts = {name: tuple(Part(**part) for part in listed) for name, listed in document["parts"].items()}
        return cls(
            **{
                **document,
                "day": dt.date.fromisoformat(document["day"]),
                "parts": parts,
                "ignored": tuple(document["ignored"]),
            }
        )

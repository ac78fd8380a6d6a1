"""An opened delivery: ids resolved, files listed and hashed once."""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import asdict, dataclass
from typing import Any

from include.ledger.loads import LoadKey
from include.readers.blocks import Part


def shell_name(store: str, day: dt.date) -> str:
    """How a person names an upload on the command line: STORE/DAY, quoted for the shell where that is needed."""
    return shlex.quote(f"{store}/{day.isoformat()}")


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

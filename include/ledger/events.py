"""Events: what was done to an upload after it was loaded, by whom and when; table `ledger.events`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from include.postgres.errors import translated


class EventKind(StrEnum):
    """What happened."""

    UPLOAD_FORGOTTEN = "upload forgotten"
    PERSON_FORGOTTEN = "person forgotten"


@dataclass(frozen=True, slots=True)
class Subject:
    """The upload that an event is about. `upload_id` is the text of a UUID."""

    upload_id: str
    store: str
    day: dt.date


def record(
    connection: Connection[TupleRow], kind: EventKind, subject: Subject, actor: str, rows: Mapping[str, int]
) -> None:
    """Notes an event within the connection's transaction: `rows` counts by table, never what was in them."""
    with translated():
        connection.execute(
            "INSERT INTO ledger.events (kind, upload_id, store, day, actor, rows) VALUES (%s, %s, %s, %s, %s, %s)",
            [kind.value, subject.upload_id, subject.store, subject.day, actor, Jsonb(dict(rows))],
        )

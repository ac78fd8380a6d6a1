"""The patterns that this project exists to end, as they are met in production code: rows as objects of an ORM."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from benchmarks.peers.others import order_line_tables
from benchmarks.peers.work import SCHEMA, TABLE, PeerWork


class OrderLine:
    """One line as an object; the ORM asks for a key, which the database gives."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


MAPPER = registry(metadata=sa.MetaData(schema=SCHEMA))
LINES = sa.Table(TABLE, MAPPER.metadata, sa.Column("id", sa.BigInteger, primary_key=True), *order_line_tables.columns())
MAPPER.map_imperatively(OrderLine, LINES)


def one_transaction(work: PeerWork) -> None:
    """All rows as objects of one session, one commit at the end."""
    with _session(work) as session:
        for values in order_line_tables.mappings(work):
            session.add(OrderLine(**values))
        session.commit()


def refresh_each(work: PeerWork) -> None:
    """The same, each row flushed and read back at once."""
    with _session(work) as session:
        for values in order_line_tables.mappings(work):
            line = OrderLine(**values)
            session.add(line)
            session.flush()
            session.refresh(line)
        session.commit()


def commit_each(work: PeerWork) -> None:
    """Each row a transaction of its own."""
    with _session(work) as session:
        for values in order_line_tables.mappings(work):
            session.add(OrderLine(**values))
            session.commit()


def _session(work: PeerWork) -> Session:
    engine = order_line_tables.engine(work)
    MAPPER.metadata.create_all(engine)
    return Session(engine)

"""A competing writer that is in the way at the very moment that a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.postgres.session import connect

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def competing(url: str, statement: str) -> Iterator[None]:
    """Holds the rows of a statement until somebody in the block waits for them, then commits it."""
    done = threading.Event()

    def commit_when_awaited() -> None:
        with connect(url) as observer:
            while observer.execute(WAITING).fetchone() == (0,) and not done.wait(0.02):
                pass
        competitor.commit()

    with psycopg.connect(url) as competitor:
        competitor.execute(statement.encode())
        thread = threading.Thread(target=commit_when_awaited)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(30)

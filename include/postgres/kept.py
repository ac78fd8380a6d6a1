"""One connection for the many short uses that an upload makes of the database, one after the other.

Opening one takes five round trips and more: over a long way, half of the time of a small upload.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

# What a pipeline asks for where it needs the database: left with `with`, whatever it is.
Connect = Callable[[], AbstractContextManager[Connection[TupleRow]]]

# Seconds for which a connection may lie idle. Firewalls forget what is idle for minutes, and do not say so.
IDLE_S = 30.0


class KeptConnection:
    """A `connect` that lends one connection again and again; leaving the block of this object closes it.

    A use that ends with an error, or within a transaction, ends the connection too, so that an attempt that is
    repeated has another one. So does a server that hung up meanwhile, and a long while without any use. Who asks for a
    connection while it is lent gets one of his own.

    Args:
        connect: opens an autocommit connection.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._kept: Connection[TupleRow] | None = None
        self._opened: AbstractContextManager[Connection[TupleRow]] | None = None
        self._idle_since = 0.0
        self._lent = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @contextmanager
    def __call__(self) -> Iterator[Connection[TupleRow]]:
        """The connection, for the length of a block.

        Raises:
            TransientError, SetupError: it has to be opened, and cannot be.
        """
        if self._lent:
            with self._connect() as own:
                yield own
            return
        connection = self._usable()
        self._lent, in_order = True, False
        try:
            yield connection
            in_order = _is_idle(connection)
        finally:
            self._lent, self._idle_since = False, time.monotonic()
            if not in_order:
                self._end()

    def _usable(self) -> Connection[TupleRow]:
        if self._kept and (_speaks(self._kept) or time.monotonic() - self._idle_since > IDLE_S):
            self._end()
        if self._kept is None:
            self._opened = self._connect()
            self._kept = self._opened.__enter__()
        return self._kept

    def _end(self) -> None:
        kept, opened = self._kept, self._opened
        self._kept = self._opened = None
        if kept and opened:
            # Not by leaving its block, which would commit what an error has left open.
            kept.close()
            opened.__exit__(None, None, None)


def _is_idle(connection: Connection[TupleRow]) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


def _speaks(connection: Connection[TupleRow]) -> bool:
    """Whether the server has said something unasked: it has hung up, or is about to. Costs no round trip."""
    if connection.closed:
        return True
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    return bool(heard.poll(0))

"""A proxy before a PostgreSQL server that can cut a connection between a commit and the word of it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# The server's word that a transaction is committed: CommandComplete of COMMIT.
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"

# Bytes of one read; a test's answers are smaller, so that the word above comes in one piece.
READ_BYTES = 65_536


class BreakingProxy:
    """Passes everything on, until it is told to swallow a commit's answer and to hang up instead.

    Args:
        url: of the server, which is reached by TCP.
    """

    def __init__(self, url: str) -> None:
        given = conninfo_to_dict(url)
        self._server = (str(given["host"]), int(str(given["port"])))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = make_conninfo(url, host="127.0.0.1", port=self._listener.getsockname()[1], sslmode="disable")
        self._commits_until_cut = 0
        self.cuts = 0

    def cut_at_commit(self, number: int = 1) -> None:
        """Swallows the answer to the next commit but `number - 1`, counted over all connections."""
        self._commits_until_cut = number

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            server = socket.create_connection(self._server)
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(source, sink, answers), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):  # the other side has hung up
            while data := source.recv(READ_BYTES):
                if answers and COMMITTED in data and self._is_cut():
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):  # it is closed already
                end.shutdown(socket.SHUT_RDWR)

    def _is_cut(self) -> bool:
        if not self._commits_until_cut:
            return False
        self._commits_until_cut -= 1
        self.cuts += self._commits_until_cut == 0
        return self._commits_until_cut == 0

"""A TCP proxy that is as far away as it is told: `python -m benchmarks.loads.delaying_proxy HOST PORT --delay-ms 100`.

What is sent arrives half the delay later in either direction, in order and at full rate, so a round trip costs the
whole delay; a new connection costs one more, as TCP's own handshake would. Nothing is lost and nothing reordered.

It counts round trips: the times that a client sent something after it had been sent something, which is how often it
had to wait for an answer. A second port answers each connection with the counts since the last one, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from socket import create_connection
from urllib.parse import urlsplit, urlunsplit

from include.settings import PROJECT_ROOT

# Bytes read at once.
CHUNK_BYTES = 256 * 1024

# Chunks on their way in one direction: 64 MB, far more than a link of this delay holds, so the rate stays the server's.
IN_FLIGHT = 256

HOST = "127.0.0.1"

# Of a round trip, to a database in another data centre: what the bars are about.
DELAY_MS = 100.0

CALL_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Trips:
    """Connections opened, and round trips over them with those that opening one takes."""

    connections: int = 0
    round_trips: int = 0


class DelayingProxy:
    """The server part, in the proxy's own process.

    Args:
        host: of the server behind it.
        port: of the server behind it.
        delay_ms: of a round trip.
    """

    def __init__(self, host: str, port: int, delay_ms: float) -> None:
        self._server = host, port
        self._one_way_s = delay_ms / 2000
        self._trips = Trips()

    async def run(self) -> None:
        """Serves until it is killed; prints both ports first."""
        proxy = await asyncio.start_server(self._connected, HOST, 0)
        counts = await asyncio.start_server(self._asked, HOST, 0)
        ports = [server.sockets[0].getsockname()[1] for server in (proxy, counts)]
        print(json.dumps(ports), flush=True)
        async with proxy, counts:
            await asyncio.gather(proxy.serve_forever(), counts.serve_forever())

    async def _asked(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(asdict(self._trips)).encode())
        self._trips = Trips()
        writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._trips.connections += 1
        self._trips.round_trips += 1
        await asyncio.sleep(2 * self._one_way_s)
        server_reader, server_writer = await asyncio.open_connection(*self._server)
        turn = Turn(self._count)
        ways = (
            self._forward(reader, server_writer, turn.client_sent, lambda: None),
            self._forward(server_reader, writer, lambda: None, turn.client_was_answered),
        )
        await asyncio.gather(*ways, return_exceptions=True)

    def _count(self) -> None:
        self._trips.round_trips += 1

    async def _forward(self, reader, writer, sent, delivered) -> None:  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)

        async def deliver() -> None:
            while True:
                due, chunk = await queue.get()
                await asyncio.sleep(due - loop.time())
                if not chunk:
                    writer.close()
                    return
                delivered()
                writer.write(chunk)
                await writer.drain()

        delivery = asyncio.create_task(deliver())
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK_BYTES):
                sent()
                await queue.put((loop.time() + self._one_way_s, chunk))
        await queue.put((loop.time() + self._one_way_s, b""))
        with suppress(ConnectionError):
            await delivery


class Turn:
    """Whose turn it is on one connection: what the client sends counts when it had been answered before, or first.

    Args:
        count: called for each round trip.
    """

    def __init__(self, count) -> None:  # type: ignore[no-untyped-def]
        self._count = count
        self._answered = True

    def client_sent(self) -> None:
        """A chunk from the client is at the proxy."""
        if self._answered:
            self._count()
        self._answered = False

    def client_was_answered(self) -> None:
        """A chunk has reached the client."""
        self._answered = True


@dataclass(frozen=True, slots=True)
class Link:
    """A running proxy: where it listens, and where it tells its counts."""

    port: int
    counts_port: int

    def url(self, direct: str) -> str:
        """The URL of a database through the proxy."""
        parts = urlsplit(direct)
        user = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@{HOST}:{self.port}"))

    def trips(self) -> Trips:
        """The counts since the last call."""
        with create_connection((HOST, self.counts_port), CALL_TIMEOUT_S) as connection, connection.makefile() as words:
            return Trips(**json.load(words))


@contextmanager
def delaying_proxy(direct: str, delay_ms: float) -> Iterator[Link]:
    """A proxy before the server of the URL, in a process of its own, for the length of the block."""
    parts = urlsplit(direct)
    command = [sys.executable, "-m", "benchmarks.loads.delaying_proxy", str(parts.hostname), str(parts.port)]
    process = subprocess.Popen(
        [*command, "--delay-ms", str(delay_ms)], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise RuntimeError("The proxy's output is not connected.")
        yield Link(*json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Runs one until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--delay-ms", type=float, default=100.0, help="of a round trip")
    arguments = parser.parse_args()
    asyncio.run(DelayingProxy(arguments.host, arguments.port, arguments.delay_ms).run())


if __name__ == "__main__":
    main()

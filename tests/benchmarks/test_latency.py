from __future__ import annotations

import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

from benchmarks.loads.delaying_proxy import HOST, Link, Turn, delaying_proxy
from benchmarks.loads.latency import measure_latency

DELAY_MS = 40.0


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65_536):
            self.request.sendall(data)


@contextmanager
def echo_behind_the_proxy() -> Iterator[Link]:
    with socketserver.ThreadingTCPServer((HOST, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with delaying_proxy(f"postgresql://nobody@{HOST}:{server.server_address[1]}/none", DELAY_MS) as link:
            yield link
        server.shutdown()


def receive(connection: socket, size: int) -> bytes:
    received = b""
    while len(received) < size and (data := connection.recv(65_536)):
        received += data
    return received


def test_each_question_that_waits_for_its_answer_costs_the_delay_and_counts_once() -> None:
    with echo_behind_the_proxy() as link:
        started = time.monotonic()
        with create_connection((HOST, link.port), 10) as connection:
            for word in (b"one", b"two", b"three"):
                connection.sendall(word)
                assert receive(connection, len(word)) == word
        assert time.monotonic() - started >= 4 * DELAY_MS / 1000
        trips = link.trips()
        assert (trips.connections, trips.round_trips) == (1, 4)
        assert link.trips().round_trips == 0


def test_what_is_sent_without_waiting_is_one_round_trip_and_arrives_whole() -> None:
    sent = bytes(range(256)) * 4_000
    with echo_behind_the_proxy() as link, create_connection((HOST, link.port), 10) as connection:
        writer = threading.Thread(target=connection.sendall, args=[sent])
        writer.start()
        assert receive(connection, len(sent)) == sent
        writer.join()


def test_the_turn_changes_when_the_client_has_been_answered() -> None:
    counted: list[int] = []
    turn = Turn(lambda: counted.append(1))
    for _ in range(3):
        turn.client_sent()
    turn.client_was_answered()
    turn.client_was_answered()
    assert len(counted) == 1
    turn.client_sent()
    assert len(counted) == 2


def test_the_url_through_the_proxy_differs_in_the_port_alone() -> None:
    assert (
        Link(5, 6).url("postgresql://me:secret@127.0.0.1:7/longshore") == "postgresql://me:secret@127.0.0.1:5/longshore"
    )


def counted(note: str) -> tuple[int, int]:
    """Round trips and connections; one trip more than there are steps where a closed one's goodbye comes late."""
    trips, connections = map(int, re.findall(r"\d+", note))
    return trips, connections


def test_loads_over_the_link_are_timed_and_their_round_trips_counted(home: Path) -> None:
    rows = measure_latency(home, 1, 2.0, (5, 50))
    assert [row.case for row in rows] == [
        "5 rows",
        "50 rows",
        "a small upload, four datasets",
        "40 bundles saved",
        "round trips: 5 rows",
        "round trips: 50 rows",
    ]
    small, _, upload, _, fewest, more = rows
    for row, trips in ((small, 15), (upload, 45)):
        found, connections = counted(row.note)
        assert (connections, found <= trips) == (1, True), row.note
    assert fewest.ratio == 1.0
    assert more.bar == 1.0
    assert more.ratio is not None
    assert "round trips" in more.note
    assert "opening 0 connections" in rows[3].note

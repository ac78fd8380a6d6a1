from __future__ import annotations

import socket
import threading
from pathlib import Path

from include.stack.ports import HOST, choose_ports, is_free, wait_until_free


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_ports_stay_the_same_as_long_as_they_are_free() -> None:
    first = choose_ports(Path("/a"), ("one", "two"), {})
    assert len(set(first.values())) == 2
    assert choose_ports(Path("/a"), ("one", "two"), first) == first


def test_a_remembered_port_that_is_taken_is_replaced_alone() -> None:
    first = choose_ports(Path("/b"), ("one", "two"), {})
    with socket.socket() as server:
        server.bind((HOST, first["one"]))
        server.listen()
        second = choose_ports(Path("/b"), ("one", "two"), first)
    assert second["two"] == first["two"]
    assert second["one"] not in first.values()


def test_two_clones_look_in_different_places() -> None:
    assert choose_ports(Path("/clone/one"), ("api",), {}) != choose_ports(Path("/clone/two"), ("api",), {})


def test_a_port_that_is_let_go_of_soon_is_waited_for() -> None:
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        assert not wait_until_free(port, 0.1)
        threading.Timer(0.2, server.close).start()
        assert wait_until_free(port, 10)

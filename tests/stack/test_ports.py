from __future__ import annotations

import socket
from pathlib import Path

from include.stack.ports import HOST, choose_ports, is_free


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

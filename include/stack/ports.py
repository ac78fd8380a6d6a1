"""Free TCP ports on the loopback, the same ones at every start as long as nobody else takes them."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path

HOST = "127.0.0.1"

# Below Linux' range for outgoing connections (32768 and up), so that no client socket sits on a remembered port.
FIRST_PORT = 20_000
BLOCKS = 1_000
PORTS_PER_BLOCK = 10

POLL_S = 0.05


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; a connection in TIME_WAIT does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_until_free(port: int, patience_s: float) -> bool:
    """Waits until nobody listens on the port; False where somebody still does after `patience_s` seconds.

    A killed server counts as ended as soon as its first thread has: the last one closes the port.
    """
    deadline = time.monotonic() + patience_s
    while not (free := is_free(port)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return free


def choose_ports(owner: Path, names: tuple[str, ...], remembered: dict[str, int]) -> dict[str, int]:
    """One free port for each name, the remembered one where it is still free.

    The search begins at a place that follows from `owner`, the folder that the servers belong to: two clones that
    start at the same moment look in different places.
    """
    kept = {name: remembered[name] for name in names if name in remembered and is_free(remembered[name])}
    candidates = (port for port in _candidates(owner) if port not in kept.values() and is_free(port))
    return {name: kept.get(name) or next(candidates) for name in names}


def _candidates(owner: Path) -> list[int]:
    digest = hashlib.sha256(str(owner).encode()).digest()
    start = int.from_bytes(digest[:4], "big") % BLOCKS * PORTS_PER_BLOCK
    size = BLOCKS * PORTS_PER_BLOCK
    return [FIRST_PORT + (start + step) % size for step in range(size)]

"""Connections to a Neo4j server as the loader wants them, and a server by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from neo4j import Driver, GraphDatabase

from include.errors import UsageError
from include.writers.graph.neo4j.errors import translated

# What the server's list of connections and its query log say of ours.
USER_AGENT = "longshore"

# Seconds until a server that does not answer counts as out of reach.
CONNECT_TIMEOUT_S = 10.0

# Of Bolt, the driver's protocol.
DEFAULT_PORT = 7687

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL names: `uri` for the driver, host and port, who logs in, and the database (None: the user's home)."""

    uri: str
    address: str
    auth: tuple[str, str] | None = field(repr=False)
    database: str | None


def place_of(url: str) -> Place:
    """What a URL SCHEME://USER:PASSWORD@HOST:PORT/DATABASE names.

    >>> place_of("neo4j://ann:p%40ss@graphs.example/shop")
    Place(uri='neo4j://graphs.example:7687', address='graphs.example:7687', database='shop')

    Raises:
        UsageError: it is no such URL; the message does not repeat it, since it holds a password.
    """
    try:
        parts = urlsplit(url)
        address = f"{parts.hostname}:{parts.port or DEFAULT_PORT}"
    except ValueError:
        raise _no_url() from None  # the error may quote the password
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise _no_url()
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    uri = urlunsplit((parts.scheme, address, "", parts.query, ""))
    return Place(uri, address, auth, unquote(parts.path.strip("/")) or None)


@contextmanager
def connect(url: str) -> Iterator[tuple[Driver, Place]]:
    """The driver of the server at a URL, known to answer, for the length of the block.

    Raises:
        UsageError: see `place_of`.
        SetupError: the server refuses user or password.
        TransientError: it cannot be reached.
    """
    place = place_of(url)
    with GraphDatabase.driver(
        place.uri, auth=place.auth, user_agent=USER_AGENT, connection_timeout=CONNECT_TIMEOUT_S
    ) as driver:
        with translated():
            driver.verify_connectivity()
        yield driver, place


def _no_url() -> UsageError:
    return UsageError("That is no URL of a Neo4j server.", "Write it as neo4j://USER:PASSWORD@HOST:7687/DATABASE.")

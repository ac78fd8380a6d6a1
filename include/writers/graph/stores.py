"""Where the product graph is written to: Ladybug's file, or a Neo4j server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from include.timing import Stopwatch
from include.writers.graph.targets import GraphTarget, GraphWriter

if TYPE_CHECKING:
    from neo4j import Driver

# The whole load is repeated where the file is held: its writer need not wait, and the ledger's transaction neither.
ONE_ATTEMPT = 1


class GraphStore(Protocol):
    """One graph."""

    @property
    def name(self) -> str:
        """What the ledger and messages call it; without a password."""

    def is_new(self) -> bool:
        """Whether it holds nothing of earlier loads, whatever the ledger says: it was moved away, or purged."""

    def writer(
        self, targets: Sequence[GraphTarget], scope: str, stopwatch: Stopwatch
    ) -> AbstractContextManager[GraphWriter]:
        """A writer for one slice of the targets."""


@dataclass(frozen=True, slots=True)
class LadybugGraph:
    """The embedded graph in a file."""

    path: Path

    @property
    def name(self) -> str:
        return f"ladybug:{self.path.absolute()}"

    def is_new(self) -> bool:
        return not (self.path.exists() and self.path.stat().st_size)

    def writer(
        self, targets: Sequence[GraphTarget], scope: str, stopwatch: Stopwatch
    ) -> AbstractContextManager[GraphWriter]:
        from include.writers.graph.ladybug.writer import LadybugCopyWriter

        return LadybugCopyWriter(self.path, targets, scope=scope, stopwatch=stopwatch, attempts=ONE_ATTEMPT)


@dataclass(frozen=True, slots=True)
class Neo4jGraph:
    """A database of a Neo4j server.

    Args:
        driver: known to answer; the caller closes it.
        address: host and port, by which the ledger tells servers apart.
        database: None is the user's home database.
    """

    driver: Driver = field(repr=False)
    address: str
    database: str | None = None

    @property
    def name(self) -> str:
        return f"neo4j:{self.address}/{self.database or ''}"

    def is_new(self) -> bool:
        from neo4j import RoutingControl

        from include.writers.graph.neo4j.errors import translated

        with translated():
            found = self.driver.execute_query(
                "MATCH (s:Store) WHERE s.name IS NOT NULL RETURN s.name LIMIT 1",
                database_=self.database,
                routing_=RoutingControl.READ,
            )
        return not found.records

    def writer(
        self, targets: Sequence[GraphTarget], scope: str, stopwatch: Stopwatch
    ) -> AbstractContextManager[GraphWriter]:
        from include.writers.graph.neo4j.writer import Neo4jUnwindWriter

        return Neo4jUnwindWriter(self.driver, targets, scope=scope, database=self.database, stopwatch=stopwatch)


@contextmanager
def connected(url: str) -> Iterator[Neo4jGraph]:
    """The Neo4j database at a URL, for the length of the block; see `graph.neo4j.session.connect`."""
    from include.writers.graph.neo4j import session as neo4j_session

    with neo4j_session.connect(url) as (driver, place):
        yield Neo4jGraph(driver, place.address, place.database)

"""The one shape of every writer: a context manager with few verbs.

    with SomeWriter(...) as writer:
        writer.write(batches)
        counts = writer.finish()

Leaving the block commits the whole load; leaving it by an exception, or without `finish`, discards it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from include.errors import RowError


@runtime_checkable
class ArrowStream(Protocol):
    """Anything with the Arrow C stream interface: pyarrow, pandas, polars, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What a store did with the rows of one target, in the store's words."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    duplicates: int = 0

    def __add__(self, other: WriteCounts) -> WriteCounts:
        return WriteCounts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the store would not take: its position over all that was written (0-based), and why."""

    position: int
    error: RowError


class Writer(Protocol):
    """What all writers promise; tests/writers/contract.py holds each of them to it."""

    def __enter__(self) -> Self: ...

    def write(self, data: ArrowStream) -> None:
        """Takes rows; rows at fault are kept in `refused`, everything else of the data is written.

        Raises:
            TransientError: the store is out of reach; the whole load can be repeated.
            SetupError: something has to be changed first.
            DefectError: the writer is used outside its block or after `finish`.
        """

    def finish(self) -> tuple[WriteCounts, ...]:
        """Makes all written rows the truth of their targets, one count for each, visible when the block is left."""

    @property
    def refused(self) -> tuple[RefusedRow, ...]:
        """Rows that the store would not take, in the order they were written."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

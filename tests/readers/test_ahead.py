from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from include.readers.ahead import read_ahead


class Counted:
    """Numbers up to a limit, and how many were asked for."""

    def __init__(self, limit: int, error: Exception | None = None) -> None:
        self.asked = 0
        self.closed = threading.Event()
        self._limit = limit
        self._error = error

    def values(self) -> Generator[int, None, None]:
        try:
            while self.asked < self._limit:
                self.asked += 1
                yield self.asked
            if self._error:
                raise self._error
        finally:
            self.closed.set()


@pytest.mark.parametrize("waiting", [1, 2, 10])
def test_the_values_come_in_order(waiting: int) -> None:
    assert list(read_ahead(Counted(50).values(), waiting)) == list(range(1, 51))


def test_no_more_is_prepared_than_may_wait() -> None:
    source = Counted(50)
    for value in read_ahead(source.values(), 2):
        assert source.asked <= value + 2


def test_an_error_arrives_after_the_values_before_it() -> None:
    source = Counted(3, ValueError("broken"))
    found = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(read_ahead(source.values(), 2))
    assert source.closed.is_set()


def test_leaving_early_ends_the_thread_and_closes_the_source() -> None:
    before = threading.active_count()
    source = Counted(50)
    values = read_ahead(source.values(), 2)
    assert next(iter(values)) == 1
    values.close()  # type: ignore[attr-defined]
    assert source.closed.is_set()
    assert threading.active_count() == before

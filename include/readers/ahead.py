"""One thread that prepares the next values while the caller works with the last one."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Result(Generic[Value]):
    """What came of asking for a value: the value, an error, or the end (neither)."""

    value: Value | None = None
    error: BaseException | None = None
    end: bool = False


def read_ahead(values: Generator[Value, None, None], waiting: int) -> Iterator[Value]:
    """The same values in the same order, prepared in a thread.

    Errors arrive where the value would have; leaving the iteration early ends the thread and closes `values`.

    Args:
        values: what to prepare; used by the thread alone.
        waiting: how many values may be ready or in the making beside the one that the caller has.
    """
    results: SimpleQueue[_Result[Value]] = SimpleQueue()
    slots = Semaphore(waiting)
    left: list[bool] = []

    def prepare() -> None:
        with closing(values):
            while slots.acquire() and not left:
                result = _next(values)
                results.put(result)
                if result.end:
                    return

    thread = Thread(target=prepare, name="read-ahead", daemon=True)
    thread.start()
    try:
        while not (result := results.get()).end:
            slots.release()
            yield result.value  # type: ignore[misc]  # only an end has no value
        if result.error is not None:
            raise result.error
    finally:
        left.append(True)
        slots.release()
        thread.join()


def _next(values: Generator[Value, None, None]) -> _Result[Value]:
    try:
        return _Result(next(values))
    except StopIteration:
        return _Result(end=True)
    except BaseException as error:
        return _Result(error=error, end=True)

"""The one failure algorithm of all writers.

Transient errors repeat the same thing with backoff and jitter. Rows at fault are found, by the position that the store
names, else by shrinking the failing slice 100 -> 50 -> 10 -> 1, and refused; the rest is written. Everything else
passes through at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pyarrow as pa
from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from include.errors import RowError, TransientError
from include.log import logger
from include.writers.base import RefusedRow

Result = TypeVar("Result")

# Seconds: the first wait, its ceiling and the largest jitter. 1 doubling to 16 outlasts a server's restart (about 10 s)
# and a lock held by a report, and keeps a herd of workers from coming back at once.
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 16.0
JITTER_S = 1.0
ATTEMPTS = 6

# Rows of the slices in which a failing batch is written again until the guilty rows stand alone.
SLICE_ROWS = (100, 50, 10, 1)


def repeat_transient(
    action: Callable[[], Result], *, attempts: int = ATTEMPTS, first_wait_s: float = FIRST_WAIT_S
) -> Result:
    """Calls `action` until it ends without a TransientError, at most `attempts` times; the last error is raised.

    `action` must be safe to repeat: it either did all of its work or none.
    """
    log = logger("writers")
    retrying = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(attempts),
        wait=wait_exponential_jitter(multiplier=first_wait_s, max=LONGEST_WAIT_S, jitter=min(JITTER_S, first_wait_s)),
        before_sleep=before_sleep_log(log, 30),
        reraise=True,
    )
    return retrying(action)


def write_isolating(
    batch: pa.RecordBatch, write: Callable[[pa.RecordBatch], None], first_position: int
) -> list[RefusedRow]:
    """Writes a batch but for the rows that the store refuses, and returns those.

    Args:
        batch: the rows.
        write: writes some rows wholly or not at all; raises RowError where a row is at fault, with `row` where the
            store names it.
        first_position: position of the batch's first row over all rows of the load.

    Returns:
        The refused rows in order; empty where all were written.
    """
    return list(_isolate(batch, write, first_position, SLICE_ROWS))


def _isolate(
    batch: pa.RecordBatch, write: Callable[[pa.RecordBatch], None], position: int, ladder: tuple[int, ...]
) -> Iterator[RefusedRow]:
    while batch.num_rows:
        try:
            write(batch)
        except RowError as error:
            if batch.num_rows == 1:
                yield RefusedRow(position, error)
                return
            if error.row is None or not 0 <= error.row < batch.num_rows:
                yield from _shrink(batch, write, position, ladder)
                return
            # The store named the row: what stands before it is sound as far as the store looked, but nothing of the
            # batch was written, so that part goes again, by itself.
            yield from _isolate(batch.slice(0, error.row), write, position, ladder)
            yield RefusedRow(position + error.row, error)
            position += error.row + 1
            batch = batch.slice(error.row + 1)
        else:
            return


def _shrink(
    batch: pa.RecordBatch, write: Callable[[pa.RecordBatch], None], position: int, ladder: tuple[int, ...]
) -> Iterator[RefusedRow]:
    size = next((rows for rows in ladder if rows < batch.num_rows), 1)
    for start in range(0, batch.num_rows, size):
        yield from _isolate(batch.slice(start, size), write, position + start, ladder)

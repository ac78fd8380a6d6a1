"""Python's collector of circular garbage, put off where nothing circular is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Lets the collector rest within the block.

    A syntax tree and a program's nodes are hundreds of thousands of objects that stay alive; the collector walks them
    again and again and finds nothing: of an installed Airflow it takes 0.4 of 1.7 s of reading, and half of solving.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""Other ways to bring a file into PostgreSQL, each a small script, compared on the same file in the same run.

The scripts run in a venv of their own, where nothing of the project is installed; so this package imports nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def measure_bench(home: Path, rows: int, rounds: int) -> list[Any]:
    """What `longshore bench peers` calls; see `benchmarks.peers.compare.measure_bench`."""
    from benchmarks.peers.compare import measure_bench as compare

    return compare(home, rows, rounds)

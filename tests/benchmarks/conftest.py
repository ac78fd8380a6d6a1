from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import settings
from include.stack.scratch import scratch_home


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder for a benchmark's server; pytest's own are closed to the server's user now and then."""
    with scratch_home(settings().home.resolve(), "test-bench-") as folder:
        yield folder

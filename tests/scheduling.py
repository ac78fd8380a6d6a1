"""Which tests go to the same pytest-xdist worker: those that share a stack of Airflow's processes."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Folders and modules whose tests share one. (xdist's own marks for this have no effect under pytest 9.2.)
SHARED = ("tests/scheduler/", "tests/stack/test_lifecycle.py")


class SharedStackScheduling(LoadScopeScheduling):
    """Hands out tests one by one, but those that share a stack all to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in SHARED if nodeid.startswith(place)), nodeid)

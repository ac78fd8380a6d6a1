"""One stack for all tests of this folder, on one xdist worker: Airflow with the project's DAGs under its scheduler."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from include.settings import settings
from include.stack.lifecycle import Stack
from include.stack.scratch import remove_home
from tests.scheduler.site import CATALOG, COVERAGE, Run, Site, orders, until

# Longer than these tests take, so that a folder that was changed just now is never settled by the way.
STORES = """
defaults:
  settle_seconds: 3600
"""

PUNCTUAL = "punctual"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A stack that came up over the deliveries of `punctual`: yesterday's, and those of days on which none ran."""
    folder = tmp_path_factory.mktemp("scheduler")
    (folder / "stores.yaml").write_text(STORES)
    site = Site(Stack(folder / "home"))
    for days in AGO:
        site.deliver(PUNCTUAL, ago(days), {"catalog.csv": CATALOG, "orders.csv": orders(days)})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LONGSHORE_STORES_FILE", str(folder / "stores.yaml"))
        settings.cache_clear()
        try:
            site.stack.up()
            site.api.sign_in()
            site.pause(COVERAGE, True)  # it would be woken by every upload
            yield site
        finally:
            remove_home(site.stack.home)
            settings.cache_clear()


# Days before the tests for which `punctual` has delivered when the stack comes up; the last is out of reach of the
# look-back (7 days before the run's own day, which is yesterday).
AGO = (1, 4, 9)


def ago(days: int) -> dt.date:
    """A day before today, by UTC."""
    return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days)


@dataclass(frozen=True)
class Nightly:
    """The run that the scheduler made by itself, as it ended first."""

    first: Run
    day: dt.date


@pytest.fixture(scope="session")
def nightly(site: Site) -> Nightly:
    """The scheduled run of yesterday. Clearing it gives another night over the same window."""
    made = until(lambda: site.runs(run_type="scheduled"), "a scheduled run")
    run = site.ended(made[0]["dag_run_id"])
    site.withdraw(PUNCTUAL)
    return Nightly(run, dt.datetime.fromisoformat(run.record["data_interval_start"]).date())

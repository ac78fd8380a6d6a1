from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness import Case
from benchmarks.inputs.deliveries import Work
from benchmarks.loads import indexes
from benchmarks.loads.indexes import MEASURED, questions, secondary
from benchmarks.loads.settings import AGAIN, SERVERS, compared, first_delivery, small_home, small_loads
from benchmarks.server import Server, start_server
from include.postgres.session import LoadSession, connect
from include.stack.postgres import SETTINGS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.fixture
def server(home: Path) -> Server:
    return start_server(home)


@pytest.mark.parametrize("name", [*SETTINGS, *LoadSession().settings()])
def test_the_page_says_why_each_setting_is_set(name: str) -> None:
    assert f"`{name}`" in PAGE, f"docs/settings.md lacks the setting {name}."


@pytest.mark.parametrize(("name", "settings", "loading"), SERVERS)
def test_a_measured_setting_of_the_server_is_one_that_is_set(name: str, settings: list[str], loading: object) -> None:
    assert set(settings) <= SETTINGS.keys()
    ours = ", ".join(SETTINGS[setting] for setting in settings if setting in name)
    assert ours.split(", ")[0] in name
    assert f": {name}`" in PAGE


def test_the_page_names_every_index_that_is_no_key_and_each_of_the_loads_has_its_question(server: Server) -> None:
    found = secondary(server.url)
    assert found
    for _, name in found:
        assert f"`{name}`" in PAGE, f"docs/settings.md lacks the index {name}."
    with connect(server.url) as connection:
        indexes.other_rows.record(connection, 3)
        asked = questions(connection)
        assert asked.keys() == {name for table, name in found if table == MEASURED}
        for ask in asked.values():
            ask()


def test_a_server_without_a_setting_has_postgresqls_own(home: Path) -> None:
    with connect(start_server(home, ("checkpoint_timeout",)).url) as connection:
        assert connection.execute("SHOW checkpoint_timeout").fetchall() == [("5min",)]
        assert connection.execute("SHOW wal_level").fetchall() == [("minimal",)]


def test_a_pair_is_one_row_with_the_ratio_of_the_first_to_the_second(server: Server, home: Path) -> None:
    work = Work(server.url, small_home(home))
    case = Case("case", AGAIN.run, first_delivery)
    row = compared("a against b", _clocked(0.2, case), _clocked(0.8, case), work, rows=1, rounds=1, pids=[server.pid])
    assert (row.case, row.median_s, row.ratio) == ("a against b", 0.2, 0.25)


@pytest.mark.parametrize("keep", [True, False])
def test_small_loads_are_loads_whether_their_connection_is_kept_or_not(server: Server, home: Path, keep: bool) -> None:
    work = Work(server.url, small_home(home))
    assert small_loads(work, keep=keep, repeats=1) > 0
    with connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.loads WHERE dataset = 'orders'").fetchall() == [(4,)]


def _clocked(seconds: float, case: Case) -> Case:
    from dataclasses import replace
    from functools import partial

    return replace(case, name=str(seconds), run=partial(_seconds, seconds))


def _seconds(seconds: float, _work: Work) -> float:
    return seconds

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from include.stack.postgres import EmbeddedPostgres
from include.stack.processes import MARK, is_alive
from include.stack.scratch import scratch_home


def test_a_home_ends_with_its_servers_and_processes(tmp_path: Path) -> None:
    with scratch_home(tmp_path, "test-") as home:
        server = EmbeddedPostgres(home / "deep" / "postgres", durable=False)
        server.start()
        postmaster = psutil.Process(server.status().pid)
        environment = {**os.environ, MARK: str(home / "deep")}
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], env=environment)
    assert not is_alive(postmaster)
    assert sleeper.wait(5) != 0
    assert list(tmp_path.iterdir()) == []


def test_homes_of_killed_commands_are_removed_and_those_in_use_are_not(tmp_path: Path) -> None:
    (tmp_path / "test-killed").mkdir()
    (tmp_path / "other").mkdir()
    with scratch_home(tmp_path, "test-") as first, scratch_home(tmp_path, "test-") as second:
        assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "other", first, second])

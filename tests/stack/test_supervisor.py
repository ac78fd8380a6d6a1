from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from include.stack.processes import MARK, marked_process, marked_processes, wait_for_end
from include.stack.supervisor import log_file, open_log, records_file

# A process that ignores SIGTERM and has a child in a session of its own, as the worst of Airflow's do.
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], start_new_session=True); time.sleep(300)"
)
SUPERVISE = (
    "import json, sys, pathlib; from include.stack import supervisor; supervisor.GRACE_S = 0.5; "
    "supervisor.Supervisor(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])).run()"
)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    (tmp_path / "airflow").mkdir()
    started = []

    def start(**programs: str) -> subprocess.Popen[bytes]:
        commands = {name: [sys.executable, "-c", program] for name, program in programs.items()}
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(tmp_path), json.dumps(commands)],
            env={**os.environ, MARK: str(tmp_path)},
            start_new_session=True,
        )
        started.append(process)
        until(lambda: set(records(tmp_path)) == set(programs) and all(r["pid"] for r in records(tmp_path).values()))
        return process

    yield start
    for process in marked_processes(tmp_path):
        process.kill()
    for process in started:
        process.wait(10)


def until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def records(home: Path) -> dict[str, dict[str, int]]:
    try:
        return json.loads(records_file(home).read_text())["processes"]
    except FileNotFoundError:
        return {}


def test_a_process_that_dies_is_started_again_and_counted(
    supervise: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    supervise(steady="import time; time.sleep(300)", other="import time; time.sleep(300)")
    before = records(tmp_path)
    os.kill(before["steady"]["pid"], signal.SIGKILL)
    until(lambda: records(tmp_path)["steady"]["restarts"] == 1 and records(tmp_path)["steady"]["pid"] > 0)
    after = records(tmp_path)
    assert after["steady"]["pid"] != before["steady"]["pid"]
    assert after["other"] == before["other"]


def test_the_pause_before_a_restart_grows(supervise: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> None:
    started = time.monotonic()
    supervise(dying="raise SystemExit('no reason')")
    until(lambda: records(tmp_path)["dying"]["restarts"] == 3)
    assert time.monotonic() - started > 1 + 2
    assert "no reason" in log_file(tmp_path, "dying").read_text()


def test_everything_ends_with_the_supervisor_even_what_ignores_the_request(
    supervise: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    supervisor = supervise(stubborn=STUBBORN, scheduler=STUBBORN)
    until(lambda: len(marked_processes(tmp_path)) == 5)
    supervisor.terminate()
    assert supervisor.wait(20) == 0
    assert marked_processes(tmp_path) == []


def test_what_a_dead_process_left_behind_ends_before_it_is_started_again(
    supervise: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
    supervise(parent=child + "import time; time.sleep(300)")
    until(lambda: len(marked_processes(tmp_path)) == 3)
    parent = psutil.Process(records(tmp_path)["parent"]["pid"])
    (orphan,) = parent.children()
    parent.kill()
    assert wait_for_end([orphan], 20) == []
    until(lambda: len(marked_processes(tmp_path)) == 3)


def test_a_pid_that_was_given_to_somebody_else_is_not_ours(tmp_path: Path) -> None:
    assert marked_process(os.getpid(), tmp_path) is None
    assert marked_process(2**22 + 1, tmp_path) is None


def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("include.stack.supervisor.MAX_LOG_BYTES", 3)
    for text in (b"first", b"second"):
        with open_log(tmp_path, "noisy") as log:
            log.write(text)
    assert log_file(tmp_path, "noisy").read_bytes() == b"second"
    assert log_file(tmp_path, "noisy").with_suffix(".log.1").read_bytes() == b"first"

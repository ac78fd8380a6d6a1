"""The supervisor: starts Airflow's four processes, starts again what dies, ends all of them when it is asked to.

Started by `lifecycle.Stack` as `python -m include.stack.supervisor HOME` in a session of its own, so that it outlives
the command that started it. `airflow standalone` is no stand-in: it leaves its children behind when it is stopped.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from include.errors import LongshoreError
from include.stack.postgres import EmbeddedPostgres
from include.stack.processes import end_processes, marked_processes, with_children
from include.stack.state import make_folder, write_json

# Airflow's subcommands. The API server reads the logs of tasks and triggers from the disk; their log servers would
# listen on all interfaces and take 140 MB.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}

FIRST_TO_END = "scheduler"

# Seconds. A process that dies is started again after 1, 2, 4 ... 60; one that ran for RECOVERED_S begins anew at 1.
LOOK_S = 0.5
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
RECOVERED_S = 120.0
POSTGRES_LOOK_S = 5.0

# Seconds between SIGTERM and SIGKILL. The scheduler waits for running tasks, however long they are; a load that is cut
# off loses nothing (its transaction is undone). The triggerer needs more than 10 s on most stops and holds nothing.
GRACE_S = 8.0

MAX_LOG_BYTES = 20_000_000


@dataclass
class Child:
    """One supervised process."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    restarts: int = 0
    due: float = field(default_factory=time.monotonic)

    def record(self) -> dict[str, object]:
        """What `status` reads about it."""
        pid = self.process.pid if self.process else 0
        return {"pid": pid, "started": self.started, "restarts": self.restarts}


class Supervisor:
    """Runs until SIGTERM.

    Args:
        home: LONGSHORE_HOME.
        commands: the command line by process name.
    """

    def __init__(self, home: Path, commands: dict[str, list[str]]) -> None:
        self._home = home
        self._commands = commands
        self._children = [Child(name) for name in commands]
        self._postgres = EmbeddedPostgres(home / "postgres")
        self._postgres_looked = time.monotonic()
        self._stopping = False
        self._record = {"pid": os.getpid(), "started": time.time()}

    def run(self) -> None:
        """Keeps the processes running; ends them all, and whatever they started, before it returns."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping:
            self._tend_postgres()
            for child in self._children:
                self._tend(child)
            time.sleep(LOOK_S)
        self._end_all()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _tend(self, child: Child) -> None:
        if child.process is not None and (code := child.process.poll()) is not None:
            self._bury(child, child.process.pid, code)
        if child.process is None and time.monotonic() >= child.due and not self._stopping:
            self._start(child)

    def _start(self, child: Child) -> None:
        with open_log(self._home, child.name) as log:
            child.process = subprocess.Popen(
                self._commands[child.name],
                cwd=self._home / "airflow",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child.started = time.time()
        _say(f"{child.name} started with pid {child.process.pid}")
        self._write_records()

    def _bury(self, child: Child, pid: int, code: int) -> None:
        """Ends what a dead process left behind and decides when it is started again."""
        lived_s = time.time() - child.started
        child.deaths = 1 if lived_s > RECOVERED_S else child.deaths + 1
        child.restarts += 1
        backoff_s = min(FIRST_BACKOFF_S * 2 ** (child.deaths - 1), LONGEST_BACKOFF_S)
        child.due = time.monotonic() + backoff_s
        _say(
            f"{child.name} ended with exit code {code} after {lived_s:.0f} s; it is started again in {backoff_s:.0f} s"
        )
        end_processes(_session(pid), GRACE_S)
        child.process = None
        self._write_records()

    def _tend_postgres(self) -> None:
        if time.monotonic() - self._postgres_looked < POSTGRES_LOOK_S:
            return
        self._postgres_looked = time.monotonic()
        try:
            if not self._postgres.status().running:
                _say("PostgreSQL is down; it is started again")
                self._postgres.start()
        except LongshoreError as error:
            _say(str(error))

    def _end_all(self) -> None:
        _say("ending all processes")
        killed = []
        # Tasks say how they ended while there is still an API server to tell it to.
        for first in (True, False):
            own = [
                child.process.pid for child in self._children if child.process and (child.name == FIRST_TO_END) == first
            ]
            killed += end_processes(with_children(map(psutil.Process, own)), GRACE_S)
        killed += end_processes(marked_processes(self._home), GRACE_S)
        _say(f"all processes ended, {len(killed)} of them by force")

    def _write_records(self) -> None:
        records = {child.name: child.record() for child in self._children}
        write_json(records_file(self._home), {"supervisor": self._record, "processes": records})


def records_file(home: Path) -> Path:
    """Where the supervisor writes which processes run."""
    return home / "run" / "stack.json"


def log_file(home: Path, name: str) -> Path:
    """The log of a process by its name."""
    return home / "logs" / f"{name}.log"


def open_log(home: Path, name: str) -> IO[bytes]:
    """Opens a process's log for appending; one that has grown large is put aside first, replacing the one before it."""
    path = log_file(home, name)
    make_folder(path.parent)
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _session(leader: int) -> list[psutil.Process]:
    """Processes of a session whose leader is dead: its orphans."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                found.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def _say(words: str) -> None:
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ} {words}", flush=True)  # noqa: T201 its output is its log


def main() -> None:
    """Supervises Airflow's processes for the home named on the command line, in the environment it was given."""
    commands = {name: [sys.executable, "-m", "airflow", name, *options] for name, options in COMPONENTS.items()}
    Supervisor(Path(sys.argv[1]), commands).run()


if __name__ == "__main__":
    main()

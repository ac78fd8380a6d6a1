"""When the stack is ready: a task that is triggered now starts at once."""

from __future__ import annotations

import datetime as dt
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from include.errors import SetupError
from include.stack.airflow import LOGIN, POOLS, AirflowHome

# Seconds. 16-30 on 2 quiet cores, most of it imports; the rest is for machines that are slow or busy. One call may
# take long: the first one to the app that serves tasks builds it.
READY_TIMEOUT_S = 240.0
POLL_S = 0.5
CALL_TIMEOUT_S = 30.0

HEALTH_PARTS = ("scheduler", "dag_processor", "triggerer")

# Deaths of one process while the stack starts after which waiting is pointless.
MAX_RESTARTS = 3


class AirflowApi:
    """A few calls to the stack's own REST API.

    Args:
        airflow: whose API; its address and password are read at each call.
    """

    def __init__(self, airflow: AirflowHome) -> None:
        self._airflow = airflow
        self._token = ""
        # The loopback is never reached through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """The health of Airflow's parts by name; empty while the API does not answer."""
        try:
            return self.call("GET", "/api/v2/monitor/health")
        except OSError:
            return {}

    def answers(self, path: str) -> bool:
        """Whether a GET of the path succeeds; errors of any kind count as no."""
        try:
            self.call("GET", path)
        except OSError:
            return False
        return True

    def sign_in(self) -> None:
        """Gets a token for the calls that follow."""
        credentials = {"username": LOGIN, "password": self._airflow.password}
        self._token = str(self.call("POST", "/auth/token", credentials)["access_token"])

    def create_pool(self, name: str, slots: int, description: str) -> None:
        """Creates the pool; one that exists keeps the slots that somebody gave it."""
        if not self.answers(f"/api/v2/pools/{name}"):
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self.call("POST", "/api/v2/pools", body)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request; returns the JSON object of the answer.

        Raises:
            OSError: no connection, or a status of 400 and above (urllib.error.HTTPError).
        """
        request = urllib.request.Request(  # noqa: S310 the address is our own, http on the loopback
            self._airflow.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with self._opener.open(request, timeout=CALL_TIMEOUT_S) as answer:
            value = json.load(answer)
        return value if isinstance(value, dict) else {}


def wait_until_ready(
    airflow: AirflowHome, started: dt.datetime, restarts: Callable[[], dict[str, int]], report: Callable[[str], None]
) -> None:
    """Waits for the API, a fresh heartbeat of each part, the app that serves tasks, and every file in dags/.

    Args:
        airflow: the stack's Airflow.
        started: when its processes were started; heartbeats and parsed files before that do not count.
        restarts: how often each process has been started again so far.
        report: told what is waited for.

    Raises:
        SetupError: a process dies again and again, a DAG file cannot be imported, or the time is over.
    """
    api = AirflowApi(airflow)
    deadline = time.monotonic() + READY_TIMEOUT_S
    steps: list[tuple[str, Callable[[], bool]]] = [
        ("the API server", lambda: bool(api.health())),
        ("the app that serves tasks", lambda: api.answers("/execution/health")),
        ("scheduler, DAG processor and triggerer", lambda: not sick_parts(api.health(), started)),
        ("the login and the pools", lambda: _signed_in(api)),
        ("the DAG files", lambda: not _missing_dag_files(api, airflow.dags_folder, started)),
    ]
    for name, done in steps:
        report(f"waiting for {name}")
        while not done():
            _give_up_on_deaths(restarts())
            if time.monotonic() > deadline:
                raise SetupError(
                    f"Airflow was not ready after {READY_TIMEOUT_S:.0f} s; it still waits for {name}."
                    + _files_without_dag(api, airflow, started),
                    "Read `./longshore logs`; `./longshore up` goes on waiting.",
                )
            time.sleep(POLL_S)


def sick_parts(health: dict[str, Any], started: dt.datetime | None = None) -> list[str]:
    """The parts that are not healthy, or whose last heartbeat is from before `started`."""
    return [name for name in HEALTH_PARTS if not _is_well(name, health.get(name) or {}, started)]


def _is_well(name: str, part: dict[str, Any], started: dt.datetime | None) -> bool:
    beat = part.get(f"latest_{name}_heartbeat")
    return part.get("status") == "healthy" and bool(beat) and (started is None or _moment(str(beat)) >= started)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _signed_in(api: AirflowApi) -> bool:
    try:
        api.sign_in()
        for name, slots, description in POOLS:
            api.create_pool(name, slots, description)
    except OSError:
        return False
    return True


def dag_files(folder: Path) -> list[str]:
    """The files that must yield a DAG: all of dags/, since each of them wires one pipeline."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if path.name != "__init__.py")


def _missing_dag_files(api: AirflowApi, folder: Path, started: dt.datetime) -> list[str]:
    """DAG files that have not been parsed since `started`.

    Raises:
        SetupError: at least one cannot be imported.
    """
    expected = dag_files(folder)
    if not expected:
        return []
    errors = api.call("GET", "/api/v2/importErrors?limit=100")["import_errors"]
    current = [error for error in errors if _moment(error["timestamp"]) >= started]
    if current:
        faults = "; ".join(f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in current)
        raise SetupError(f"Airflow runs, but {len(current)} DAG file(s) cannot be imported: {faults}.", "Mend them.")
    dags = api.call("GET", "/api/v2/dags?limit=100")["dags"]
    parsed = {
        dag["relative_fileloc"]
        for dag in dags
        if dag["last_parsed_time"] and _moment(dag["last_parsed_time"]) >= started
    }
    return [name for name in expected if name not in parsed]


def _give_up_on_deaths(restarts: dict[str, int]) -> None:
    dying = [name for name, count in restarts.items() if count >= MAX_RESTARTS]
    if dying:
        raise SetupError(
            f"Airflow's {' and '.join(dying)} died {MAX_RESTARTS} times while starting.",
            f"Read `./longshore logs {dying[0]}`.",
        )


def _files_without_dag(api: AirflowApi, airflow: AirflowHome, started: dt.datetime) -> str:
    try:
        missing = _missing_dag_files(api, airflow.dags_folder, started)
    except OSError:
        return ""
    return f" Files without a DAG so far: {', '.join(missing)}." if missing else ""

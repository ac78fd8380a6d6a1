"""Airflow as the embedded stack runs it: its environment, its secrets and its metadata database.

Airflow itself is only started from here, as other processes: nothing in this package imports it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from include.errors import SetupError
from include.settings import PROJECT_ROOT
from include.stack.ports import HOST, choose_ports
from include.stack.state import make_folder, read_json, write_json, write_private

LOGIN = "admin"
POOL = "longshore_postgres"

# Loads that write to PostgreSQL at once. Two saturate the two cores that the stack is meant for (a client and a
# backend each); four keep it busy while others read their files.
POOL_SLOTS = 4

# The embedded graph is a file that one process may write at a time: the others wait for the slot, not for its lock.
GRAPH_POOL = "longshore_ladybug"
GRAPH_POOL_SLOTS = 1

# Name, slots and description of every pool that the DAGs use. docker-compose.yaml makes the same.
POOLS = (
    (POOL, POOL_SLOTS, "Loads that write to PostgreSQL at once"),
    (GRAPH_POOL, GRAPH_POOL_SLOTS, "Loads that write to the embedded graph, one at a time"),
)

# Tasks at once. Each is a process of 100-200 MB, and Airflow starts as many workers as this number says: 0.8 GiB for
# the whole stack with 4, 1.1 GiB with the default 32.
PARALLELISM = 4

# Seconds until a new or changed file in dags/ is seen (Airflow's defaults: 300 and 30).
DAGS_REFRESH_S = 10
DAG_FILE_REPARSE_S = 20

UNUSED_PORT = 1

# Seconds that the scheduler rests when it has found nothing to do. A run is a chain of five tasks, and each waits for
# the scheduler to look again.
SCHEDULER_REST_S = 0.1

PORT_NAMES = ("api",)


class AirflowHome:
    """The files of one Airflow under LONGSHORE_HOME.

    Args:
        home: LONGSHORE_HOME, an absolute path.
        dags_folder: where the DAG files lie.
    """

    def __init__(self, home: Path, dags_folder: Path = PROJECT_ROOT / "dags") -> None:
        self.home = home
        self.folder = home / "airflow"
        self.dags_folder = dags_folder
        self._ports_file = self.folder / "ports.json"
        self._secrets_file = self.folder / "secrets.json"
        self._passwords_file = self.folder / "passwords.json"
        self._stamp_file = self.folder / "migrated.json"

    def prepare(self) -> None:
        """Makes what the first start needs (secrets, the login) and chooses ports that are free now."""
        make_folder(self.folder, mode=0o700)
        if not read_json(self._secrets_file):
            write_json(self._secrets_file, _new_secrets())
        if not read_json(self._passwords_file):
            # One line: Airflow reads this file as JSON and adds users that it lacks.
            write_private(self._passwords_file, json.dumps({LOGIN: secrets.token_urlsafe(12)}) + "\n")
        write_json(self._ports_file, choose_ports(self.folder, PORT_NAMES, self.ports()))

    def ports(self) -> dict[str, int]:
        """The ports by name as last chosen; empty before the first start."""
        return read_json(self._ports_file)

    @property
    def address(self) -> str:
        """Where the web interface and the REST API answer."""
        return f"http://{HOST}:{self.ports().get('api', 0)}"

    @property
    def password(self) -> str:
        """The password of the login `admin`; empty before the first start."""
        return str(read_json(self._passwords_file).get(LOGIN, ""))

    def environment(self, metadata_url: str, target: str, landing: str) -> dict[str, str]:
        """Everything an Airflow process of the stack needs; the caller's own AIRFLOW__ variables give way to it.

        Args:
            metadata_url: Airflow's own database, postgresql+psycopg2://.
            target: the database that loads write to, a libpq URL.
            landing: the landing zone, a path or URL.
        """
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # A proxy in the environment must not stand between Airflow's processes.
        no_proxy = ",".join(filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), HOST, "localhost"]))
        return {
            **inherited,
            **self._airflow_variables(metadata_url),
            "AIRFLOW_CONN_LONGSHORE_POSTGRES": target,
            "LONGSHORE_HOME": str(self.home),
            "LONGSHORE_LANDING": landing,
            "LONGSHORE_TARGET": target,
            "NO_PROXY": no_proxy,
            # The project's airflow_local_settings.py lies in its config/.
            "PYTHONPATH": os.pathsep.join((str(PROJECT_ROOT), str(PROJECT_ROOT / "config"))),
            "SPT_NOENV": "1",  # Airflow's process titles would overwrite the environment by which processes are found
            "no_proxy": no_proxy,
        }

    def _airflow_variables(self, metadata_url: str) -> dict[str, str]:
        known = read_json(self._secrets_file)
        sections: dict[str, dict[str, object]] = {
            "api": {
                "base_url": self.address,
                "host": HOST,
                "port": self.ports()["api"],
                "secret_key": known["api_secret_key"],
                "workers": 1,
            },
            "api_auth": {"jwt_secret": known["jwt_secret"]},
            "core": {
                "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
                "dags_are_paused_at_creation": False,
                "dags_folder": self.dags_folder,
                "execution_api_server_url": f"{self.address}/execution/",
                "executor": "LocalExecutor",
                "fernet_key": known["fernet_key"],
                "load_examples": False,
                "parallelism": PARALLELISM,
                "plugins_folder": PROJECT_ROOT / "plugins",
                "simple_auth_manager_passwords_file": self._passwords_file,
                "simple_auth_manager_users": f"{LOGIN}:admin",
            },
            "dag_processor": {
                "min_file_process_interval": DAG_FILE_REPARSE_S,
                "refresh_interval": DAGS_REFRESH_S,
            },
            "database": {"sql_alchemy_conn": metadata_url},
            "scheduler": {"scheduler_idle_sleep_time": SCHEDULER_REST_S},
            "logging": {
                "colored_console_log": False,
                # No log server runs. For a task at work the API server asks for one all the same: on a port where
                # nothing ever listens it is refused at once.
                "trigger_log_server_port": UNUSED_PORT,
                "worker_log_server_port": UNUSED_PORT,
            },
        }
        return {
            "AIRFLOW_HOME": str(self.folder),
            **{
                f"AIRFLOW__{section}__{option}".upper(): str(value)
                for section, options in sections.items()
                for option, value in options.items()
            },
        }

    def migrate(self, environment: dict[str, str], metadata_url: str, log: Path) -> bool:
        """Brings Airflow's metadata database to the installed version; returns whether there was something to do.

        `airflow db migrate` takes 7 s even when nothing is to do. So the revision it led to is remembered for the
        installed version, and compared with the one in the database.

        Args:
            environment: of `environment`.
            metadata_url: the database as a libpq URL.
            log: what the migration says is appended to it.

        Raises:
            SetupError: the migration failed.
        """
        airflow_version = version("apache-airflow-core")
        revision = _revision(metadata_url)
        if revision and read_json(self._stamp_file) == {"airflow": airflow_version, "revision": revision}:
            return False
        with log.open("a", encoding="utf-8") as words:
            command = [sys.executable, "-m", "airflow", "db", "migrate"]
            done = subprocess.run(
                command,
                env=environment,
                cwd=self.folder,
                stdout=words,
                stderr=words,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        if done.returncode != 0:
            raise SetupError(
                f"`airflow db migrate` ended with exit code {done.returncode}.",
                f"Read the end of {log}, then try again.",
            )
        write_json(self._stamp_file, {"airflow": airflow_version, "revision": _revision(metadata_url)})
        return True


def _new_secrets() -> dict[str, str]:
    return {
        "api_secret_key": secrets.token_hex(32),
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": secrets.token_hex(48),  # Airflow asks for 64 characters and more
    }


def _revision(metadata_url: str) -> str:
    """The migration that the metadata database is at; empty for a new one."""
    from psycopg import Connection

    with Connection.connect(metadata_url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""

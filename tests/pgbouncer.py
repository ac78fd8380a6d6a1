"""PgBouncer in transaction mode before the tests' server: what many a PostgreSQL in the field is reached through."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from include.stack.cluster import server_user
from include.stack.ports import HOST, choose_ports

# Fewer connections to the server than the tests have clients, so that they share them.
POOL_SIZE = 2

SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = {listen}
listen_port = {listen_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
logfile = {folder}/log
pidfile = {folder}/pid
"""


def program() -> str:
    """The program, of Debian's package; .ci/run installs it."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None and os.environ.get("CI"):
        pytest.fail("There is no pgbouncer: apt-get install pgbouncer.")
    if found is None:
        pytest.skip("There is no pgbouncer (Debian, Ubuntu: apt install pgbouncer).")
    return found


@contextmanager
def pooler(server_url: str, folder: Path) -> Iterator[str]:
    """Runs PgBouncer before a server; yields the URL of the same database through it.

    Args:
        server_url: URL of a database, with a password.
        folder: an absent one that the server's user can reach.
    """
    server = conninfo_to_dict(server_url)
    words = program()
    folder.mkdir(mode=0o700)
    port = choose_ports(folder, ("pgbouncer",), {})["pgbouncer"]
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(
            host=server["host"], port=server["port"], listen=HOST, listen_port=port, folder=folder, size=POOL_SIZE
        )
    )
    (folder / "users").write_text(f'"{server["user"]}" "{server["password"]}"\n')
    identity = _identity(folder)
    with subprocess.Popen([words, "--quiet", str(settings)], stdout=subprocess.DEVNULL, **identity) as process:
        try:
            url = server_url.replace(f":{server['port']}/", f":{port}/")
            _wait(url)
            yield url
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(folder)


def _identity(folder: Path) -> dict[str, Any]:
    """PgBouncer refuses root, like PostgreSQL."""
    if os.geteuid() != 0:
        return {}
    user = server_user()
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait(url: str) -> None:
    trying = Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError), stop=stop_after_delay(15), wait=wait_fixed(0.05)
    )
    trying(lambda: psycopg.connect(url, prepare_threshold=None).close())

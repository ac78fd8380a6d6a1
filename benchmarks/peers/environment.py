"""The venv of the peers, made on first use from requirements-bench.txt, and running a peer in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.work import PeerWork
from include.errors import SetupError
from include.settings import PROJECT_ROOT
from include.stack.cluster import programs
from include.stack.state import file_lock, make_folder

REQUIREMENTS = PROJECT_ROOT / "requirements-bench.txt"
# Not "bench-...": scratch homes of that name are removed.
VENV = PROJECT_ROOT / ".longshore" / "peers-venv"

# Seconds that another benchmark may take to make the venv.
INSTALL_TIMEOUT_S = 900


def bench_python() -> str:
    """The interpreter of the peers' venv, which is brought to what requirements-bench.txt says.

    Raises:
        SetupError: the packages could not be installed.
    """
    python = VENV / "bin" / "python"
    stamp = VENV / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    make_folder(VENV.parent)
    with file_lock(VENV.parent / "peers-venv.lock", timeout_s=INSTALL_TIMEOUT_S):
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
            _install(python)
            stamp.write_text(wanted, encoding="utf-8")
    return str(python)


def _install(python: Path) -> None:
    print(f"longshore: installing {REQUIREMENTS.name} into {VENV.relative_to(PROJECT_ROOT)}", file=sys.stderr)
    uv = [sys.executable, "-m", "uv"]
    install = ["pip", "install", "-q", "--python", str(python), "--require-hashes", "--compile-bytecode"]
    for command in (
        [*uv, "venv", "-q", "--clear", "--python", sys.executable, str(VENV)],
        [*uv, *install, "-r", str(REQUIREMENTS)],
    ):
        if subprocess.run(command, env=_uv_environment(), stdout=sys.stderr, check=False).returncode != 0:
            raise SetupError(
                f"The peers' packages could not be installed into {VENV}.", "Is there a network? Run it again."
            )


def _uv_environment() -> dict[str, str]:
    """What the environment says to pip, in uv's words, as the launcher does it."""
    environment = dict(os.environ)
    if index := environment.get("PIP_INDEX_URL"):
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if certificates := environment.get("PIP_CERT"):
        environment.setdefault("SSL_CERT_FILE", certificates)
    return environment


def run_peer(python: str, script: str, way: str, work: PeerWork) -> float:
    """Runs one way of one peer in a process of its own; returns its seconds, imports left out.

    Raises:
        RuntimeError: it failed; the message holds the end of what it printed.
    """
    seconds = Path(work.folder) / "seconds"
    seconds.unlink(missing_ok=True)
    done = subprocess.run(
        [python, "-m", "benchmarks.peers", script, way],
        input=work.as_json(),
        capture_output=True,
        text=True,
        cwd=work.folder,  # some look for settings in the folder they run in
        env=_environment(work.folder),
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-4000:]
        raise RuntimeError(f"The peer {script}.{way} ended with exit code {done.returncode}:\n{said}")
    return float(seconds.read_text(encoding="utf-8"))


def _environment(folder: str) -> dict[str, str]:
    """The caller's, with the embedded server's own psql first on PATH, and homes in the work's folder."""
    return {
        **os.environ,
        "PATH": f"{programs()}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(PROJECT_ROOT),
        "AIRFLOW_HOME": folder,
        "DLT_DATA_DIR": folder,
        "HOME": folder,
    }

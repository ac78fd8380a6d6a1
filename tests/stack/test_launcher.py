"""The launcher in a project of its own, with requirements that are empty: what it installs is not the question here."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Prints what it was given, and where it runs.
COMMAND_LINE = "import os, sys\nprint(os.getcwd(), os.environ.get('PYTHONDONTWRITEBYTECODE'), *sys.argv[1:], sep='|')\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "a project"
    (project / "include" / "cli").mkdir(parents=True)
    (project / "include" / "__init__.py").write_text("")
    (project / "include" / "cli" / "__init__.py").write_text("")
    (project / "include" / "cli" / "__main__.py").write_text(COMMAND_LINE)
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-bootstrap.txt"):
        (project / name).write_text("# nothing\n")
    shutil.copy2(ROOT / "longshore", project / "longshore")
    return project


def call(program: Path, *words: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Calls the launcher without a network; `path` goes before PATH."""
    environment: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))},
        "PATH": os.pathsep.join(filter(None, [str(path or ""), os.environ["PATH"]])),
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [str(program), *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def fake(folder: Path, name: str, answer: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
    (folder / name).chmod(stat.S_IRWXU)


def test_it_installs_once_and_passes_words_and_folder_on(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project / "longshore")
    first = call(tmp_path / "link", "load", "two words", cwd=tmp_path)
    assert first.stdout == f"{tmp_path}|None|load|two words\n"
    assert "installing requirements.txt" in first.stderr
    second = call(project / "longshore", cwd=project)
    assert (second.stdout, second.stderr, second.returncode) == (f"{project}|None\n", "", 0)

    (project / "requirements.txt").write_text("# changed\n")
    assert "installing requirements.txt" in call(project / "longshore", cwd=project).stderr
    assert "installing requirements-dev.txt" in call(project / "longshore", "test", cwd=project).stderr
    assert call(project / "longshore", cwd=project).stderr == ""


def test_an_install_that_was_killed_is_begun_anew(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "half").write_text("")
    (project / ".longshore").mkdir()
    (project / ".longshore" / "installing").write_text("")
    assert call(project / "longshore", cwd=project).returncode == 0
    assert not (project / ".venv" / "bin" / "half").exists()
    assert not (project / ".longshore" / "installing").exists()


def test_two_calls_at_once_install_once(project: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        calls = list(threads.map(lambda word: call(project / "longshore", word, cwd=project), ("one", "two")))
    assert [done.stdout.split("|")[-1] for done in calls] == ["one\n", "two\n"]
    assert sum("installing requirements.txt" in done.stderr for done in calls) == 1


def test_another_system_is_refused_with_the_reason(project: Path, tmp_path: Path) -> None:
    fake(tmp_path / "fake", "uname", "Darwin")
    done = call(project / "longshore", "up", cwd=project, path=tmp_path / "fake")
    assert done.returncode == 1
    assert "found Darwin" in done.stderr
    assert "not been tried" in done.stderr


def test_a_python_that_is_too_old_is_named_with_what_is_needed(project: Path, tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        fake(tmp_path / "fake", name, "3.9")
    done = call(project / "longshore", cwd=project, path=tmp_path / "fake")
    assert done.returncode == 1
    assert "python3 is 3.9" in done.stderr
    assert "needs Python 3.11" in done.stderr

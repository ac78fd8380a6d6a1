"""`test`: what has to pass before a change goes in, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import typer

from include.cli.output import ExitCode, Panel, results

# Each check with the module or script that runs it; scripts lie beside the interpreter.
CHECKS: dict[str, tuple[str, ...]] = {
    "ruff check": ("-m", "ruff", "check", "--quiet", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "--quiet", "."),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "import-linter": (str(Path(sys.executable).with_name("lint-imports")), "--no-cache"),
}

# Two processes, since the machines that run this (two cores) also run PostgreSQL. Which tests go to the same one stands
# in tests/scheduling.py.
PYTEST = ("-m", "pytest", "-n", "2", "--dist", "loadscope")


def test(context: typer.Context) -> None:
    """Run ruff, mypy, import-linter and the tests; words after `test` go to pytest."""
    from include.settings import PROJECT_ROOT, settings
    from include.stack.scratch import scratch_home

    with scratch_home(settings().home.resolve(), "test-") as home:  # a running stack keeps its ports and data
        environment = _environment(PROJECT_ROOT, home)
        passed = [_check(name, words, PROJECT_ROOT, environment) for name, words in CHECKS.items()]
        tests = [sys.executable, *PYTEST, f"--basetemp={home}/pytest", *context.args]
        passed.append(_run_to_its_end(tests, PROJECT_ROOT, environment) == 0)
    raise typer.Exit(ExitCode.DONE if all(passed) else ExitCode.FAILED)


def _run_to_its_end(command: list[str], root: Path, environment: dict[str, str]) -> int:
    """Runs pytest; Ctrl-C and SIGTERM end pytest, not this process, which has the test servers to take away."""
    with subprocess.Popen(command, cwd=root, env=environment) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to pytest, too
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


def _environment(root: Path, home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "LONGSHORE_HOME"}
    return {**inherited, "LONGSHORE_TEST_HOME": str(home), "PYTHONPATH": f"{root}{os.pathsep}{root / 'plugins'}"}


def _check(name: str, words: tuple[str, ...], root: Path, environment: dict[str, str]) -> bool:
    """Runs one check and prints its name, verdict and seconds; what it said only where it failed."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    verdict = "[green]ok[/]" if done.returncode == 0 else "[bold red]failed[/]"
    page = results()
    page.print(f"{name:<14} {verdict} ({time.monotonic() - started:.1f} s)")
    if done.returncode != 0:
        page.print(done.stdout + done.stderr, markup=False, soft_wrap=True)
    return done.returncode == 0


def register(app: typer.Typer) -> None:
    """Adds `test`; all words after it are pytest's."""
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command(rich_help_panel=Panel.DEVELOPMENT, context_settings=passed_on)(test)

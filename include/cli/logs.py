"""`logs`: what the stack's processes say."""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from include.cli.output import Panel
from include.errors import UsageError

# Seconds between two looks at the files with --follow.
FOLLOW_S = 0.5


HELP = """Show the ends of the logs of the stack's processes.

\b
  ./longshore logs
  ./longshore logs scheduler -n 100
  ./longshore logs postgres --follow

\b
What a task said stands in the web interface, at the task; what became of a
load, in ./longshore explain LOAD.
"""


def logs(
    process: Annotated[str, typer.Argument(help="One process, such as scheduler; all of them by default.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", min=0, help="Lines from the end of each log.")] = 20,
) -> None:
    """See HELP."""
    from include.settings import settings

    files = _files(settings().home)
    if process and process not in files:
        known = ", ".join(files) or "none yet: run ./longshore up"
        raise UsageError(f"There is no log of {process!r}.", f"There are: {known}.")
    chosen = {process: files[process]} if process else files
    positions = {name: _print_end(name, path, lines, titled=len(chosen) > 1) for name, path in chosen.items()}
    while follow:
        time.sleep(FOLLOW_S)
        for name, path in chosen.items():
            positions[name] = _print_new(name, path, positions[name], titled=len(chosen) > 1)


def _files(home: Path) -> dict[str, Path]:
    files = {path.stem: path for path in sorted((home / "logs").glob("*.log"))}
    server = home / "postgres" / "server.log"
    return {**files, "postgres": server} if server.exists() else files


def _print_end(name: str, path: Path, lines: int, *, titled: bool) -> int:
    """Prints the last lines; returns the position in bytes up to which the file was read."""
    with path.open(encoding="utf-8", errors="replace") as log:
        end = deque(log, maxlen=lines)
        position = log.tell()
    _print_lines(name, list(end), titled=titled)
    return position


def _print_new(name: str, path: Path, position: int, *, titled: bool) -> int:
    size = path.stat().st_size
    if size == position:
        return position
    with path.open("rb") as log:
        log.seek(position if size > position else 0)  # a smaller file is a new one
        new = log.read().decode("utf-8", errors="replace")
    _print_lines(name, new.splitlines(keepends=True), titled=titled)
    return size


def _print_lines(name: str, lines: list[str], *, titled: bool) -> None:
    prefix = f"{name:<14} " if titled else ""
    sys.stdout.writelines(f"{prefix}{line.rstrip()}\n" for line in lines)
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Adds `logs`."""
    app.command(rich_help_panel=Panel.STACK, help=HELP)(logs)

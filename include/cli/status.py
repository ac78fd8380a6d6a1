"""`status`: what runs, where it answers, what is not well."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import ExitCode, Panel, print_json, results

if TYPE_CHECKING:
    from include.stack.lifecycle import StackStatus


HELP = """Show what runs, and where it answers.

\b
  ./longshore status
  ./longshore status --json     for a script; without the password

\b
Exit code: 0 everything is ready, 1 something does not run or is not well.
"""


def status(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """See HELP."""
    from include.stack.lifecycle import stack

    found = stack().status()
    if json:
        print_json(found.as_json())
    else:
        _print_table(found)
    raise typer.Exit(ExitCode.DONE if found.ready else ExitCode.FAILED)


def _print_table(found: StackStatus) -> None:
    from rich.table import Table

    table = Table("process", "pid", "up for", "restarts", box=None, pad_edge=False)
    port = f"port {found.postgres.port}" if found.postgres.running else ""
    table.add_row("postgres", str(found.postgres.pid or "-"), port, "")
    for process in found.processes:
        age = _duration(time.time() - process.started) if process.pid else ""
        table.add_row(process.name, str(process.pid or "-"), age, str(process.restarts or ""))
    page = results()
    page.print(table)
    page.print(_verdict(found), markup=False)


def _verdict(found: StackStatus) -> str:
    if found.ready:
        return f"ready: {found.address}, login {found.login} (./longshore up shows the password)"
    if not found.running:
        what = "PostgreSQL runs, Airflow does not" if found.postgres.running else "not running"
        return f"{what}: start it with ./longshore up"
    return f"not ready yet: {', '.join(found.sick) or 'a process is missing'} (./longshore logs shows why)"


def _duration(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {int(seconds) % 60} s"


def register(app: typer.Typer) -> None:
    """Adds `status`."""
    app.command(rich_help_panel=Panel.STACK, help=HELP)(status)

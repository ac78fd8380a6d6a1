"""`up` and `down`: the embedded stack as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.output import Panel, progress, results


def up() -> None:
    """Start PostgreSQL and Airflow; return when a task would start at once."""
    from include.stack.lifecycle import stack

    own = stack()
    with progress("looking at what runs") as report:
        status = own.up(report)
    page = results()
    page.print(f"Longshore is up: [bold]{status.address}[/]")
    page.print(f"login {status.login}, password {own.airflow.password}", markup=False)
    page.print("stop it with ./longshore down")


def down(
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete the databases, the secrets and the logs as well.")
    ] = False,
) -> None:
    """Stop every process of the stack; the data stay."""
    from include.stack.lifecycle import stack

    own = stack()
    with progress("looking at what runs") as report:
        ended = own.down(report)
        if purge:
            report("deleting databases, secrets and logs")
            own.purge()
    words = "Longshore is down" if ended else "Nothing was running"
    results().print(f"{words}; its data are deleted." if purge else f"{words}.", markup=False)


def register(app: typer.Typer) -> None:
    """Adds `up` and `down`."""
    app.command(rich_help_panel=Panel.STACK)(up)
    app.command(rich_help_panel=Panel.STACK)(down)

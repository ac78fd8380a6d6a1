"""`up` and `down`: the embedded stack as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.output import Panel, progress, results

UP_HELP = """Start PostgreSQL and Airflow; return when a task would start at once.

\b
  ./longshore up
  ./longshore airflow dags list     Airflow's own command line on it

\b
Prints address, login and password of the web interface. Called again, it
starts what is missing and prints them again. All of it listens on 127.0.0.1
and lies in LONGSHORE_HOME (.longshore). It takes about half a minute.

\b
Exit code: 0 ready, 1 it did not start (./longshore logs shows why).
"""

DOWN_HELP = """Stop every process of the stack; the data stay.

\b
  ./longshore down
  ./longshore down --purge      deletes databases, secrets and logs, too

\b
Of a load that runs nothing is left. The project's own Neo4j ends as well, if
it runs. Landing zone and graphs stay with --purge, too (of Neo4j's graph see
./longshore neo4j down --help).
"""

# By whether the stack was running, and whether Neo4j was.
DOWN_WORDS = {
    (True, True): "Longshore is down, and so is Neo4j",
    (True, False): "Longshore is down",
    (False, True): "Neo4j is down; nothing else was running",
    (False, False): "Nothing was running",
}


def up() -> None:
    """See UP_HELP."""
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
    """See DOWN_HELP."""
    from include.stack.lifecycle import stack
    from include.stack.neo4j.server import embedded_neo4j

    own = stack()
    with progress("looking at what runs") as report:
        ended = own.down(report)
        report("ending Neo4j")
        words = DOWN_WORDS[ended, embedded_neo4j().stop()]
        if purge:
            report("deleting databases, secrets and logs")
            own.purge()
    results().print(f"{words}; its data are deleted." if purge else f"{words}.", markup=False)


def register(app: typer.Typer) -> None:
    """Adds `up` and `down`."""
    app.command(rich_help_panel=Panel.STACK, help=UP_HELP)(up)
    app.command(rich_help_panel=Panel.STACK, help=DOWN_HELP)(down)

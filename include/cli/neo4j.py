"""`neo4j up|down|status`: a Neo4j server of the project's own, for whoever has none."""

from __future__ import annotations

from typing import Annotated

import typer

from include.cli.output import ExitCode, Panel, print_json, progress, results

commands = typer.Typer(no_args_is_help=True, help="A Neo4j server of the project's own: no Docker, no Java needed.")


@commands.command()
def up() -> None:
    """Install Neo4j where it is missing (250 MB), start it, return when it answers."""
    from include.stack.neo4j.server import LOGIN, embedded_neo4j

    server = embedded_neo4j()
    with progress("looking at what runs") as report:
        uri = server.start(report)
    page = results()
    page.print(f"Neo4j is up: [bold]{uri}[/]")
    page.print(f"login {LOGIN}, password {server.password}", markup=False)
    page.print("stop it with ./longshore neo4j down")


@commands.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete the graph and the password as well.")] = False,
) -> None:
    """Stop the server; the graph stays."""
    from include.stack.neo4j.server import embedded_neo4j

    server = embedded_neo4j()
    with progress("ending Neo4j"):
        ended = server.stop()
        if purge:
            server.destroy()
    words = "Neo4j is down" if ended else "Nothing was running"
    results().print(f"{words}; its graph is deleted." if purge else f"{words}.", markup=False)


@commands.command()
def status(json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show whether the server runs; exit code 0 when it does, else 1."""
    from include.stack.neo4j.server import embedded_neo4j

    found = embedded_neo4j().status()
    if json:
        print_json(found.as_json())
    elif found.running:
        results().print(f"running: {found.uri}, login {found.login}, pid {found.pid}", markup=False)
    else:
        results().print("not running: start it with ./longshore neo4j up", markup=False)
    raise typer.Exit(ExitCode.DONE if found.running else ExitCode.FAILED)


def register(app: typer.Typer) -> None:
    """Adds `neo4j`."""
    app.add_typer(commands, name="neo4j", rich_help_panel=Panel.STACK)

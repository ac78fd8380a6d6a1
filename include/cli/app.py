"""The application: finds the nouns, puts them in order, turns every error into words and an exit code.

A noun is a module of this package with a function `register(app)` that adds its commands:

    def register(app: typer.Typer) -> None:
        app.command("load", rich_help_panel=Panel.DATA)(load)

A module without `register` is a part that nouns share. All of them may import typer, `include.cli.output` and
`include.errors`; everything else is imported inside the commands, so that `--help` answers at once. A test holds that.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from include.cli.output import ExitCode, report_error

# Importing these would run or import the application itself.
NO_NOUNS = {"__init__", "__main__", "app"}

# The order of the help page; what is not listed comes last.
ORDER = (
    *("demo", "up", "down", "status", "logs", "airflow", "neo4j"),
    *("load", "query", "check", "profile", "contract", "report", "uploads"),
    *("rejects", "coverage", "bundles", "graph", "backfill", "explain", "forget-person"),
    *("test", "bench"),
)


class OrderedGroup(TyperGroup):
    """Lists commands in the order in which people need them."""

    def list_commands(self, ctx: Any) -> list[str]:
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def build() -> typer.Typer:
    """The application with the commands of every noun."""
    app = typer.Typer(
        name="longshore",
        cls=OrderedGroup,
        help="Loads files into databases in bulk: fast, idempotent, with nothing lost.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.stem not in NO_NOUNS:
            module = import_module(f"include.cli.{file.stem}")
            if hasattr(module, "register"):
                module.register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; arguments default to the process's own."""
    try:
        build()(args=arguments, prog_name="./longshore", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.FAILED
    except (Exception, KeyboardInterrupt) as error:
        return report_error(error)
    return ExitCode.DONE

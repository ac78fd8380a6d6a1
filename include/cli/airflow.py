"""`airflow`: Airflow's own command line, in the stack's environment."""

from __future__ import annotations

import os
import sys

import typer

from include.cli.output import Panel, progress


def airflow(context: typer.Context) -> None:
    """Run Airflow's own command line on the stack, such as `./longshore airflow dags list`."""
    from include.stack.lifecycle import stack

    with progress("looking at what runs") as report:
        environment = stack().airflow_environment(report)
    os.execve(sys.executable, [sys.executable, "-m", "airflow", *context.args], environment)  # noqa: S606 no shell meant


def register(app: typer.Typer) -> None:
    """Adds `airflow`; all words after it are Airflow's, --help too."""
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command(rich_help_panel=Panel.STACK, context_settings=passed_on)(airflow)

"""`bench`: the figures of the README, remade."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from include.cli.output import Panel


def bench(context: typer.Context) -> None:
    """Measure loads beside their limit, SQL by hand and other tools; `bench --help` lists what there is."""
    from include.settings import PROJECT_ROOT

    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, "-m", "benchmarks", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=PROJECT_ROOT, env=environment, check=False).returncode)


def register(app: typer.Typer) -> None:
    """Adds `bench`; all words after it, `--help` too, are the benchmarks'."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("bench", rich_help_panel=Panel.DEVELOPMENT, context_settings=settings)(bench)

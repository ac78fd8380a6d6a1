"""`profile`: how another system's files are read, written from one of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from include.cli.check import CONTRACTS
from include.cli.contract import write_draft
from include.cli.output import Panel
from include.errors import UsageError

GROUP_HELP = "Say how another system's files are read: ./longshore profile init FILE."

INIT_HELP = """Write a profile from another system's file: which header holds what.

\b
  ./longshore profile init export.csv
  ./longshore profile init bestellungen.csv --dataset orders \\
      --out config/profiles/erp.yaml

\b
Headers are found by name, by similar names and by words of other languages;
values have to fit. What is unsure is a comment with the reason, and what is
required but not found is listed. Next: ./longshore check FILE --profile NAME.
"""


def init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, plain or compressed; a path or URL.")],
    contract: Annotated[
        str | None,
        typer.Option("--dataset", metavar="NAME", help=f"{', '.join(CONTRACTS)}; else told by name and headers."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="P.yaml", help="Write there; else print.")] = None,
) -> None:
    """See INIT_HELP."""
    from include.pipelines.commerce.profiles.draft import draft_profile
    from include.settings import settings

    if contract is not None and contract not in CONTRACTS:
        raise UsageError(f"{contract!r} is no contract.", f"Choose one of {', '.join(CONTRACTS)}.")
    check = f"./longshore check {shlex.quote(file)} --profile {shlex.quote(str(out))}"
    write_draft(draft_profile(file, contract, settings().storage, settings().profiles_folder), out, check)


def register(app: typer.Typer) -> None:
    """Adds `profile` with its command."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("init", help=INIT_HELP)(init)
    group.callback()(lambda: None)
    app.add_typer(group, name="profile", rich_help_panel=Panel.DATA)

"""`report`: the morning after."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import ExitCode, Panel, print_json, worst
from include.cli.rows import cell_text, print_table
from include.cli.target import Target, migrated_ledger

if TYPE_CHECKING:
    from include.pipelines.commerce.operate.morning import Finding, Morning, StoreDay

HELP = """Report on a day: which stores delivered, and what to look at.

\b
  ./longshore report
  ./longshore report --day 2026-03-01
  ./longshore report --json

\b
Without --day each store is asked about yesterday in its own time zone. All
stores of config/stores.yaml appear, and those seen in the 30 days before.
A store is late when its delivery hour of the next morning has passed and
an expected dataset is missing. A slow load took more than 3 times the usual
(median) time per row of the 30 loads before, and at least 1 s more.

\b
Exit code: 0 all is well, 1 something failed or is late, 3 rows were rejected,
4 something is held. Slow loads are said, and change no exit code.
"""

EXIT_CODES = {
    "failed": ExitCode.FAILED,
    "late": ExitCode.FAILED,
    "held": ExitCode.HELD,
    "rejects": ExitCode.LOADED_WITH_REJECTS,
    "slow": ExitCode.DONE,
}

TITLES = {
    "failed": "Failed",
    "late": "Late",
    "held": "Held for a person",
    "rejects": "Rejected rows",
    "slow": "Slow loads",
}


def report(
    day: Annotated[
        dt.datetime | None,
        typer.Option("--day", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="By default each store's yesterday."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    target: Target = "",
) -> None:
    """See HELP."""
    from include.pipelines.commerce.operate.morning import morning
    from include.settings import read_stores, settings

    stores = read_stores(settings().stores_file)
    with migrated_ledger(target) as connection:
        asked = day.date() if day else None
        found = morning(connection, stores, settings().landing_url, day=asked, storage=settings().storage)
    if json:
        print_json(found.as_json())
    else:
        _print(found)
    raise typer.Exit(worst(EXIT_CODES[finding.kind] for finding in found.findings))


def _print(found: Morning) -> None:
    print_table(("store", "day", "state", "rows", "delivered", "missing", "held", "failed"), map(_row, found.stores))
    for kind, title in TITLES.items():
        findings = [finding for finding in found.findings if finding.kind == kind]
        if findings:
            typer.echo(f"\n{title}")
        for finding in findings:
            typer.echo(cell_text(f"  {finding.store} {finding.day} {_what(finding)}"))
            typer.echo(cell_text(f"    {finding.command}"))
    if not found.findings:
        typer.echo("\nNothing to do.")


def _row(store: StoreDay) -> list[object]:
    lists = (store.delivered, store.missing, store.held, store.failed)
    name = store.store if store.listed else f"{store.store} (not listed)"
    return [name, store.day, store.state, store.rows, *(", ".join(names) for names in lists)]


def _what(finding: Finding) -> str:
    return f"{', '.join(finding.datasets)}: {finding.what}"


def register(app: typer.Typer) -> None:
    """Adds `report`."""
    app.command("report", rich_help_panel=Panel.DATA, help=HELP)(report)

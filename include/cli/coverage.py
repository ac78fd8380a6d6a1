"""`coverage`: how much of the orders the catalog, inventory and variants know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import Panel, progress, words
from include.cli.rows import print_objects, print_table
from include.cli.target import Target, ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from psycopg import Connection

HELP = """Show how much of the orders the catalog, inventory and variants know.

\b
  ./longshore coverage
  ./longshore coverage --store sunrise --from 2026-01-01 --until 2026-01-31
  ./longshore coverage --html coverage.html
  ./longshore coverage --no-compute --json

\b
What is due is computed first: uploads whose orders or masters were loaded
since. Each upload is compared with the store's newest master of a day not
after its own. Lines are matched by variant id, else SKU, else name;
ambiguous where several variants fit. Blank: never delivered.
"""

FORMATS = ["%Y-%m-%d"]
COLUMNS = {
    "day": "day",
    "store": "store",
    "dataset": "compared with",
    "reference_day": "of day",
    "currency": "currency",
    "lines": "lines",
    "matched": "matched",
    "ambiguous": "ambiguous",
    "unmatched": "unmatched",
    "matched_share": "matched %",
    "revenue": "revenue",
    "matched_revenue": "matched revenue",
}

# Shown with two decimals; --json has all of them.
MONEY = frozenset({"revenue", "matched_revenue"})


def coverage(
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store.")] = None,
    first: Annotated[
        dt.datetime | None, typer.Option("--from", formats=FORMATS, metavar="YYYY-MM-DD", help="First day.")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option("--until", formats=FORMATS, metavar="YYYY-MM-DD", help="Last day, included.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", dir_okay=False, help="Write a page with plots as well.")
    ] = None,
    compute: Annotated[bool, typer.Option(help="Compute what is due first, of all stores and days.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    target: Target = "",
) -> None:
    """See HELP."""
    from include.pipelines.commerce.coverage.rows import table

    days = (first.date() if first else dt.date.min, last.date() if last else dt.date.max)
    if days[0] > days[1]:
        raise UsageError(f"The range ends on {days[1]}, before it starts on {days[0]}.", "Swap --from and --until.")
    with ledger(target) as connection:
        if compute:
            _compute(connection)
        rows = table(connection, store, *days)
    if html:
        _write_page(rows, html)
    if json:
        names = list(rows[0]) if rows else []
        print_objects(names, ([row[name] for name in names] for row in rows))
    elif rows:
        print_table(list(COLUMNS.values()), map(_cells, rows))
    else:
        words().print("No coverage was computed for these days: no order lines were loaded.")


def _compute(connection: Connection[tuple[Any, ...]]) -> None:
    from include.migrations import migrate
    from include.pipelines.commerce.coverage import compute as commerce

    migrate(connection)
    due = commerce.due(connection)
    if not due:
        return
    with progress("computing what is due") as report:
        step = max(1, len(due) // 20)  # elsewhere than on a terminal each report is a line
        for done in range(0, len(due), step):
            commerce.compute(connection, due[done : done + step])
            report(f"computed {min(done + step, len(due))} of {len(due)} uploads that were due")


def _write_page(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    from include.pipelines.commerce.coverage.page import page

    page(rows, path)
    words().print(f"wrote {path}", markup=False)


def _cells(row: Mapping[str, Any]) -> list[Any]:
    share = row["matched_share"]
    shown = {**row, "matched_share": None if share is None else round(share * 100, 1)}
    return [_rounded(shown[name]) if name in MONEY else shown[name] for name in COLUMNS]


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round(amount, 2)


def register(app: typer.Typer) -> None:
    """Adds `coverage`."""
    app.command("coverage", rich_help_panel=Panel.DATA, help=HELP)(coverage)

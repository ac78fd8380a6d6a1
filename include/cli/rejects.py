"""`rejects`: the records that were not loaded, why, and their way back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli import replays
from include.cli.output import Panel, print_json, words
from include.cli.rows import cell_text, print_table
from include.cli.target import Target, ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

GROUP_HELP = "See the records that were not loaded, with line, column and reason; mend them and bring them back."

LIST_HELP = """List open rejects: of each dataset's newest load, or of one load.

\b
  ./longshore rejects list
  ./longshore rejects list --store sunrise --day 2026-03-01
  ./longshore rejects list --load 17 --json
  ./longshore rejects list --all         those too that a replay brought back

Reasons speak of a value's shape; `rejects show` has the record's own text.
"""

SHOW_HELP = """Show one reject with the text of its record, which may hold personal data.

If a replay has tried it, what came of the newest one stands there too.

\b
  ./longshore rejects show 17 204      load 17, the dataset's record 204
"""

COLUMNS = ("load", "sequence", "store", "day", "dataset", "file", "line", "column", "code", "reason")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def list_rejects(
    load: Annotated[int | None, typer.Option("--load", metavar="N", help="Only this load's.")] = None,
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store's.")] = None,
    day: Annotated[
        dt.datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Only this day's.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rejects at most.")] = 100,
    every: Annotated[bool, typer.Option("--all", help="Those too that a replay brought back.")] = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See LIST_HELP."""
    from include.ledger.explain import read_load
    from include.ledger.rejects import find
    from include.migrations import migrate

    with ledger(target) as connection:
        migrate(connection)
        if load is not None and read_load(connection, load) is None:
            raise _no_load(load)
        # One more than is shown tells whether there are more.
        found = find(
            connection,
            load_id=load,
            store=store,
            day=day.date() if day else None,
            limit=limit + 1,
            replayed=every,
        )
        mendable = _mendable(connection, found)
    shown = found[:limit]
    if json:
        print_json(shown)
    else:
        _print_list(shown, mendable, more=len(found) > limit, every=every)
    if json and len(found) > limit:
        words().print(f"There are more than {limit}: raise --limit.")


def _mendable(connection: Connection[tuple[Any, ...]], found: list[dict[str, Any]]) -> int | None:
    """The first load here whose rejects can come back: current, and not all of them back already."""
    from include.ledger.loads import current_ones

    waiting = [row["load_id"] for row in found if not row.get("replayed_at")]
    current = current_ones(connection, waiting)
    return next((load for load in waiting if load in current), None)


def _print_list(shown: list[dict[str, Any]], mendable: int | None, *, more: bool, every: bool) -> None:
    page = words()
    if not shown:
        page.print("No rejects.")
        return
    back = ("replayed_at",) if every else ()
    keys = ("load_id", *COLUMNS[1:], *back)
    print_table((*COLUMNS, *back), ([_seconds(row[key]) for key in keys] for row in shown))
    first = shown[0]
    page.print(f"One with its text: ./longshore rejects show {first['load_id']} {first['sequence']}")
    if mendable:
        page.print(f"To mend them: ./longshore rejects export FILE.csv --load {mendable}")
    else:
        page.print("They come back with the file only: mend it and load it again.")
    if more:
        page.print(f"There are more than {len(shown)}: raise --limit.")


def _seconds(cell: Any) -> Any:
    """A moment to the second, everything else as it is."""
    return f"{cell:%Y-%m-%d %H:%M:%S}" if isinstance(cell, dt.datetime) else cell


def show_reject(
    load: Annotated[int, typer.Argument(metavar="LOAD", help="The load's number.")],
    sequence: Annotated[int, typer.Argument(metavar="SEQUENCE", help="The record's number in the dataset.")],
    json: Json = False,
    target: Target = "",
) -> None:
    """See SHOW_HELP."""
    from include.ledger.explain import read_load
    from include.ledger.rejects import show
    from include.migrations import migrate

    with ledger(target) as connection:
        migrate(connection)
        found = show(connection, load, sequence)
        if found is None:
            known = read_load(connection, load)
            raise _no_reject(load, sequence) if known else _no_load(load)
    if json:
        print_json(found)
    else:
        _print_one(found)


def _print_one(found: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if name != "raw" and not (name.startswith("replay") and value is None):
            typer.echo(f"{name:<14} {cell_text(value)}".rstrip())
    if found["raw"] is None:
        typer.echo("raw            not kept: its time to live is over, it was forgotten, or the database refused it")
        return
    typer.echo("raw")
    for line in found["raw"].splitlines():
        typer.echo(f"  {cell_text(line)}")


def _no_load(load: int) -> UsageError:
    return UsageError(
        f"The ledger has no load {load}.",
        'See: ./longshore query "SELECT load_id, store, day, dataset FROM ledger.loads"',
    )


def _no_reject(load: int, sequence: int) -> UsageError:
    return UsageError(
        f"Load {load} rejected no record {sequence}.", f"Its rejects: ./longshore rejects list --load {load}"
    )


def register(app: typer.Typer) -> None:
    """Adds `rejects list`, `show`, `export`, `replay` and `prune`."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("list", help=LIST_HELP)(list_rejects)
    group.command("show", help=SHOW_HELP)(show_reject)
    replays.add_to(group)
    app.add_typer(group, name="rejects", rich_help_panel=Panel.DATA)

"""`bundles`: what is bought together, and mining it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import Panel, print_json, progress, words
from include.cli.rows import print_objects, print_table
from include.cli.target import Target, connector, ledger, migrated_ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.pipelines.commerce.bundles.load import MinedWindow

GROUP_HELP = """Show what is bought together: pairs and triples worth recommending.

\b
  ./longshore bundles
  ./longshore bundles --store sunrise
  ./longshore bundles --from 2026-01-01 --until 2026-01-31 --json

\b
Without days the newest window of each store is shown, else the windows that
end on these days. Nothing is mined: see `./longshore bundles mine --help`.
"""

MINE_HELP = """Mine what is due, or the windows that end on the days given.

\b
  ./longshore bundles mine
  ./longshore bundles mine --from 2026-01-01 --until 2026-01-31
  ./longshore bundles mine --store sunrise --from 2026-01-31 \\
      --until 2026-01-31

\b
Due is each store's newest window whose orders, catalog, inventory or settings
have changed since. Settings: `bundles` in config/stores.yaml.
"""

FORMATS = ["%Y-%m-%d"]
COLUMNS = (
    "store",
    "until",
    "rank",
    "variants",
    "baskets",
    "support",
    "confidence",
    "lift",
    "score",
    "price",
    "currency",
)
MINED = ("store", "until", "bundles", "new", "changed", "same", "gone", "baskets", "lines", "load", "ms", "")

Store = Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store.")]
First = Annotated[
    dt.datetime | None, typer.Option("--from", formats=FORMATS, metavar="YYYY-MM-DD", help="First day that ends one.")
]
Last = Annotated[
    dt.datetime | None, typer.Option("--until", formats=FORMATS, metavar="YYYY-MM-DD", help="Last such day, included.")
]
Json = Annotated[bool, typer.Option("--json", help="Print a list of objects.")]


def show_bundles(
    context: typer.Context,
    store: Store = None,
    first: First = None,
    last: Last = None,
    json: Json = False,
    target: Target = "",
) -> None:
    """See GROUP_HELP."""
    if context.invoked_subcommand:
        return
    from include.pipelines.commerce.bundles import load as bundles
    from include.pipelines.commerce.bundles.rows import table
    from include.settings import read_stores, settings

    days = _days(first, last)
    with migrated_ledger(target) as connection:
        rows = table(connection, store, *days)
        due = bundles.due(connection, read_stores(settings().stores_file))
    if json:
        names = list(rows[0]) if rows else []
        print_objects(names, ([row[name] for name in names] for row in rows))
    elif rows:
        print_table(COLUMNS, map(bundle_cells, rows))
    else:
        words().print("There are no bundles of these stores and days.")
    waiting = [window for window in due if store in {None, window.store}]
    if waiting and not json:
        words().print(f"{_windows(len(waiting))} due: ./longshore bundles mine")


def mine_bundles(
    store: Store = None, first: First = None, last: Last = None, json: Json = False, target: Target = ""
) -> None:
    """See MINE_HELP."""
    from include.ledger.runs import RunSource
    from include.migrations import migrate
    from include.pipelines.commerce.bundles import load as bundles
    from include.settings import read_stores, settings

    days = _days(first, last)
    stores = read_stores(settings().stores_file)
    with ledger(target) as connection, connector(target) as connect:
        migrate(connection)
        if first or last:
            windows = bundles.windows_between(connection, store, days[0] or dt.date.min, days[1] or dt.date.max)
        else:
            windows = [window for window in bundles.due(connection, stores) if store in {None, window.store}]
        mined = []
        with progress(f"mining {_windows(len(windows))}") as report:
            for one in bundles.mine_windows(connect, windows, stores, RunSource.command_line(bundles.PIPELINE)):
                mined.append(one)
                report(f"mined {one.window.store} {one.window.day}: {one.result.counts.rows_read} bundles")
    if json:
        print_json([one.as_json() for one in mined])
    elif mined:
        _print_mined(mined)
    else:
        words().print("No window is due: the bundles are as new as the loads.")


def bundle_cells(row: dict[str, Any]) -> list[object]:
    """A bundle's cells under COLUMNS."""
    confidences = " ".join(f"{confidence:.2f}" for confidence in row["confidences"])
    price = None if row["price"] is None else round(row["price"], 2)
    return [
        *(row["store"], row["window_end"], row["rank"], " + ".join(row["variants"]), row["support_count"]),
        *(round(row["support"], 4), confidences, round(row["lift"], 2), round(row["score"], 1), price, row["currency"]),
    ]


def _print_mined(mined: Sequence[MinedWindow]) -> None:
    print_table(MINED, [_mined_cells(one) for one in mined])


def _mined_cells(one: MinedWindow) -> list[object]:
    result, counts = one.result, one.result.counts
    written = (counts.rows_read, counts.inserted, counts.updated, counts.unchanged, counts.deleted)
    return [
        *(one.window.store, one.window.day, *written, one.facts["baskets"], one.facts["lines"]["lines"]),
        *(result.load_id, round(result.ms), result.message),
    ]


def _days(first: dt.datetime | None, last: dt.datetime | None) -> tuple[dt.date | None, dt.date | None]:
    days = (first.date() if first else None, last.date() if last else None)
    if days[0] and days[1] and days[0] > days[1]:
        raise UsageError(f"The range ends on {days[1]}, before it starts on {days[0]}.", "Swap --from and --until.")
    return days


def _windows(count: int) -> str:
    return f"{count} window{'' if count == 1 else 's'}"


def register(app: typer.Typer) -> None:
    """Adds `bundles` and `bundles mine`."""
    group = typer.Typer(invoke_without_command=True, help=GROUP_HELP)
    group.callback(help=GROUP_HELP)(show_bundles)
    group.command("mine", help=MINE_HELP)(mine_bundles)
    app.add_typer(group, name="bundles", rich_help_panel=Panel.DATA)

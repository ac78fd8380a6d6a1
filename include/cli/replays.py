"""The way back of rejects: `rejects export`, `rejects replay` and `rejects prune`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import ExitCode, print_json, words
from include.cli.rows import print_table
from include.cli.target import Target, connector, ledger, migrated_ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from include.loading.replay.outcome import ReplayOutcome
    from include.loading.replay.subject import Selection

EXPORT_HELP = """Write the rejects of a current load into a CSV that a person can mend.

\b
  ./longshore rejects export mend.csv --load 17
  ./longshore rejects export mend.csv --store sunrise --day 2026-03-01 \\
      --dataset orders

\b
Header, delimiter, encoding and text are those of the delivered file, and may
hold personal data. The columns longshore_* say which record it is and what is
wrong with it; leave them as they are. A record that does not fit the header
stands whole in longshore_text: mend it there, or fill its cells in.
Cells that a spreadsheet would take for a formula get an apostrophe, which the
replay takes away again; --raw leaves them as they are.
"""

REPLAY_HELP = """Read rejects again and bring back those that pass now.

\b
  ./longshore rejects replay --load 17 --dry-run
  ./longshore rejects replay --from mend.csv
  ./longshore rejects replay --store sunrise --day 2026-03-01 \\
      --dataset orders --profile erp
  ./longshore rejects replay --from mend.csv --contract articles.yaml

\b
Without --from the recorded texts are read, under the profile and contract of
today. With it only the records of that export, in their mended form; what was
taken out of it or is blank stays rejected. Order lines keep their numbers, an
order that was rejected as a whole comes back as a whole; what is loaded
stays. All in one transaction; a second replay changes nothing.
Rejects of a contract's table come back by --load or --from, with --contract.
Elements that a product graph refused are written again to the graph that
`longshore graph build` writes to: only --load and --dry-run.

\b
Exit code: 0 all came back, 1 failed, 2 wrong usage, 3 some still rejected.
"""

PRUNE_HELP = """Empty the text of rejects that are older than reject_days of their store.

\b
  ./longshore rejects prune --dry-run
  ./longshore rejects prune

File, line, column and reason stay. Closing an upload does the same.
"""

Load = Annotated[int | None, typer.Option("--load", metavar="N", help="The load that is meant.")]
Store = Annotated[str | None, typer.Option("--store", metavar="NAME", help="Whose, in place of --load.")]
Day = Annotated[
    dt.datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Of which day.")
]
Dataset = Annotated[str | None, typer.Option("--dataset", metavar="NAME", help="catalog, inventory, orders, variants.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

# Failures printed; --json has all of them.
SHOWN = 20

COUNTS = ("rows", "inserted", "updated", "unchanged", "duplicates", "folded")


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", dir_okay=False, help="The file to write.")],
    load: Load = None,
    store: Store = None,
    day: Day = None,
    dataset: Dataset = None,
    part: Annotated[
        str | None, typer.Option("--part", metavar="NAME", help="Only the rejects of this delivered file.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Leave the records' cells as they are.")] = False,
    target: Target = "",
) -> None:
    """See EXPORT_HELP."""
    from include.loading.replay.cells import Guard
    from include.migrations import migrate
    from include.pipelines.commerce.delivery.reject_export import export_rejects

    guard = Guard.NONE if raw else Guard.APOSTROPHE
    with ledger(target) as connection:
        migrate(connection)
        done = export_rejects(connection, _selection(load, store, day, dataset), file, part=part, guard=guard)
    page = words()
    page.print(f"wrote {done.rows} rejects of {done.title} to {file} ({done.encoding})", markup=False)
    if done.expired:
        page.print(f"{done.expired} more have no text any more: their time to live (reject_days) is over.")
    contract = " --contract C.yaml" if done.by_contract else ""
    page.print(f"Mend it, then: ./longshore rejects replay --from {file}{contract}", markup=False)


def replay_rejects(  # noqa: PLR0913, PLR0917 # each is an option of the command
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", dir_okay=False, help="A mended export.")
    ] = None,
    load: Load = None,
    store: Store = None,
    day: Day = None,
    dataset: Dataset = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="In place of the store's: a name, or a path.")
    ] = None,
    contract: Annotated[
        str | None, typer.Option("--contract", metavar="C.yaml", help="Of the table, if it was loaded by one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but commit.")] = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See REPLAY_HELP."""
    from getpass import getuser

    from include.loading.replay.mended_file import read_mended
    from include.migrations import migrate
    from include.pipelines.commerce.delivery.replay import ReplayOptions, replay
    from include.pipelines.tables.contract import read_contract
    from include.pipelines.tables.replay import replay_table
    from include.settings import read_stores, settings

    if load is not None and file is None and _is_graph_load(target, load):
        _end(_replay_graph(target, load, profile, dry_run), json)
        return
    by_contract = read_contract(contract) if contract else None
    mended = read_mended(file) if file else None
    selection = _selection(load, store, day, dataset, mended.load_id if mended else None)
    with connector(target) as connect, ledger(target) as connection:
        migrate(connection)
        options = ReplayOptions(getuser(), profile, dry_run)
        if by_contract:
            outcome = replay_table(connect, selection, by_contract, options, mended)
        else:
            outcome = replay(connect, selection, read_stores(settings().stores_file), options, mended)
    _end(outcome, json)


def _is_graph_load(target: str, load: int) -> bool:
    from include.pipelines.commerce.product_graph.replay import is_graph_load

    with migrated_ledger(target) as connection:
        return is_graph_load(connection, load)


def _replay_graph(target: str, load: int, profile: str | None, dry_run: bool) -> ReplayOutcome:
    from getpass import getuser

    from include.cli.graph import chosen_graph
    from include.pipelines.commerce.delivery.replay import ReplayOptions
    from include.pipelines.commerce.product_graph.replay import replay_elements

    if profile:
        raise UsageError(f"Load {load} is one of a graph, which has no profile.", "Leave --profile out.")
    with connector(target) as connect, chosen_graph() as graph:
        return replay_elements(connect, load, graph, ReplayOptions(getuser(), dry_run=dry_run))


def _end(outcome: ReplayOutcome, json: bool) -> None:
    if json:
        print_json(outcome.as_json())
    else:
        _print(outcome)
    if outcome.failures or outcome.expired:
        raise typer.Exit(ExitCode.LOADED_WITH_REJECTS)


def _print(outcome: ReplayOutcome) -> None:
    page = words()
    document = outcome.as_json()
    if outcome.passed:
        rows = [[name, *(counts[column] for column in COUNTS)] for name, counts in document["counts"].items()]
        print_table(["came back as", *COUNTS], rows)
    page.print(f"{outcome.title}: {document['passed']} of {document['tried']} came back", markup=False)
    for reject in outcome.failures[:SHOWN]:
        where = f"{reject.part} line {reject.line}" + (f", {reject.column}" if reject.column else "")
        page.print(f"  still rejected: {where}: {reject.reason} ({reject.code})", markup=False)
    if len(outcome.failures) > SHOWN:
        page.print(f"  and {len(outcome.failures) - SHOWN} more: --json has them all")
    if outcome.expired:
        page.print(f"{outcome.expired} have no text any more (reject_days): mend the delivered file and load it again.")
    if outcome.back:
        page.print(f"{outcome.back} of the file came back before and were passed over")
    if outcome.dry_run:
        page.print("dry run: nothing was committed")


def prune_rejects(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See PRUNE_HELP."""
    from include.ledger.retention import expired, prune
    from include.migrations import migrate
    from include.settings import read_stores, settings

    stores = read_stores(settings().stores_file)
    with ledger(target) as connection:
        migrate(connection)
        count = expired(connection, stores) if dry_run else 0
        while not dry_run and (emptied := prune(connection, stores)):
            count += emptied
    if json:
        print_json({"texts": count, "dry_run": dry_run})
    else:
        words().print(f"{'would empty' if dry_run else 'emptied'} the text of {count} rejects")


def _selection(
    load: int | None, store: str | None, day: dt.datetime | None, dataset: str | None, exported: int | None = None
) -> Selection:
    from include.loading.replay.subject import Selection

    named = load is not None or store or day or dataset
    return Selection(load if named else exported, store, day.date() if day else None, dataset)


def add_to(group: typer.Typer) -> None:
    """Adds the three commands to the group `rejects`."""
    group.command("export", help=EXPORT_HELP)(export)
    group.command("replay", help=REPLAY_HELP)(replay_rejects)
    group.command("prune", help=PRUNE_HELP)(prune_rejects)

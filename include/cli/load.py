"""`load`: one delivery into the database, at once."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Panel, exit_code_of, print_json, words
from include.cli.rows import print_table
from include.cli.target import Target, connector
from include.errors import UsageError

if TYPE_CHECKING:
    from include.loading.csv.job import LoadOptions
    from include.pipelines.commerce.delivery.load_delivery import Located, Outcome, Request
    from include.pipelines.tables.load import TableRequest
    from include.results import LoadResult
    from include.settings import StoresFile

DATASETS = ("catalog", "inventory", "orders", "variants")

HELP = """Load a store's delivery for one day: a folder, or a single file.

\b
A folder holds {catalog,inventory,orders,variants}*.csv[.gz|.zst|.zip], or
*.zip of several parts; of a single file, known by its name or else by its
header, only its own dataset is loaded. Store and day are taken from
a folder named <store>/<YYYY-MM-DD>, or given. Paths may be URLs (s3://).

\b
  ./longshore load commerce landing/sunrise/2026-03-01
  ./longshore load commerce ~/export.csv --dataset orders \\
      --store sunrise --day 2026-03-01 --dry-run
  ./longshore load commerce landing/sunrise/2026-03-01 --accept
  ./longshore load commerce landing/sunrise/2026-03-01 --json

\b
Each dataset is one transaction: all of it, or nothing. The delivery is the
truth for its store and day: rows that it lacks are deleted. Loading the same
bytes again changes nothing. A delivery that would delete too much, has 0
bytes or lacks a file is held until --accept or `./longshore uploads accept`.

\b
Exit code: 0 loaded, 1 a dataset failed, 2 wrong usage, 3 loaded with rejects,
4 a dataset is held.
"""

TABLE_HELP = """Load one CSV of any kind into the table that its contract names.

\b
  ./longshore contract infer articles.csv --out articles.yaml
  ./longshore load table articles.csv --contract articles.yaml --dry-run
  ./longshore load table articles.csv --contract articles.yaml
  ./longshore load table s3://in/july.csv.gz --contract articles.yaml \\
      --source hamburg --day 2026-07-31 --json

\b
The table is made from the contract where there is none, else compared with
it. All of the file in one transaction, or nothing. The same bytes again
change nothing. A file that would delete too much, or has 0 bytes, is held
until --accept. Without --day the delivery is today's (UTC).

\b
Exit code: 0 loaded, 1 failed, 2 wrong usage, 3 loaded with rejects, 4 held.
"""

GROUP_HELP = "Load a delivery: ./longshore load commerce FOLDER; one CSV of any kind: ./longshore load table FILE."

COUNTS = ("rows_read", "inserted", "updated", "unchanged", "deleted", "duplicates", "rejected", "folded")
COLUMNS = ("dataset", "status", "rows", *COUNTS[1:], "ms", "rows/s")

# Of a Shopify export's headers, dozens feed no column; that many are read.
NAMES_SHOWN = 6


# Options that both commands have.
Day = Annotated[
    dt.datetime | None,
    typer.Option("--day", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The delivery's day."),
]
Accept = Annotated[bool, typer.Option("--accept", help="Let a held delivery through.")]
Force = Annotated[bool, typer.Option("--force", help="Load again although these bytes are loaded.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do all but commit.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def commerce(  # noqa: PLR0913, PLR0917 # each is an option of the command
    path: Annotated[str, typer.Argument(metavar="PATH", help="The delivery's folder, or one file of it.")],
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="Whose delivery it is.")] = None,
    day: Day = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help=f"Only this one: {', '.join(DATASETS)}.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Profile in config/profiles, or a path; else the store's."),
    ] = None,
    accept: Accept = False,
    force: Force = False,
    dry_run: DryRun = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See HELP."""
    from include.pipelines.commerce.delivery.load_delivery import Request, locate
    from include.settings import read_stores, settings

    if dataset and dataset not in DATASETS:
        raise UsageError(f"{dataset!r} is no dataset.", f"Choose one of {', '.join(DATASETS)}.")
    options = _options(force=force, accept=accept, dry_run=dry_run)
    request = Request(path, store, day.date() if day else None, dataset, profile, options, settings().storage)
    stores = read_stores(settings().stores_file)
    outcome = _load(locate(request, stores), request, stores, target)
    if json:
        print_json(outcome.as_json())
    else:
        print_results(outcome.results)
    raise typer.Exit(exit_code_of(outcome.results))


def _options(*, force: bool, accept: bool, dry_run: bool) -> LoadOptions:
    """What the command's user wants; who lets a delivery through is that user."""
    from getpass import getuser

    from include.loading.csv.job import LoadOptions

    return LoadOptions(force=force, accept=accept, dry_run=dry_run, accepted_by=getuser() if accept else None)


def _load(located: Located, request: Request, stores: StoresFile, target: str) -> Outcome:
    from include.pipelines.commerce.delivery.load_delivery import load_delivery
    from include.settings import settings

    if not stores.listed(located.delivery.store):
        words().print(
            f"{located.delivery.store} is not in {settings().stores_file.name}: it loads with the defaults.",
            markup=False,
        )
    with connector(target) as connect, progress_bar(len(located.datasets)) as report:
        return load_delivery(connect, located, request, stores, report)


def table(  # noqa: PLR0913, PLR0917 # each is an option of the command
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, plain or compressed; a path or URL.")],
    contract: Annotated[str, typer.Option("--contract", metavar="C.yaml", help="What the file holds.")],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Whose file it is; else the table's schema.")
    ] = None,
    day: Day = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of this file, whatever the contract says.")
    ] = None,
    accept: Accept = False,
    force: Force = False,
    dry_run: DryRun = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See TABLE_HELP."""
    from include.cli.contract import known
    from include.pipelines.tables.contract import read_contract
    from include.pipelines.tables.load import TableRequest
    from include.settings import settings

    options = _options(force=force, accept=accept, dry_run=dry_run)
    asked = day.date() if day else None
    read = read_contract(contract)
    read = read.model_copy(update={"encoding": known(encoding)}) if encoding else read
    request = TableRequest(file, read, source, asked, options, settings().storage)
    result = _load_table(request, target)
    if json:
        print_json(result.as_json())
    else:
        print_results([result], look=f"contract check {shlex.quote(contract)} {shlex.quote(file)}")
    raise typer.Exit(exit_code_of([result]))


def _load_table(request: TableRequest, target: str) -> LoadResult:
    from include.ledger.runs import RunSource
    from include.pipelines.tables.load import PIPELINE, load_table

    name = request.contract.table
    with connector(target) as connect, progress_bar(1) as report:
        run = RunSource.command_line(PIPELINE)
        return load_table(connect, request, run, raises=False, report=lambda rows: report(name, rows))


@contextmanager
def progress_bar(datasets: int) -> Iterator[Callable[[str, int], None]]:
    """A bar over the datasets, with the rows of the one that is being loaded; on a terminal only."""
    console = words()
    if not console.is_terminal:
        yield lambda _name, _rows: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("opening", total=datasets)
        seen: list[str] = []

        def report(name: str, rows: int) -> None:
            if name not in seen:
                seen.append(name)
            bar.update(task, description=f"{name}: {rows:,} rows", completed=len(seen) - 1)

        yield report


def print_results(results: Sequence[LoadResult], look: str = "check FILE") -> None:
    """Prints a row a table, and once each what a person should know or do; `look` shows the rejects of a dry run."""
    print_table(COLUMNS, [_row(result) for result in results])
    said: dict[str, list[str]] = {}
    for result in results:
        for remark in _remarks(result, look):
            said.setdefault(remark, []).append(result.dataset)
    for remark, datasets in said.items():
        words().print(f"{', '.join(datasets)}: {remark}", markup=False)


def _row(result: LoadResult) -> list[object]:
    counts = [getattr(result.counts, name) for name in COUNTS]
    return [result.dataset, result.status.value, *counts, round(result.ms), round(result.rows_per_s)]


def _remarks(result: LoadResult, look: str) -> Iterator[str]:
    """What a person should know or do about the dataset."""
    where = f"./longshore explain {result.load_id}" if result.load_id else "--json"
    if result.message:
        yield result.message
    if result.unknown_columns:
        shown = some(result.unknown_columns, where)
        yield f"not loaded, since no column of the contract goes by these headers: {shown}"
    if result.header_changes:
        yield f"the header changed since the load before: {some(result.header_changes, where)}"
    if result.counts.rejected:
        how = f"rejects list --load {result.load_id}" if result.load_id else look
        yield f"see the rejected rows with ./longshore {how}"


def some(names: Sequence[str], where: str) -> str:
    """The first names, and how many more `where` has."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more ({where} has them all)" if more > 0 else "")


def register(app: typer.Typer) -> None:
    """Adds `load` with one command per pipeline."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("commerce", help=HELP)(commerce)
    group.command("table", help=TABLE_HELP)(table)
    group.callback()(lambda: None)
    app.add_typer(group, name="load", rich_help_panel=Panel.DATA)

"""`uploads`: what was delivered, what of it is held, and letting that through."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.forget import FORGET_HELP, forget_uploads
from include.cli.load import DATASETS, print_results, progress_bar
from include.cli.output import Panel, exit_code_of, print_json, words
from include.cli.review_page import print_review
from include.cli.rows import print_table
from include.cli.target import Target, connector, migrated_ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from include.ledger.attempts import UploadState

GROUP_HELP = "See what was delivered and what became of it; let held deliveries through."

LIST_HELP = """List uploads (a store's delivery for one day), the newest first.

\b
  ./longshore uploads list --held
  ./longshore uploads list --store sunrise --from 2026-03-01 \\
      --until 2026-03-31
  ./longshore uploads list --json
  ./longshore uploads list --tables      what `load table` brought

Each dataset shows what became of its newest attempt; rows are those that the
tables hold of the upload. With --tables each line is a table of a contract
(with a scope: one source's rows of it) and its newest delivery.
"""

SHOW_HELP = """Show one upload: its files and loads, and what is held or failed.

\b
  ./longshore uploads show sunrise/2026-03-01
  ./longshore uploads show 000b4959-3f1e     the id, or its first signs

What is held or failed is loaded as a dry run and taken back, so that its
counts stand beside those of the current load. Nothing changes.
"""

ACCEPT_HELP = """Let the held datasets of an upload through.

\b
  ./longshore uploads accept sunrise/2026-03-01
  ./longshore uploads accept sunrise/2026-03-01 --dataset catalog
  ./longshore uploads accept 000b4959-3f1e --json

\b
They are loaded from where they lay when the upload was last opened, with the
store's profile. If the files are no longer those that were held, nothing is
loaded unless --force is given. The ledger notes who accepted.

\b
Exit code: 0 loaded, 1 failed, 2 wrong usage (nothing is held), 3 loaded with
rejects, 4 the files have changed, so it is still held.
"""

Name = Annotated[
    str,
    typer.Argument(metavar="ID", help="The upload's id, its first signs (a day's uploads share eight), or STORE/DAY."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# Signs of an upload's id in a table: eight name the day, four after the hyphen the store among a hundred of that day.
ID_SIGNS = 13

TABLE_COLUMNS = ("source", "day", "upload", "table", "status", "rows", "rejects", "load", "when (UTC)")


def _day_option(name: str, words: str) -> Any:
    return typer.Option(name, formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help=words)


def list_uploads(
    held: Annotated[bool, typer.Option("--held", help="Only what waits for a person.")] = False,
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store's.")] = None,
    first: Annotated[dt.datetime | None, _day_option("--from", "From this day on.")] = None,
    last: Annotated[dt.datetime | None, _day_option("--until", "Until this day, included.")] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Tables of contracts, in place of stores' datasets.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Uploads at most.")] = 100,
    json: Json = False,
    target: Target = "",
) -> None:
    """See LIST_HELP."""
    from include.ledger.attempts import states, table_states

    with migrated_ledger(target) as connection:
        # One more than is shown tells whether there are more.
        found = (table_states if tables else states)(
            connection,
            store=store,
            first=first.date() if first else None,
            last=last.date() if last else None,
            held=held,
            limit=limit + 1,
        )
    shown = found[:limit]
    if json:
        print_json([_as_json(upload) for upload in shown])
    elif shown and tables:
        print_table(TABLE_COLUMNS, map(_table_row, shown))
        _say_next_of_tables(shown)
    elif shown:
        print_table(("store", "day", "upload", *DATASETS, "rows", "when (UTC)"), map(_row, shown))
        _say_next(shown)
    else:
        words().print("Nothing is held." if held else "No uploads.")
    if len(found) > limit:
        words().print(f"There are more than {limit}: raise --limit, or narrow it with --store, --from, --until.")


def _row(upload: UploadState) -> list[object]:
    statuses = [upload.attempts[name].status.value if name in upload.attempts else None for name in DATASETS]
    when = f"{upload.recorded_at:%Y-%m-%d %H:%M:%S}" if upload.recorded_at else None
    return [upload.store, upload.day, upload.upload_id[:ID_SIGNS], *statuses, upload.rows, when]


def _table_row(upload: UploadState) -> list[object]:
    [attempt] = upload.attempts.values()
    when = f"{attempt.recorded_at:%Y-%m-%d %H:%M:%S}"
    place = (upload.store, upload.day, upload.upload_id[:ID_SIGNS], attempt.dataset)
    return [*place, attempt.status.value, attempt.rows, attempt.rejected, attempt.load_id, when]


def _say_next_of_tables(shown: list[UploadState]) -> None:
    from include.results import Status

    if any(upload.names(Status.HELD) for upload in shown):
        words().print("Let one through: ./longshore load table FILE --contract C.yaml --accept")
    rejecting = next((attempt for upload in shown for attempt in upload.attempts.values() if attempt.rejected), None)
    if rejecting:
        words().print(f"See rejected rows: ./longshore rejects list --load {rejecting.load_id}")


def _say_next(shown: list[UploadState]) -> None:
    from include.loading.upload import shell_name
    from include.results import Status

    held = next((upload for upload in shown if upload.names(Status.HELD)), None)
    if held:
        words().print(f"See what one would change: ./longshore uploads show {shell_name(held.store, held.day)}")


def _as_json(upload: UploadState) -> dict[str, Any]:
    from dataclasses import asdict

    datasets = [{**asdict(attempt), "status": attempt.status.value} for attempt in upload.attempts.values()]
    own = {name: getattr(upload, name) for name in ("upload_id", "store", "day", "url", "rows", "recorded_at")}
    return {**own, "datasets": datasets}


def show_upload(name: Name, json: Json = False, target: Target = "") -> None:
    """See SHOW_HELP."""
    from include.pipelines.commerce.operate.review import review
    from include.settings import read_stores, settings

    stores = read_stores(settings().stores_file)
    with migrated_ledger(target), connector(target) as connect:
        found = review(connect, name, stores, settings().storage)
    if json:
        print_json(found.as_json())
    else:
        print_review(found)


def accept_upload(
    name: Name,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help=f"Only this one: {', '.join(DATASETS)}.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Though the files have changed since they were held.")] = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See ACCEPT_HELP."""
    from getpass import getuser

    from include.pipelines.commerce.operate.review import accept
    from include.settings import read_stores, settings

    if dataset and dataset not in DATASETS:
        raise UsageError(f"{dataset!r} is no dataset.", f"Choose one of {', '.join(DATASETS)}.")
    stores = read_stores(settings().stores_file)
    with migrated_ledger(target), connector(target) as connect, progress_bar(1 if dataset else len(DATASETS)) as report:
        outcome = accept(
            connect,
            name,
            stores,
            accepted_by=getuser(),
            dataset=dataset,
            force=force,
            report=report,
            storage=settings().storage,
        )
    if json:
        print_json(outcome.as_json())
    else:
        print_results(outcome.results)
    raise typer.Exit(exit_code_of(outcome.results))


def register(app: typer.Typer) -> None:
    """Adds `uploads list`, `uploads show`, `uploads accept` and `uploads forget`."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("list", help=LIST_HELP)(list_uploads)
    group.command("show", help=SHOW_HELP)(show_upload)
    group.command("accept", help=ACCEPT_HELP)(accept_upload)
    group.command("forget", help=FORGET_HELP)(forget_uploads)
    app.add_typer(group, name="uploads", rich_help_panel=Panel.DATA)

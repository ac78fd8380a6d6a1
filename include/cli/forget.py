"""`forget`: takes uploads back, and takes a person's address out of what was loaded."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import Panel, print_json, progress, words
from include.cli.rows import print_table
from include.cli.target import Target, connector, ledger
from include.errors import UsageError

if TYPE_CHECKING:
    from psycopg import Connection

    from include.ledger.events import Subject
    from include.pipelines.commerce.operate.forget import Forgetting, Report, Selection

FORGET_HELP = """Take uploads back: rows, coverage, bundles, the text of rejects.

\b
  ./longshore uploads forget acme/2026-03-01 --dry-run
  ./longshore uploads forget 000b4959-3f1e       by the first signs of its id
  ./longshore uploads forget --store acme
  ./longshore uploads forget --older-than 365 --yes

\b
What is set must all fit. The current_* views show the newest upload that is
left; coverage of later uploads and bundles are due again. The ledger keeps
the loads' counts and says who did it. Files in the landing zone stay: only a
person's `load`, manual run or backfill takes forgotten bytes again. Tables of
contracts (`load table`) are left alone.
"""

PERSON_HELP = """Take a person's mail address out of orders and rejects.

\b
  ./longshore forget-person --email -            reads the address from the
                                               standard input
  ./longshore forget-person --email ADDRESS --dry-run

\b
Orders keep their money and lose the address; of a reject that holds it the
whole text is emptied. The address is neither logged nor stored. A delivery
that still holds it brings it back: have the store remove it, too.
"""

DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would go, change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def forget_uploads(
    upload: Annotated[
        str | None, typer.Argument(metavar="ID", help="The upload's id, its first signs, or STORE/DAY.")
    ] = None,
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="All of this store.")] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", metavar="DAYS", min=1, help="Of days longer ago than this.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See FORGET_HELP."""
    from include.pipelines.commerce.operate import forget

    with connector(target) as connect, ledger(target) as connection:
        found = forget.find_uploads(connection, _selection(connection, upload, store, older_than))

        def act(report: Report) -> list[Forgetting]:
            return forget.forget_uploads(connect, _subjects(found), _actor(), report)

        if _carry_out(connection, found, act, dry_run=dry_run, yes=yes, json=json):
            _say_due(connection)


def forget_person(
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS", help="Whose; - reads it from standard input.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
    target: Target = "",
) -> None:
    """See PERSON_HELP."""
    from include.pipelines.commerce.operate import forget

    pattern = forget.address_pattern(sys.stdin.readline() if email == "-" else email)
    with connector(target) as connect, ledger(target) as connection:
        found = forget.find_person(connection, pattern)

        def act(report: Report) -> list[Forgetting]:
            return forget.forget_person(connect, _subjects(found), pattern, _actor(), report)

        _carry_out(connection, found, act, dry_run=dry_run, yes=yes, json=json)


def _carry_out(
    connection: Connection[tuple[object, ...]],
    found: Sequence[Forgetting],
    act: Callable[[Report], list[Forgetting]],
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> bool:
    """Asks, does it and shows it; whether anything was done."""
    from include.migrations import migrate

    if dry_run or not found:
        _show(found, json=json, done=False)
        return False
    _confirm(found, yes=yes)
    migrate(connection)  # the ledger's events may be newer than the database
    with progress("forgetting") as say:
        done = act(lambda one: say(f"forgot {one.subject.store} {one.subject.day}"))
    _show(done, json=json, done=True)
    return True


def _selection(
    connection: Connection[tuple[object, ...]], upload: str | None, store: str | None, older_than: int | None
) -> Selection:
    from include.ledger.attempts import resolve
    from include.pipelines.commerce.operate.forget import Selection

    if upload is None and store is None and older_than is None:
        raise UsageError("Nothing says which uploads.", "Give an upload's ID, --store NAME or --older-than DAYS.")
    today = dt.datetime.now(dt.UTC).date()
    before = today - dt.timedelta(days=older_than) if older_than is not None else None
    return Selection(resolve(connection, upload).upload_id if upload else None, store, before)


def _confirm(found: Sequence[Forgetting], *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Forgetting cannot be undone, and nobody can be asked.", "See --dry-run, then add --yes.")
    _table(found)
    typer.confirm("This cannot be undone. Forget them?", abort=True, err=True)


def _subjects(found: Sequence[Forgetting]) -> list[Subject]:
    return [one.subject for one in found]


def _actor() -> str:
    from getpass import getuser

    return getuser()


def _show(found: Sequence[Forgetting], *, json: bool, done: bool) -> None:
    if json:
        print_json({"dry_run": not done, "uploads": [one.as_json() for one in found]})
        return
    if not found:
        words().print("There is nothing to forget.")
        return
    _table(found)
    rows = sum(sum(one.rows.values()) for one in found)
    verb = "were" if done else "would be"
    words().print(f"{rows:,} rows and texts of {_uploads(len(found))} {verb} forgotten.")


def _table(found: Sequence[Forgetting]) -> None:
    names = list(found[0].rows)
    print_table(
        ("store", "day", *names, "upload"),
        [(one.subject.store, one.subject.day, *one.rows.values(), one.subject.upload_id) for one in found],
    )


def _uploads(count: int) -> str:
    return f"{count} upload{'' if count == 1 else 's'}"


def _say_due(connection: Connection[tuple[object, ...]]) -> None:
    from include.pipelines.commerce.bundles import load as bundles
    from include.pipelines.commerce.coverage.compute import due
    from include.settings import read_stores, settings

    count = len(due(connection))
    if count:
        words().print(f"Coverage of {_uploads(count)} is due again: ./longshore coverage")
    if bundles.due(connection, read_stores(settings().stores_file)):
        words().print("Bundles are due again: ./longshore bundles mine")


def register(app: typer.Typer) -> None:
    """Adds `forget-person`; `uploads forget` is added beside the other commands about uploads."""
    app.command("forget-person", help=PERSON_HELP, rich_help_panel=Panel.DATA)(forget_person)

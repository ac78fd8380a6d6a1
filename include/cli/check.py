"""`check`: what a file would be taken for, before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import ExitCode, Panel
from include.cli.rows import cell_text, encode, print_table
from include.errors import UsageError

if TYPE_CHECKING:
    from include.pipelines.commerce.profiles.check import Checked
    from include.readers.profile import Profile

CONTRACTS = ("catalog", "inventory", "orders", "variants")

HELP = """Look at a file: how it is read, what of it would be loaded and what not.

\b
  ./longshore check orders.csv
  ./longshore check export.csv --dataset orders --profile online-retail
  ./longshore check s3://bucket/catalog.csv.gz --store sunrise --json

\b
It reads the whole file as a load would, needs no database and writes
nothing. Duplicates, and rows that go with the rejected first row of their
order, are found by: ./longshore load commerce FILE --dry-run

Exit code: 0 every row can be loaded, 1 the file cannot be read, 3 rejects.
"""

# Characters of a cell that are shown; a title tells itself by its beginning.
CELL = 26


def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file, plain or compressed; a path or URL.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="NAME", help=f"{', '.join(CONTRACTS)}; else told by the name, or the header."
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Profile in config/profiles, or a path.")
    ] = None,
    store: Annotated[
        str, typer.Option("--store", metavar="NAME", help="Read with this store's profile and time zone.")
    ] = "",
    rows: Annotated[int, typer.Option("--rows", min=0, help="First rows to show.")] = 5,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rejects to show.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """See HELP."""
    from include.pipelines.commerce.profiles.check import check_file
    from include.settings import settings

    if dataset is not None and dataset not in CONTRACTS:
        raise UsageError(f"{dataset!r} is no dataset.", f"Choose one of {', '.join(CONTRACTS)}.")
    reading, zone = _reading(profile, store)
    found = check_file(file, dataset, reading, zone, max_rows=rows, max_rejects=limit, storage=settings().storage)
    if json:
        typer.echo(encode(found.as_json()))
    else:
        print_checked(found)
    raise typer.Exit(ExitCode.LOADED_WITH_REJECTS if found.counts.rejected else ExitCode.DONE)


def _reading(profile: str | None, store: str) -> tuple[Profile, str]:
    """Profile and time zone: as asked for, else the store's; the defaults without a store."""
    from include.readers.profile import Profile, read_profile
    from include.settings import read_stores, settings

    known = read_stores(settings().stores_file).store(store)
    name = profile or known.profile
    return (read_profile(name, settings().profiles_folder) if name else Profile.none()), known.time_zone


def print_checked(found: Checked) -> None:
    """Prints how a file was read, its columns with first values, and its rejects."""
    for line in _form(found):
        typer.echo(cell_text(line))
    if not found.facts.empty:
        typer.echo()
        titles = [f"row {number}" for number in range(1, len(found.first_rows) + 1)]
        print_table(("column", "type", "header", *titles), _columns(found))
    for line in _left(found.facts.as_json()):
        typer.echo(cell_text(line))
    counts = found.counts
    typer.echo(
        f"\n{counts.rows_read} rows read: {found.rows} to load, {counts.rejected} rejected, {counts.folded} folded"
        " (blank, or images only)"
    )
    if found.reasons:
        typer.echo("rejected by code: " + ", ".join(f"{code} {count}" for code, count in found.reasons.most_common()))
        typer.echo()
        print_table(
            ("line", "record", "column", "code", "reason"),
            [(reject.line, reject.record, reject.column, reject.code, reject.reason) for reject in found.rejects],
        )
    if counts.rejected > len(found.rejects):
        typer.echo(f"and {counts.rejected - len(found.rejects)} more: raise --limit")


def _form(found: Checked) -> list[str]:
    """How the file is written; "assumed" where nothing in it decides."""
    facts = found.facts.as_json()
    by = {"option": "as asked for", "name": "by its name", "header": "by its header"}[found.chosen_by]
    lines = [f"{facts['file']}: {found.contract.name} ({by})"]
    if facts["empty"]:
        return [*lines, "the file is empty: it has no header"]
    encoding = facts["encoding"] + (" (assumed)" if facts["encoding_assumed"] else "")
    delimiter = repr(facts["delimiter"]) + (" (assumed)" if facts["delimiter_assumed"] else "")
    lines.append(f"encoding {encoding}, delimiter {delimiter}, {len(facts['header'])} headers")
    forms = [f"decimal {facts['decimal']}"] if facts["decimal"] else []
    forms += [f"{column} {order}" for column, order in facts["date_orders"].items()]
    return [*lines, f"forms: {', '.join(forms)}"] if forms else lines


def _columns(found: Checked) -> list[list[Any]]:
    """One line for each column that the file has, with its first values."""
    facts = found.facts.as_json()
    families = {name: ", ".join(members) for name, members in facts["families"].items()}
    headers = {**facts["columns"], **families}
    columns = [column for column in found.contract.columns if column.name in headers]
    return [
        [
            column.name,
            column.type.value,
            headers[column.name],
            *(_short(row[column.name]) for row in found.first_rows),
        ]
        for column in columns
    ]


def _short(value: Any) -> str:
    text = cell_text(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _left(facts: dict[str, Any]) -> list[str]:
    """What the file has that is not loaded, and what it lacks."""
    named = {
        "not loaded, no column goes by these headers": facts["unknown_columns"],
        "not loaded, personal": facts["personal_columns_left_out"],
        "twice in the header, neither is loaded": facts["duplicate_columns"],
        "not in the file": facts["missing_columns"],
    }
    return ["", *(f"{title}: {', '.join(names)}" for title, names in named.items() if names)]


def register(app: typer.Typer) -> None:
    """Adds `check`."""
    app.command("check", rich_help_panel=Panel.DATA, help=HELP)(check)

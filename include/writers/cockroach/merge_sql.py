"""The SQL that CockroachDB wants written otherwise than PostgreSQL: no temporary tables, no MERGE.

A load's tables are ordinary ones in a schema of the load's own, which is the first of its search path: the same names
as on PostgreSQL mean them. Statements that both servers take come from `writers.postgres.merge_sql`.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets

import pyarrow as pa
from psycopg import sql

from include.errors import DefectError
from include.writers.postgres.encoding import stored_as
from include.writers.postgres.merge_sql import Target, prepared, qualified, source
from include.writers.postgres.staged import STAGING

# Names of the loads' schemas: when the load began (UTC), and a word that no other load has.
SCHEMA_PREFIX = "longshore_load_"
MOMENT = "%Y%m%d%H%M%S"
SCHEMA_NAME = re.compile(rf"{SCHEMA_PREFIX}(\d{{14}})_[0-9a-f]{{8}}")

# A staged row's position over all rows that were written: what makes a chunk the same chunk when it comes again.
POSITION = "_position"

# The one row of this table says that the load's last transaction was committed, and by which attempt.
OUTCOME = sql.Identifier("longshore_outcome")

# The form of a preparation that makes a table (include/pipelines/*/plans.py).
TEMPORARY = re.compile(r"\s*CREATE TEMPORARY TABLE (\w+) ON COMMIT DROP AS\b", re.IGNORECASE)


def schema_name(now: dt.datetime) -> str:
    """A new load's schema, by the moment it began (UTC)."""
    return f"{SCHEMA_PREFIX}{now.strftime(MOMENT)}_{secrets.token_hex(4)}"


def began(name: str) -> dt.datetime | None:
    """When the load of that schema began (UTC); None where the schema is no load's."""
    found = SCHEMA_NAME.fullmatch(name)
    return dt.datetime.strptime(found[1], MOMENT).replace(tzinfo=dt.UTC) if found else None


def create_staging(schema: pa.Schema) -> sql.Composed:
    """The staging table, keyed by each row's position."""
    columns = [sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_stored_as(field))) for field in schema]
    return sql.SQL("CREATE TABLE {} ({}, {} bigint PRIMARY KEY)").format(
        STAGING, sql.SQL(", ").join(columns), sql.Identifier(POSITION)
    )


def create_outcome() -> sql.Composed:
    """The table of the one row that a committed load leaves; its key fences off an attempt that comes too late."""
    return sql.SQL("CREATE TABLE {} (done boolean PRIMARY KEY, attempt bigint NOT NULL)").format(OUTCOME)


def prepare_statement(text: str) -> tuple[str, str]:
    """The name of the table that a preparation makes, and the statement that makes an ordinary table of it.

    Raises:
        DefectError: it is another statement, which could not be done twice.
    """
    found = TEMPORARY.match(text)
    if not found:
        raise DefectError("A preparation makes no temporary table: CockroachDB's writer cannot repeat it.")
    return found[1], f"CREATE TABLE {found[1]} AS" + text[found.end() :]


def prepare(target: Target, staging: sql.Identifier) -> sql.Composed:
    """Makes the table of the slice as it shall be: each key once, the last row of a key, counted in `_copies`."""
    columns, key = _listed(target.columns), _listed(target.key)
    if target.unique:
        select = sql.SQL("SELECT {columns}, 1 AS _copies FROM ({source}) AS source")
    else:
        select = sql.SQL(
            "SELECT DISTINCT ON ({key}) {columns}, count(*) OVER (PARTITION BY {key}) AS _copies"
            " FROM ({source}) AS source ORDER BY {key}, _sequence DESC"
        )
    return sql.SQL("CREATE TABLE {} AS {}").format(
        prepared(target), select.format(key=key, columns=columns, source=source(target, staging))
    )


def is_empty(target: Target) -> sql.Composed:
    """Whether the slice holds no row."""
    return sql.SQL("SELECT NOT EXISTS (SELECT 1 FROM {table} AS target WHERE {scope})").format(
        table=qualified(target), scope=_all_of(_scope(target))
    )


def insert(target: Target) -> sql.Composed:
    """Fills an empty slice."""
    scope = sql.SQL("").join(sql.SQL("{}, ").format(sql.Literal(value)) for value in target.scope.values())
    return sql.SQL("INSERT INTO {} ({}) SELECT {}{} FROM {}").format(
        qualified(target), _listed((*target.scope, *target.columns)), scope, _listed(target.columns), prepared(target)
    )


def delete(target: Target) -> sql.Composed:
    """Takes out of the slice what is no longer delivered."""
    return sql.SQL(
        "DELETE FROM {table} AS target WHERE {scope} AND NOT EXISTS (SELECT 1 FROM {prepared} AS source WHERE {match})"
    ).format(
        table=qualified(target),
        scope=_all_of(_scope(target)),
        prepared=prepared(target),
        match=_all_of(_match(target)),
    )


def count_new(target: Target) -> sql.Composed:
    """How many of the prepared rows the slice does not have; true for as long as the transaction is serializable."""
    return sql.SQL(
        "SELECT count(*) FROM {prepared} AS source WHERE NOT EXISTS (SELECT 1 FROM {table} AS target WHERE {match})"
    ).format(
        prepared=prepared(target),
        table=qualified(target),
        match=_all_of([*_scope(target), *_match(target)]),
    )


def upsert(target: Target) -> sql.Composed:
    """Writes what is new or differs, in key order; the rows it counts are those that it wrote."""
    scope = sql.SQL("").join(sql.SQL("{}, ").format(sql.Literal(value)) for value in target.scope.values())
    return sql.SQL(
        "INSERT INTO {table} AS target ({names}) SELECT {scope}{columns} FROM {prepared} ORDER BY {key}"
        " ON CONFLICT ({unique}) DO {change}"
    ).format(
        table=qualified(target),
        names=_listed((*target.scope, *target.columns)),
        scope=scope,
        columns=_listed(target.columns),
        prepared=prepared(target),
        key=_listed(target.key),
        unique=_listed(target.table.key),
        change=_change(target),
    )


def count_between(first: int, last: int) -> sql.Composed:
    """How many rows are staged at these positions, both included."""
    return sql.SQL("SELECT count(*) FROM {} WHERE {} BETWEEN {} AND {}").format(
        STAGING, sql.Identifier(POSITION), first, last
    )


def _scope(target: Target) -> list[sql.Composed]:
    return [
        sql.SQL("target.{} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in target.scope.items()
    ]


def _match(target: Target) -> list[sql.Composed]:
    return [sql.SQL("target.{0} = source.{0}").format(sql.Identifier(name)) for name in target.key]


def _all_of(conditions: list[sql.Composed]) -> sql.Composed:
    return sql.SQL(" AND ").join([sql.SQL("true"), *conditions])


def _change(target: Target) -> sql.Composable:
    compared = tuple(
        column.name for column in target.table.columns if column.name not in target.table.key and not column.provenance
    )
    if not compared:
        return sql.SQL("NOTHING")
    written = [name for name in target.columns if name not in target.key]
    return sql.SQL("UPDATE SET {assignments} WHERE ({there}) IS DISTINCT FROM ({here})").format(
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in written),
        there=_listed(compared, "target"),
        here=_listed(compared, "excluded"),
    )


def _listed(names: tuple[str, ...], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names)


def _stored_as(field: pa.Field[pa.DataType]) -> str:
    """As on PostgreSQL, but for collations: texts are compared by bytes in any case."""
    return stored_as(field).removesuffix(' COLLATE "C"')

"""Partitions by month of the tables that uploads fill: made when they are missing, or filled aside and attached.

A partition is made by `commerce.add_partition`, in a short transaction of its own, so that no load waits for another.
A large load that comes first in its month fills a table of its own instead, whose key is built once at the end, and
attaches it in its transaction: ATTACH takes a lock that neither readers nor writers feel. Where somebody made the
partition meanwhile, the rows are moved into that.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection, errors, sql
from psycopg.rows import TupleRow

from include.errors import DefectError, TransientError
from include.postgres.errors import translated
from include.writers.postgres.merge_sql import Partition, Target, qualified


@dataclass(frozen=True, slots=True)
class Aside:
    """A table beside the parent that becomes its partition."""

    target: Target
    partition: Partition
    table: sql.Identifier

    def statement(self, text: str) -> sql.Composed:
        """A statement about the two tables, with their names and the partition's bounds filled in."""
        return sql.SQL(text).format(
            aside=self.table,
            parent=qualified(self.target),
            key=_names(self.target.table.key),
            columns=_names(self.target.table.names),
            partition=sql.Identifier(self.partition.table_name(self.target.table.name)),
            column=sql.Identifier(self.partition.column),
            defaults=sql.SQL(", ").join(
                sql.SQL("ALTER {} SET DEFAULT {}").format(sql.Identifier(name), value)
                for name, value in self.target.scope.items()
            ),
            no_defaults=sql.SQL(", ").join(
                sql.SQL("ALTER {} DROP DEFAULT").format(sql.Identifier(name)) for name in self.target.scope
            ),
            low=self.partition.low,
            high=self.partition.high,
        )


def ensure(connection: Connection[TupleRow], targets: Sequence[Target]) -> None:
    """Makes the partitions that the targets' slices lie in, where they are missing; the connection is in autocommit."""
    calls = [
        sql.SQL("commerce.add_partition({}, {})").format(target.table.name, target.partition.month)
        for target in targets
        if target.partition
    ]
    if calls:
        with translated():
            connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls)))


def create_aside(connection: Connection[TupleRow], target: Target) -> Aside:
    """An empty table of the parent's form, without its key, that only the connection's transaction knows.

    Its rows are of the target's slice without saying so: that is the default of the slice's columns.
    """
    if target.partition is None:
        raise DefectError(f"The table {target.table.name} has no partitions.")
    name = f"{target.table.name}_{secrets.token_hex(4)}"
    aside = Aside(target, target.partition, sql.Identifier(target.table.schema, name))
    # The check is what spares ATTACH a scan of all rows.
    check = "CONSTRAINT bounds CHECK ({column} IS NOT NULL AND {column} >= {low} AND {column} < {high})"
    connection.execute(aside.statement(f"CREATE TABLE {{aside}} (LIKE {{parent}}, {check})"))
    connection.execute(aside.statement("ALTER TABLE {aside} {defaults}"))
    return aside


def build_key(connection: Connection[TupleRow], aside: Aside) -> None:
    """Builds the primary key over all rows at once."""
    connection.execute(aside.statement("ALTER TABLE {aside} ADD PRIMARY KEY ({key})"))


def attach(connection: Connection[TupleRow], aside: Aside) -> None:
    """Makes the filled table the partition; or moves its rows, where there is one by now."""
    # The lock that commerce.add_partition takes, so that there is one maker at a time; it ends with the transaction.
    name = f"{aside.target.table.schema}.{aside.target.table.name}"
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    schema, partition = aside.target.table.schema, aside.partition.table_name(aside.target.table.name)
    # Not to_regclass, which may still answer from before the wait.
    found = connection.execute(
        "SELECT FROM pg_class WHERE relnamespace = %s::regnamespace AND relname = %s", [schema, partition]
    )
    try:
        for statement in MOVE if found.rowcount else ATTACH:
            connection.execute(aside.statement(statement))
    except (errors.DuplicateTable, errors.InvalidObjectDefinition) as error:
        # Above READ COMMITTED the transaction does not see what was made since it began.
        raise TransientError(
            f"Another load made the partition {partition}.", "The same load can be repeated."
        ) from error


ATTACH = (
    "ALTER TABLE {parent} ATTACH PARTITION {aside} FOR VALUES FROM ({low}) TO ({high})",
    "ALTER TABLE {aside} DROP CONSTRAINT bounds, {no_defaults}",
    "ALTER TABLE {aside} RENAME TO {partition}",
)
MOVE = ("INSERT INTO {parent} ({columns}) SELECT {columns} FROM {aside}", "DROP TABLE {aside}")


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _found(target: Target) -> sql.Composable:
    """The partition's oid, null where there is none."""
    if target.partition is None:
        return sql.NULL
    name = sql.Identifier(target.table.schema, target.partition.table_name(target.table.name))
    return sql.SQL("to_regclass({})").format(name.as_string())


def lacks(target: Target) -> sql.Composed:
    """Two expressions: whether the slice has no partition yet, and whether the connection's role may add one."""
    return sql.SQL("{} IS NULL, (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = {}::regclass)").format(
        _found(target), qualified(target).as_string()
    )

"""What loads into CockroachDB leave behind when they are killed, and how it goes away."""

from __future__ import annotations

import datetime as dt

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.errors import SetupError
from include.log import line, logger
from include.postgres.errors import translated
from include.writers.cockroach import merge_sql as cockroach

# A schema this old was left by a load that was killed: no load takes a day.
LEFT_BEHIND = dt.timedelta(hours=24)


def sweep(connection: Connection[TupleRow]) -> list[str]:
    """Drops the schemas of loads that were killed, and returns their names; another role's are left alone."""
    oldest = dt.datetime.now(dt.UTC) - LEFT_BEHIND
    with translated():
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE %s ORDER BY nspname", [f"{cockroach.SCHEMA_PREFIX}%"]
        ).fetchall()
    left = [str(name) for (name,) in rows if (moment := cockroach.began(name)) and moment < oldest]
    return [name for name in left if _dropped(connection, name)]


def _dropped(connection: Connection[TupleRow], name: str) -> bool:
    try:
        with translated():
            connection.execute(drop(name))
    except SetupError as error:
        logger("writers").warning(line("staging-left", schema=name, reason=error.what))
        return False
    return True


def drop(name: str) -> sql.Composed:
    """Drops a load's schema with all that is in it."""
    return sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name))

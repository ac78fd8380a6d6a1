"""Tables that uploads fill are partitioned by the month of the upload's day, which its id now begins with.

An id is the day's ordinal in its first 32 bits and what the hash of store and day gave in the others (a UUID of version
8), so that a range of ids is a range of days and whatever names an upload finds its partition.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from functools import partial

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.migrations.steps import Migration

# As they were when this migration was written; what comes later is made partitioned from the start.
TABLES = ("catalog", "inventory", "variants", "orders", "order_lines")

# Namespace of the ids before this migration.
NAMESPACE = uuid.UUID("5f0f2a0e-6f1c-5b57-9f51-6d3c1d7f6a10")

# The bounds of a month: ids that begin with its first day's ordinal and with the next month's.
ADD_PARTITION = """
CREATE FUNCTION commerce.add_partition(parent text, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month);
    name text := format('%s_%s', parent, to_char(first, 'YYYY_MM'));
    bounds uuid[] := ARRAY(
        SELECT rpad(lpad(to_hex(day - DATE '0001-01-01' + 1), 8, '0'), 32, '0')::uuid
        FROM unnest(ARRAY[first, (first + interval '1 month')::date]) WITH ORDINALITY AS days (day, place)
        ORDER BY place
    );
BEGIN
    IF to_regclass(format('commerce.%I', name)) IS NOT NULL THEN
        RETURN;
    END IF;
    IF parent NOT IN ('catalog', 'inventory', 'variants', 'orders', 'order_lines') THEN
        RAISE EXCEPTION 'the table % has no partitions by month', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('commerce.' || parent, 0));
    EXECUTE format('CREATE TABLE commerce.%I (LIKE commerce.%I)', name, parent);
    EXECUTE format('ALTER TABLE commerce.%I ATTACH PARTITION commerce.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, bounds[1], bounds[2]);
EXCEPTION WHEN duplicate_table THEN
    NULL;  -- another one made it during the wait for the lock
END
$$
"""

# Every column that holds an upload's id, but for the tables that are made anew.
ID_COLUMNS = """
SELECT n.nspname, c.relname, a.attname
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('commerce', 'ledger') AND c.relkind = 'r' AND NOT c.relispartition
    AND a.atttypid = 'uuid'::regtype AND a.attnum > 0
    AND NOT a.attisdropped AND NOT (n.nspname = 'commerce' AND c.relname = ANY(%s))
"""

# Views are made in the order of their oids, so none stands before what it reads.
VIEWS = """
SELECT c.oid, c.relname, pg_get_viewdef(c.oid)
FROM pg_class AS c
WHERE c.relnamespace = 'commerce'::regnamespace AND c.relkind = 'v'
ORDER BY c.oid
"""

GRANTS = """
SELECT c.relname, CASE acl.grantee WHEN 0 THEN 'public' ELSE acl.grantee::regrole::text END, acl.privilege_type
FROM pg_class AS c, aclexplode(c.relacl) AS acl
WHERE c.relnamespace = 'commerce'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND acl.grantee <> c.relowner
"""


MONTHS = "(SELECT DISTINCT date_trunc('month', day) FROM commerce.new_ids) AS months (month)"
BY_ID = "JOIN commerce.new_ids ON old = upload_id"


def _with_day(_store: str, day: dt.date, old: uuid.UUID) -> uuid.UUID:
    """The id after this migration."""
    kept = old.int & ((1 << 96) - 1) & ~(0xF << 76)
    return uuid.UUID(int=day.toordinal() << 96 | 0x8 << 76 | kept)


def _without_day(store: str, day: dt.date, _new: uuid.UUID) -> uuid.UUID:
    """The id before it."""
    return uuid.uuid5(NAMESPACE, f"{store}/{day.isoformat()}")


def _convert(
    connection: Connection[TupleRow], identify: Callable[[str, dt.date, uuid.UUID], uuid.UUID], *, partitioned: bool
) -> None:
    """Makes the tables anew, partitioned or not, with the ids that `identify` gives; views and rights stay."""
    views = connection.execute(VIEWS).fetchall()
    grants = connection.execute(GRANTS).fetchall()
    for _, name, _ in reversed(views):
        connection.execute(sql.SQL("DROP VIEW {}").format(_commerce(name)))
    _map_ids(connection, identify)
    for table in TABLES:
        _make_anew(connection, table, partitioned=partitioned)
    connection.execute("DROP TABLE commerce.new_ids")
    for _, name, definition in views:
        connection.execute(sql.SQL("CREATE VIEW {} AS {}").format(_commerce(name), sql.SQL(definition)))
    for name, grantee, right in grants:
        connection.execute(sql.SQL(f"GRANT {right} ON {{}} TO {grantee}").format(_commerce(name)))


def _map_ids(connection: Connection[TupleRow], identify: Callable[[str, dt.date, uuid.UUID], uuid.UUID]) -> None:
    # No temporary table: whoever owns the schemas need not have that right.
    connection.execute("CREATE TABLE commerce.new_ids (old uuid PRIMARY KEY, new uuid, day date)")
    uploads = connection.execute("SELECT upload_id, store, day FROM commerce.uploads").fetchall()
    with connection.cursor() as cursor, cursor.copy("COPY commerce.new_ids (old, new, day) FROM STDIN") as copy:
        for old, store, day in uploads:
            copy.write_row((old, identify(store, day, old), day))
    for schema, table, column in connection.execute(ID_COLUMNS, [[*TABLES, "new_ids"]]).fetchall():
        connection.execute(
            sql.SQL("UPDATE {} AS mapped SET {column} = new FROM commerce.new_ids WHERE mapped.{column} = old").format(
                sql.Identifier(schema, table), column=sql.Identifier(column)
            )
        )


def _make_anew(connection: Connection[TupleRow], table: str, *, partitioned: bool) -> None:
    key = connection.execute(
        "SELECT pg_get_constraintdef(oid), conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        [f"commerce.{table}"],
    ).fetchone()
    columns = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attname <> 'upload_id' ORDER BY attnum",
        [f"commerce.{table}"],
    ).fetchall()
    definition, constraint = key or ("", "")
    names = {
        "table": _commerce(table),
        "before": _commerce(f"{table}_before"),
        "constraint": sql.Identifier(constraint),
        "columns": sql.SQL(", ").join(sql.Identifier(name) for (name,) in columns),
    }
    partition_by = "PARTITION BY RANGE (upload_id)" if partitioned else ""
    partitions = f"SELECT commerce.add_partition('{table}', month::date) FROM {MONTHS}"  # noqa: S608 # of TABLES
    steps = (
        f"ALTER TABLE {{table}} RENAME TO {table}_before",
        "ALTER TABLE {before} DROP CONSTRAINT {constraint}",
        f"CREATE TABLE {{table}} (LIKE {{before}} INCLUDING ALL) {partition_by}",
        f"ALTER TABLE {{table}} ADD CONSTRAINT {{constraint}} {definition}",
        *((partitions,) if partitioned else ()),
        f"INSERT INTO {{table}} (upload_id, {{columns}}) SELECT new, {{columns}} FROM {{before}} {BY_ID}",  # noqa: S608 # names by psycopg
        "DROP TABLE {before}",
    )
    for step in steps:
        connection.execute(sql.SQL(step).format(**names))


def _commerce(name: str) -> sql.Identifier:
    return sql.Identifier("commerce", name)


MIGRATION = Migration(
    number=9,
    name="partitions",
    postgres_only=True,
    forward=(
        ADD_PARTITION,
        "REVOKE ALL ON FUNCTION commerce.add_partition(text, date) FROM PUBLIC",
        partial(_convert, identify=_with_day, partitioned=True),
    ),
    back=(
        partial(_convert, identify=_without_day, partitioned=False),
        "DROP FUNCTION commerce.add_partition(text, date)",
    ),
)

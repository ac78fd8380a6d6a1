"""Rules of a table that somebody else made, as questions to the staged rows: who breaks one is a reject, not an error.

A merge that the table refuses ends as a whole, and PostgreSQL does not say on which row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import TupleRow

from include.pipelines.tables.contract import TableContract

# Table of the staged rows that break a rule, for the length of the load's transaction.
BROKEN = "broken_rules"

CHECKS = """
SELECT conname, (SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)),
    pg_get_expr(conbin, conrelid)
FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'c' AND conkey IS NOT NULL
ORDER BY conname
"""

KEYS = """
SELECT conname, confrelid::regclass::text,
    ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = conrelid AND attnum = key.number ORDER BY place),
    ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = confrelid AND attnum = key.number ORDER BY place)
FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'f'
ORDER BY conname
"""

# Bounds of types that are narrower than what a contract reads: texts by length, numbers by size.
BOUNDS = """
SELECT attname::text, format_type(atttypid, NULL), atttypmod FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
INTEGERS = {"smallint": 2**15, "integer": 2**31}
# What PostgreSQL adds to the length or the digits that a type names.
HEADER = 4
DIGIT_BITS = 16


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a row of the table under which it is refused; `columns` are those that it speaks of."""

    columns: tuple[str, ...]
    code: str
    reason: str
    broken: str


def broken_rules(connection: Connection[TupleRow], contract: TableContract) -> str | None:
    """The statement that makes BROKEN of the staged rows; None where the table has no rule on columns of the contract.

    Rules on other columns stay PostgreSQL's own. The statement has the placeholder `{staging}`.
    """
    schema, name = contract.table.split(".")
    rules = [rule for rule in _rules(connection, f'"{schema}"."{name}"') if set(rule.columns) <= set(contract.columns)]
    if not rules:
        return None
    asked = " UNION ALL ".join(
        f"SELECT _sequence, 0 AS _part, source_line AS _line, {_text(rule.columns[0])} AS column_name,"  # noqa: S608 # PostgreSQL's own names and expressions
        f" {_text(rule.code)} AS code, {_text(rule.reason)} AS reason FROM ready WHERE {_escaped(rule.broken)}"
        for rule in rules
    )
    found = f"SELECT DISTINCT ON (_sequence) * FROM ({asked}) AS asked ORDER BY _sequence"  # noqa: S608 # as above
    return f"CREATE TEMPORARY TABLE {BROKEN} ON COMMIT DROP AS WITH ready AS ({contract.select}) {found}"


def _rules(connection: Connection[TupleRow], table: str) -> Iterator[Rule]:
    for column, kind, modifier in connection.execute(BOUNDS, [table]).fetchall():
        if bound := _bound(str(column), str(kind), int(modifier)):
            yield bound
    for name, columns, expression in connection.execute(CHECKS, [table]).fetchall():
        yield Rule(tuple(columns), "check", f"breaks the table's rule {name}", f"NOT coalesce({expression}, true)")
    for name, other, columns, theirs in connection.execute(KEYS, [table]).fetchall():
        present = " AND ".join(f'ready."{column}" IS NOT NULL' for column in columns)
        same = " AND ".join(f'other."{b}" = ready."{a}"' for a, b in zip(columns, theirs, strict=True))
        broken = f"{present} AND NOT EXISTS (SELECT FROM {other} AS other WHERE {same})"  # as above
        yield Rule(tuple(columns), "foreign_key", f"names no row of {other}, as {name} asks", broken)


def _bound(column: str, kind: str, modifier: int) -> Rule | None:
    quoted = f'"{column}"'
    if kind in INTEGERS:
        limit = INTEGERS[kind]
        broken = f"{quoted} NOT BETWEEN {-limit} AND {limit - 1}"
        return Rule((column,), "out_of_range", f"too large for the table's {kind}", broken)
    if modifier < HEADER:
        return None
    if kind == "character varying":
        length = modifier - HEADER
        return Rule(
            (column,), "too_long", f"longer than the table's {length} characters", f"length({quoted}) > {length}"
        )
    if kind == "numeric":
        digits = ((modifier - HEADER) >> DIGIT_BITS) - ((modifier - HEADER) & 0x7FF)
        broken = f"abs({quoted}) >= 1e{digits}"
        return Rule((column,), "out_of_range", f"more than the table's {digits} digits before the decimals", broken)
    return None


def _text(text: str) -> str:
    return _escaped("'{}'".format(text.replace("'", "''")))


def _escaped(expression: str) -> str:
    """An expression in a statement that has placeholders in braces."""
    return expression.replace("{", "{{").replace("}", "}}")

"""Where psycopg's errors become Longshore's, by SQLSTATE: the one place that knows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.errors import DefectError, LongshoreError, RowError, SetupError, TransientError

# SQLSTATE or its class -> what the caller should do. The longest match wins. Source: PostgreSQL's documentation,
# Appendix A "PostgreSQL Error Codes".
TRANSIENT = ("08", "40001", "40003", "40P01", "53300", "53400", "55P03", "57P01", "57P02", "57P03")
ROW = ("22", "23")
DEFECT = ("21000",)

UNIQUE_VIOLATION = "23505"

# A server, or a pooler, that refuses a connection says so in words only: psycopg has no SQLSTATE for it.
REFUSALS = (
    (re.compile(r"FATAL: .*(authentication failed|no pg_hba\.conf entry|no such user)"), "28000"),
    (re.compile(r"FATAL: .*role .* (does not exist|is not permitted to log in)"), "28000"),
    (re.compile(r"FATAL: .*(database .* does not exist|no such database)"), "3D000"),
    (re.compile(r"FATAL: .*permission denied for database"), "42501"),
)

COPY_LINE = re.compile(r"COPY \S+, line (\d+)(?:, column (\S+?))?(?::|$)", re.MULTILINE)

REMEDIES = {
    "28": "Check the user, the password and pg_hba.conf of the server.",
    "3D": "Create the database, or correct its name in the target.",
    "42501": "Grant the role what docs/operations.md lists.",
    "2BP01": "Take away the views of your own that need it, migrate, and make them again.",
    "42P01": "Apply the migrations: any `longshore load` or `longshore up` does.",
    "57014": "Someone cancelled the statement, or it ran into the task's execution_timeout: raise that.",
    "53100": "Free space on the database server.",
}


def translate(error: psycopg.Error) -> LongshoreError:
    """The error of our tree that says what to do about a psycopg error; its message holds no row's contents."""
    state = error.sqlstate or _refusal(error)
    what = f"PostgreSQL said {state or 'nothing'}: {_summary(error)}."
    if _starts(state, TRANSIENT) or (not state and isinstance(error, psycopg.OperationalError)):
        return TransientError(what, "The same load can be repeated.")
    if _starts(state, ROW):
        return _row_error(error, state, what)
    if _starts(state, DEFECT):
        return DefectError(what, "Please report it with the load's number.")
    remedy = next((text for prefix, text in REMEDIES.items() if state.startswith(prefix)), "")
    return SetupError(what, remedy or "Change the set-up; a retry cannot help.")


@contextmanager
def translated() -> Iterator[None]:
    """Lets no psycopg error out of the block but as one of our tree, with its cause."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


@contextmanager
def competitors() -> Iterator[None]:
    """A key that is there twice came from somebody else: what is merged holds each key once.

    Above READ COMMITTED the merge looks at the tables as they were before it waited for its lock.
    """
    try:
        yield
    except RowError as error:
        if error.code != UNIQUE_VIOLATION:
            raise
        raise TransientError(f"Another writer was faster. {error.what}", "The same load can be repeated.") from error


def _refusal(error: psycopg.Error) -> str:
    return next((state for words, state in REFUSALS if words.search(str(error))), "")


def _starts(state: str, prefixes: tuple[str, ...]) -> bool:
    return any(state.startswith(prefix) for prefix in prefixes)


def _summary(error: psycopg.Error) -> str:
    # Primary messages of class 22 and 23 can quote the value; the constraint's or column's name says enough.
    state = error.sqlstate or ""
    if _starts(state, ROW):
        subject = error.diag.constraint_name or error.diag.column_name or "a value"
        return f"{type(error).__name__} at {subject}"
    return (error.diag.message_primary or str(error) or type(error).__name__).strip().rstrip(".")


def _row_error(error: psycopg.Error, state: str, what: str) -> RowError:
    place = COPY_LINE.search(error.diag.context or "")
    line, column = place.groups() if place else (None, None)
    column = (column or error.diag.column_name or "").strip('",') or None
    return RowError(what, row=int(line) - 1 if line else None, column=column, code=state)

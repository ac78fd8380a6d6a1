"""Every way that is compared, with what it guarantees: a fast way that guarantees less is no better way."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What is true after the program ended, or was killed.

    Attributes:
        atomic: all of the file is visible or nothing.
        idempotent: the same file again leaves the same rows; a corrected one replaces them.
        typed: the columns have their types.
        rejects: what becomes of a bad row.
        ledger: what the database knows of the load afterwards.
    """

    atomic: str
    idempotent: str
    typed: str
    rejects: str
    ledger: str

    def __str__(self) -> str:
        return "; ".join(f"{field.name}: {getattr(self, field.name)}" for field in fields(self))


@dataclass(frozen=True, slots=True)
class Peer:
    """One way of one peer.

    Attributes:
        name: as it stands in the table.
        script: its module in this package.
        way: the function in it.
        guarantees: what it promises.
        most_rows: slow ways get no more rows than this, and are compared per row.
        makes_table: its table is made by itself; the others find the typed one.
        in_project: runs in the project's own venv (Airflow) instead of the peers'.
        program: what must be on PATH.
    """

    name: str
    script: str
    way: str
    guarantees: Guarantees
    most_rows: int | None = None
    makes_table: bool = False
    in_project: bool = False
    program: str = ""


LONGSHORE = Guarantees(
    "yes", "yes", "yes", "kept with file, line, column, code, reason and raw text", "files, hashes, counts, phases"
)

STOPS = "the first one ends the load"
NO_REPEAT = "no: twice the rows"
NO_LEDGER = "nothing"
ONE_TRANSACTION = "yes"

_COPY = Guarantees(ONE_TRANSACTION, NO_REPEAT, "yes", f"{STOPS}, with line and column", NO_LEDGER)
_CHUNKS = Guarantees(ONE_TRANSACTION, NO_REPEAT, "yes", f"{STOPS}, with column and line of its chunk", NO_LEDGER)
_INSERTS = Guarantees(ONE_TRANSACTION, NO_REPEAT, "yes", f"{STOPS}, without its line", NO_LEDGER)
_DLT_LEDGER = "load id, schema version, status; no counts"
_DLT_ARROW = f"{STOPS} (pyarrow), with its text, or its column and value"
_DLT_COPY = f"{STOPS}, with line and column"
_ARROW = Guarantees(ONE_TRANSACTION, NO_REPEAT, "yes", _DLT_ARROW, NO_LEDGER)
_DLT_APPEND = Guarantees("no: each load file by itself", NO_REPEAT, "yes", _DLT_ARROW, _DLT_LEDGER)
_DLT_MERGE = Guarantees("yes, the merge", "yes, but an order gone from the file stays", "yes", _DLT_ARROW, _DLT_LEDGER)
_DLT_UPSERT = Guarantees("yes, the merge", "yes, but a row gone from the file stays", "yes", _DLT_ARROW, _DLT_LEDGER)
_ONE_BY_ONE = Guarantees("no: each row by itself", NO_REPEAT, "yes", f"{STOPS}, without its line", NO_LEDGER)

APPEND = (
    Peer(r"psql \copy", "psql_copy", "append", _COPY),
    Peer("ADBC ingest", "adbc_ingest", "append", _ARROW),
    Peer("dlt append, ADBC", "dlt_pipeline", "append_adbc", _DLT_APPEND, makes_table=True),
    Peer("dlt append, CSV", "dlt_pipeline", "append_csv", _DLT_APPEND, makes_table=True),
    Peer(
        "dlt append, file as it is",
        "dlt_pipeline",
        "append_file",
        Guarantees("yes, its one file", NO_REPEAT, "yes", _DLT_COPY, _DLT_LEDGER),
        makes_table=True,
    ),
    Peer(
        "pgloader",
        "pgloader_csv",
        "append",
        Guarantees(
            "no: each batch by itself",
            NO_REPEAT,
            "yes",
            "kept in files: raw text, server's message; line of the batch only",
            NO_LEDGER,
        ),
        program="pgloader",
    ),
    Peer("pg-bulk-ingest", "pg_bulk_ingest_rows", "append", _COPY, makes_table=True),
    Peer("pandas to_sql, COPY", "pandas_to_sql", "append_by_copy", _CHUNKS),
    Peer("pandas to_sql", "pandas_to_sql", "append", _INSERTS, most_rows=100_000),
    Peer("SQLAlchemy core", "sqlalchemy_core", "append", _INSERTS, most_rows=100_000),
    Peer("psycopg executemany", "psycopg_executemany", "append", _INSERTS, most_rows=100_000),
    Peer(
        "Airflow insert_rows",
        "airflow_insert_rows",
        "append",
        Guarantees("no: each chunk by itself", NO_REPEAT, "yes", f"{STOPS}, without its line", NO_LEDGER),
        most_rows=100_000,
        in_project=True,
    ),
    Peer("ORM, one transaction", "slow_orm", "one_transaction", _INSERTS, most_rows=20_000, makes_table=True),
    Peer("ORM, refresh per row", "slow_orm", "refresh_each", _INSERTS, most_rows=5_000, makes_table=True),
    Peer("ORM, one entity a transaction", "slow_orm", "commit_each", _ONE_BY_ONE, most_rows=5_000, makes_table=True),
)

# The ways that may be called twice, as ours may: measured on the first delivery and on the same with a tenth changed.
REPEATABLE = (
    Peer("dlt merge by order, ADBC", "dlt_pipeline", "merge_adbc", _DLT_MERGE, makes_table=True),
    Peer(
        "dlt merge by order, file as it is",
        "dlt_pipeline",
        "merge_file",
        Guarantees("yes, the merge", "yes, but an order gone from the file stays", "yes", _DLT_COPY, _DLT_LEDGER),
        makes_table=True,
    ),
    Peer("dlt upsert by line, ADBC", "dlt_pipeline", "upsert_adbc", _DLT_UPSERT, makes_table=True),
    Peer(
        "pg-bulk-ingest upsert by line",
        "pg_bulk_ingest_rows",
        "upsert",
        Guarantees(
            "yes", "yes, but a row gone from the file stays", "yes", f"{STOPS}, with line and column", NO_LEDGER
        ),
        makes_table=True,
    ),
)

# Peers that could not be run where this comparison was made.
NOT_RUN = ("ingestr", "sling")

"""An upload of order lines into empty tables, beside the limit and beside what an expert writes by hand.

limit      `COPY` of the file's bytes into one unlogged table without key or index: what one connection can take
by hand    unlogged typed staging with an identity column, `INSERT ... SELECT` with `GROUP BY` for the orders and
           `row_number()` for the lines, indexes after, one transaction; no validation, no counts, no rejects
longshore  the whole load: hashed, decoded, parsed, typed, checked, numbered, counted, committed with its ledger row
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from benchmarks import order_lines
from benchmarks.harness import Case, Row, measure
from benchmarks.server import start_server

STORE = "benchmark"
DAY = dt.date(2025, 3, 3)

# Bytes of one CopyData message.
BLOCK_BYTES = 256 * 1024

# Longshore does all of the checking in at most three quarters of what the expert's SQL takes without any.
BAR = 0.75

RAW_COLUMNS = """order_id text COLLATE "C", created_at timestamptz, currency text, financial_status text,
    quantity bigint, unit_price numeric, discount numeric, variant_id text COLLATE "C", sku text COLLATE "C",
    line_name text"""


@dataclass(frozen=True, slots=True)
class Work:
    """The database's URL and the folder of the delivery."""

    url: str
    folder: str

    @property
    def file(self) -> Path:
        """The delivery's one file."""
        return Path(self.folder) / "orders.csv"


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Lays out the input, starts a server and measures the three cases."""
    delivery = home / "landing" / STORE / DAY.isoformat()
    delivery.mkdir(parents=True, exist_ok=True)
    server = start_server(home)
    work = Work(server.url, str(delivery))
    order_lines.write(work.file, rows)
    cases = (
        Case("limit: COPY", copy_only, forget),
        Case("by hand", by_hand, forget, reference="limit: COPY"),
        Case("longshore", longshore, forget, reference="by hand", bar=BAR),
    )
    return measure("load", cases, work, rows=rows, rounds=rounds, server_pid=server.pid)


def forget(work: Work) -> None:
    """Empties everything that a case fills."""
    from include.migrations import migrate
    from include.writers.postgres_session import connect

    with connect(work.url) as connection:
        migrate(connection)
        connection.execute("DROP TABLE IF EXISTS limit_lines, hand_orders, hand_lines, hand_staging")
        connection.execute("TRUNCATE commerce.orders, commerce.order_lines, ledger.rejects, ledger.loads CASCADE")
        connection.execute("CHECKPOINT")


def copy_only(work: Work) -> None:
    """The limit."""
    from include.writers.postgres_session import connect

    with connect(work.url) as connection, connection.transaction():
        connection.execute(f"CREATE UNLOGGED TABLE limit_lines ({RAW_COLUMNS})".encode())
        _copy(connection, "COPY limit_lines FROM STDIN (FORMAT csv, HEADER)", work.file)


def by_hand(work: Work) -> None:
    """The expert's SQL."""
    from include.writers.postgres_session import connect

    with connect(work.url) as connection, connection.transaction():
        connection.execute("SET LOCAL work_mem = '128MB'")
        connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        connection.execute(
            f"CREATE UNLOGGED TABLE hand_staging (line bigint GENERATED ALWAYS AS IDENTITY, {RAW_COLUMNS})".encode()
        )
        names = order_lines.HEADER.strip()
        _copy(connection, f"COPY hand_staging ({names}) FROM STDIN (FORMAT csv, HEADER)", work.file)
        connection.execute("ANALYZE hand_staging")
        connection.execute(
            "CREATE TABLE hand_orders AS SELECT '00000000-0000-0000-0000-000000000001'::uuid AS upload_id, order_id,"
            " min(created_at) AS created_at, min(currency) AS currency, min(financial_status) AS financial_status"
            " FROM hand_staging GROUP BY order_id"
        )
        connection.execute(
            "CREATE TABLE hand_lines AS SELECT '00000000-0000-0000-0000-000000000001'::uuid AS upload_id, order_id,"
            " row_number() OVER (PARTITION BY order_id ORDER BY line)::integer AS line_no, quantity, unit_price,"
            " discount, variant_id, sku, line_name, line AS source_line FROM hand_staging"
        )
        connection.execute("ALTER TABLE hand_orders ADD PRIMARY KEY (upload_id, order_id)")
        connection.execute("ALTER TABLE hand_lines ADD PRIMARY KEY (upload_id, order_id, line_no)")
        connection.execute("DROP TABLE hand_staging")


def longshore(work: Work) -> None:
    """The whole load, through the same functions that the command line and the operators call."""
    from include.ledger.runs import RunSource
    from include.loading.job import LoadOptions
    from include.pipelines.commerce.extract import open_upload
    from include.pipelines.commerce.load import load_dataset
    from include.pipelines.commerce.uploads import Delivery
    from include.settings import StoresFile
    from include.writers.postgres_session import connect

    with connect(work.url) as connection:
        upload = open_upload(connection, Delivery(STORE, DAY, work.folder), RunSource.command_line("benchmark"))
    load_dataset(lambda: connect(work.url), upload, "orders", StoresFile(), LoadOptions())


def _copy(connection, statement: str, file: Path) -> None:  # type: ignore[no-untyped-def] # psycopg stays unimported
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy, file.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            copy.write(block)

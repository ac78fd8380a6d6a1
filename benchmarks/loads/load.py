"""An upload beside the limit and beside what an expert writes by hand: into empty tables, and beside other rows.

limit      `COPY` of the file's bytes into one unlogged table without key or index: what one connection can take
by hand    the SQL of by_hand.py for the same end state, without any checking
longshore  the whole load: hashed, decoded, parsed, typed, checked, numbered, counted, committed with its ledger row

Three kinds of files: canonical order lines, Shopify's orders of 79 columns, a catalog with long texts of 57.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import by_hand, deliveries, other_rows
from benchmarks.inputs.deliveries import KINDS, Work
from benchmarks.server import Server, start_server

# Longshore does all of the checking in at most three quarters of what the expert's SQL takes without any.
BAR = 0.75

# Other rows, as a multiple of the file's, and the uploads that they belong to.
OTHERS = 2
OTHER_UPLOADS = 20


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures each kind of file into empty tables, then order lines beside other rows."""
    server = start_server(home)
    measured: list[Row] = []
    for name in KINDS:
        work = Work(server.url, str(home), name)
        work.kind.write(work.original, work.kind.rows(rows))
        deliveries.deliver(work)
        measured += _into_empty(work, server, rows, rounds)
    return [*measured, *_beside_others(Work(server.url, str(home)), server, rows, rounds)]


def _into_empty(work: Work, server: Server, rows: int, rounds: int) -> list[Row]:
    name, forget = work.kind_name, deliveries.forget
    cases = (
        Case(f"{name}: COPY", deliveries.limit, forget, through.driver),
        Case(f"{name}: by hand", deliveries.hand_into_empty, forget, through.driver, reference=f"{name}: COPY"),
        Case(
            f"{name}: longshore", deliveries.longshore, forget, through.imports, reference=f"{name}: by hand", bar=BAR
        ),
    )
    return measure("load", cases, work, rows=work.kind.rows(rows), rounds=rounds, server_pid=server.pid)


def _beside_others(work: Work, server: Server, rows: int, rounds: int) -> list[Row]:
    from include.postgres.session import connect

    deliveries.forget(work)
    deliveries.deliver(work)
    uploads = min(OTHER_UPLOADS, rows)
    with connect(work.url) as connection:
        by_hand.make_tables(connection)
        for schema in ("commerce", "hand"):
            other_rows.fill(connection, OTHERS * rows, uploads, schema)
    name, deliver = f"beside {OTHERS} x as many", deliveries.deliver_next
    cases = (
        Case(f"{name}: by hand", deliveries.hand_beside, None, through.driver),
        Case(
            f"{name}: longshore", deliveries.longshore, deliver, through.imports, reference=f"{name}: by hand", bar=BAR
        ),
    )
    return measure("load", cases, work, rows=rows, rounds=rounds, server_pid=server.pid)

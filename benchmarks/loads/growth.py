"""The same load beside 10,000 uploads, beside 10 uploads of as many rows, and beside the hand-written SQL's.

The other rows are 20 times the file's (20 million at a million). Three databases hold them: 10,000 uploads in the
loader's tables, 10 uploads in the loader's tables, 10,000 uploads in tables of the same shape for the SQL by hand. Each
round loads one more upload into each; nothing is deleted in between.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import by_hand, deliveries, other_rows
from benchmarks.inputs.deliveries import Work
from benchmarks.server import TEMPLATE, copy_database, start_server

OTHERS = 20
MANY_UPLOADS = 10_000
FEW_UPLOADS = 10

# Order lines that an upload has at least: small runs have fewer uploads.
LEAST_LINES = 30

BAR_TO_HAND = 0.75
BAR_TO_FEW = 1.1

# The plans of queries and statements, made so many times, may take this much longer: they last a millisecond.
BAR_PLANNING = 1.5
PLANS = 40

TIMEOUT_S = 1_800

MANY, FEW, HAND = "many", "few", "hand"

# What people and pipelines ask, and what a load does, as statements to plan; `benchmark_new` stands for staged rows.
STATEMENTS = {
    "queries": (
        "SELECT * FROM commerce.order_lines WHERE upload_id = '{upload}'",
        "SELECT order_id, count(*) FROM commerce.current_order_lines WHERE store = 'store-001' GROUP BY order_id",
    ),
    "a load's statements": (
        "INSERT INTO commerce.order_lines SELECT * FROM benchmark_new",
        "DELETE FROM commerce.order_lines AS target WHERE upload_id = '{upload}' AND NOT EXISTS (SELECT FROM"
        " benchmark_new AS new WHERE target.order_id = new.order_id AND target.line_no = new.line_no)",
        "MERGE INTO commerce.order_lines AS target USING benchmark_new AS new ON target.upload_id = '{upload}'"
        " AND target.order_id = new.order_id AND target.line_no = new.line_no"
        " WHEN MATCHED THEN UPDATE SET quantity = new.quantity",
    ),
}


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Fills the three databases and measures."""
    server = start_server(home)
    work = Work(server.url, str(home))
    work.kind.write(work.original, rows)
    lines = OTHERS * rows
    many = max(FEW_UPLOADS, min(MANY_UPLOADS, lines // LEAST_LINES))
    _fill(work, lines, {MANY: many, FEW: FEW_UPLOADS, HAND: many})
    deliveries.deliver(work)
    loads, plans = _loads(many), tuple(_plans(many))
    return [
        *measure("growth", loads, work, rows=rows, rounds=rounds, server_pid=server.pid),
        *measure("growth", plans, work, rows=None, rounds=rounds, server_pid=server.pid),
    ]


def plan(statements: tuple[str, ...], work: Work) -> float:
    """Median of the seconds in which the server plans all of the statements once."""
    from include.postgres.session import connect

    with connect(work.url) as connection:
        connection.execute("CREATE TEMPORARY TABLE benchmark_new (LIKE commerce.order_lines)")
        filled = [f"EXPLAIN (SUMMARY, FORMAT JSON) {text.format(upload=work.upload_id)}" for text in statements]
        totals = [
            sum(connection.execute(text.encode()).fetchall()[0][0][0]["Planning Time"] for text in filled)
            for _ in range(PLANS)
        ]
    return statistics.median(totals) / 1_000


def _loads(many: int) -> tuple[Case, ...]:
    few = f"beside {FEW_UPLOADS} uploads: longshore"
    hand = f"beside {many:,} uploads: by hand"
    load = partial(_in, MANY, deliveries.longshore)
    deliver, ready = deliveries.deliver_next, through.imports
    return (
        Case(hand, partial(_in, HAND, deliveries.hand_beside), deliver, through.driver, timeout_s=TIMEOUT_S),
        Case(few, partial(_in, FEW, deliveries.longshore), deliver, ready, timeout_s=TIMEOUT_S),
        Case(f"beside {many:,} uploads: longshore", load, None, ready, hand, BAR_TO_HAND, timeout_s=TIMEOUT_S),
        Case(f"the same, to {FEW_UPLOADS} uploads", load, deliver, ready, few, BAR_TO_FEW, timeout_s=TIMEOUT_S),
    )


def _plans(many: int) -> Iterator[Case]:
    for name, statements in STATEMENTS.items():
        few = f"planning {name}: {FEW_UPLOADS} uploads"
        yield Case(few, partial(_in, FEW, partial(plan, statements)), ready=through.driver)
        run = partial(_in, MANY, partial(plan, statements))
        yield Case(f"planning {name}: {many:,} uploads", run, None, through.driver, few, BAR_PLANNING)


def _in(database: str, act: Callable[[Work], float | None], work: Work) -> float | None:
    """Acts in one of the three databases."""
    return act(replace(work, url=f"{work.url.rsplit('/', 1)[0]}/{database}"))


def _fill(work: Work, lines: int, uploads: dict[str, int]) -> None:
    from include.postgres.session import connect

    for name, count in uploads.items():
        url = copy_database(work.url, TEMPLATE, name)
        if name == HAND:
            by_hand.make_schema(url)
        else:
            _seed_months(replace(work, url=url), other_rows.days(count))
        with connect(url) as connection:
            if name == HAND:
                by_hand.make_tables(connection)
            other_rows.fill(connection, lines, count, "hand" if name == HAND else "commerce")


def _seed_months(work: Work, days: list[dt.date]) -> None:
    """Loads a file of a few lines for each month, so that whatever the loader makes of tables for it is there."""
    from benchmarks.inputs import order_lines

    for day in sorted({day.replace(day=1) for day in days}):
        folder = through.delivery(Path(work.home) / "seed", day)
        order_lines.write(folder / "orders.csv", other_rows.LINES_PER_ORDER)
        through.load(work.url, folder)

"""Each index that is no key, with it and without: what it costs the load that fills it and gives who asks by it.

The tables of commerce have none but their keys: an index over the variants of order lines, which would serve questions
by variant, is measured as what it would cost. The ledger's are measured beside the ledger of 10,000 uploads, by small
loads and by the questions that each was made for; those of the rejects by a file with one bad row in a hundred.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import deliveries, order_lines, other_rows
from benchmarks.inputs.deliveries import Work
from benchmarks.server import TEMPLATE, copy_database, reset

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

BENCH = "settings"

UPLOADS = 10_000

# Times that a question is asked; the median counts.
QUESTIONS = 40

MEASURED = "ledger.loads"
REJECTS = "ledger.rejects"

CANDIDATE = "CREATE INDEX order_lines_variant ON commerce.order_lines (variant_id)"

SECONDARY = """
SELECT i.indrelid::regclass::text, c.relname::text
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('commerce', 'ledger') AND NOT i.indisunique AND NOT c.relispartition
ORDER BY 1, 2
"""


def secondary(url: str) -> list[tuple[str, str]]:
    """Table and name of every index that no constraint needs."""
    from include.postgres.session import connect

    with connect(url) as connection:
        return [(str(table), str(name)) for table, name in connection.execute(SECONDARY.encode()).fetchall()]


def measure_indexes(work: Work, pid: int, rows: int, rounds: int) -> list[Row]:
    """One pair for each index and load or question that meets it; a row that says so for those that no load meets."""
    found = secondary(f"{work.url.rsplit('/', 1)[0]}/{TEMPLATE}")
    ledger = copy_database(work.url, TEMPLATE, "ledger_with")
    _fill_ledger(ledger)
    measured = list(_candidate(work, pid, rows, rounds))
    order_lines.write_with_bad_rows(work.original, rows)
    for name in [name for table, name in found if table == REJECTS]:
        measured += _pair(f"rejects: {name} with against without", work, pid, rows, rounds, _anew, _without(name))
    small = replace(work, url=ledger, home=str(Path(work.home) / "small"))
    for name in [name for table, name in found if table == MEASURED]:
        measured += _of_ledger(name, small, pid, rounds)
    others = sorted(name for table, name in found if table not in (MEASURED, REJECTS))
    return [*measured, *(Row(bench=BENCH, case=f"{name}: not met by a load of this kind") for name in others)]


def anew(work: Work, statements: tuple[str, ...]) -> None:
    """Empty tables with other indexes, and the file as their first delivery."""
    from include.postgres.session import connect

    reset(work.url)
    with connect(work.url) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    deliveries.deliver(work)


_anew = partial(anew, statements=())


def _without(name: str) -> partial[None]:
    return partial(anew, statements=(f"DROP INDEX ledger.{name}",))


def _candidate(work: Work, pid: int, rows: int, rounds: int) -> list[Row]:
    name = "first delivery: an index on order_lines (variant_id) against none"
    return _pair(name, work, pid, rows, rounds, partial(anew, statements=(CANDIDATE,)), _anew)


def _pair(
    name: str,
    work: Work,
    pid: int,
    rows: int,
    rounds: int,
    ours: Callable[[Work], None],
    other: Callable[[Work], None],
) -> list[Row]:
    cases = (
        Case("other", deliveries.longshore, other, through.imports),
        Case(name, deliveries.longshore, ours, through.imports, "other"),
    )
    return measure(BENCH, cases, work, rows=rows, rounds=rounds, server_pid=pid)[1:]


def _of_ledger(name: str, work: Work, pid: int, rounds: int) -> Iterator[Row]:
    """A ledger of many loads with and without one index: small loads, then the question that it was made for."""
    from benchmarks.loads.settings import SMALL_ROWS, small_loads
    from include.postgres.session import connect

    other = copy_database(work.url, "ledger_with", "ledger_without")
    with connect(other) as connection:
        connection.execute(f"DROP INDEX ledger.{name}".encode())
    load = partial(small_loads, keep=False)
    for said, run in (("259 rows", load), ("its question", partial(asked, name))):
        title = f"{said}: {name} with against without, beside {UPLOADS:,} uploads"
        cases = (
            Case("other", partial(_at, other, run), ready=through.imports),
            Case(title, run, ready=through.imports, reference="other"),
        )
        yield measure(BENCH, cases, work, rows=SMALL_ROWS, rounds=rounds, server_pid=pid)[1]


def asked(name: str, work: Work) -> float:
    """Median seconds of the question that the index was made for."""
    from include.postgres.session import connect

    with connect(work.url) as connection:
        question = questions(connection)[name]
        taken = []
        for _ in range(QUESTIONS):
            started = time.perf_counter()
            question()
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def questions(connection: Connection[TupleRow]) -> dict[str, Callable[[], Any]]:
    """By index of ledger.loads: what asks by it."""
    from include.ledger import explain, loads

    upload, run, store, day, source, source_run = connection.execute(
        "SELECT upload_id::text, run_id, store, day::text, source, source_run_id FROM ledger.loads"
        " JOIN ledger.runs USING (run_id) ORDER BY load_id DESC LIMIT 1"
    ).fetchall()[0]
    key = loads.LoadKey(run, upload, store, day)
    return {
        "loads_attempts": lambda: loads.is_held(connection, upload, "orders", "0"),
        "loads_current": lambda: loads.current(connection, upload, "orders"),
        "loads_newest": lambda: loads.current_and_previous(connection, key, "orders"),
        "loads_run": lambda: explain.sums(connection, source, [source_run]),
    }


def _fill_ledger(url: str) -> None:
    """The ledger of so many uploads, none of which has rows."""
    from include.postgres.session import connect

    with connect(url) as connection:
        other_rows.record(connection, UPLOADS)


def _at(url: str, act: Callable[[Work], float], work: Work) -> float:
    return act(replace(work, url=url))

"""A file with one bad row in a hundred beside the same file without: what rejects cost, and what is said of them.

Then small files with known bad rows, and what the project, pgloader and dlt say of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import deliveries, order_lines
from benchmarks.inputs.deliveries import Work
from benchmarks.peers.rejects import measure_said
from benchmarks.server import start_server
from include.errors import SetupError

BAR = 1.15

# The code of sound rows that go with their order, whose first row could not be read.
WITH_ITS_ORDER = "order_rejected"

KINDS = """
SELECT DISTINCT ON (code, column_name) count(*) OVER (PARTITION BY code, column_name), code, line, column_name, reason
FROM ledger.rejects JOIN ledger.loads USING (load_id)
WHERE dataset = 'order_lines'
ORDER BY code, column_name, line
"""

SPOILT = "one bad row in a hundred"


def measure_bench(home: Path, rows: int, rounds: int, *, peers: bool = True) -> list[Row]:
    """Measures both, and says under the table what the ledger holds of the bad rows.

    Args:
        home: an empty folder.
        rows: of the file.
        rounds: counted rounds.
        peers: whether pgloader and dlt are asked what they say, for which dlt is installed.

    Raises:
        RuntimeError: not every bad row, or a good one, was rejected.
    """
    server = start_server(home)
    work = Work(server.url, str(home))
    order_lines.write(work.original, rows)
    bad = order_lines.write_with_bad_rows(_spoilt(work), rows)
    cases = (
        Case("clean", deliveries.longshore, clean, through.imports),
        Case(SPOILT, deliveries.longshore, spoilt, through.imports, "clean", BAR),
    )
    measured = measure("rejects", cases, work, rows=rows, rounds=rounds, server_pid=server.pid)
    said = list(_said(work, bad))
    timed = [replace(row, note="; ".join(said)) if row.case == SPOILT else row for row in measured]
    return timed + (_beside(home / "said", work.url) if peers else [])


def _beside(home: Path, url: str) -> list[Row]:
    """What others say; a row that tells why not where their packages cannot be had."""
    home.mkdir()
    try:
        return measure_said(home, url)
    except SetupError as error:
        return [Row(bench="rejects", case="what is said", note=f"not run: {error}")]


def clean(work: Work) -> None:
    """Empty tables, and the file as it should be."""
    deliveries.forget(work)
    deliveries.deliver(work)


def spoilt(work: Work) -> None:
    """Empty tables, and the file with bad rows."""
    deliveries.forget(work)
    folder = through.delivery(Path(work.home))
    target = folder / "orders.csv"
    target.unlink(missing_ok=True)
    target.hardlink_to(_spoilt(work))


def _spoilt(work: Work) -> Path:
    return Path(work.home) / "spoilt.csv"


def _said(work: Work, bad: int) -> Iterator[str]:
    """How many rejects there are, and one example of each kind, as `longshore rejects list` shows them."""
    from include.postgres.session import connect

    with connect(work.url) as connection:
        rows = connection.execute(KINDS.encode()).fetchall()
    own = sum(count for count, code, *_ in rows if code != WITH_ITS_ORDER)
    if own != bad:
        raise RuntimeError(f"{bad} rows are bad, and {own} were rejected.")
    for count, code, line, column, reason in rows:
        yield f"{count} x {code}, such as line {line}, column {column}: {reason}"

"""The same day delivered again: with a tenth changed, with the same bytes, with a file that nobody touched.

A re-delivery has another quantity in every tenth line, lacks every hundredth order and has as many new ones; both ways
find the first delivery loaded, vacuumed and analysed. What the load counts as inserted, updated, unchanged and deleted
is compared with the generator's own count: a wrong one ends the benchmark. The hand-written MERGE counts nothing.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks import through
from benchmarks.harness import Case, Row, measure
from benchmarks.inputs import by_hand, deliveries, order_lines
from benchmarks.inputs.deliveries import Work, expect
from benchmarks.server import start_server
from include.results import Status

BAR = 0.8

# The same bytes again are hashed and looked up; an untouched file is looked up only: seconds, shown and not checked.
SAME_BYTES_BAR = 0.05
UNTOUCHED_BAR_S = 0.05

MERGE = "a tenth changed: by hand, MERGE"
LIMIT = "nothing changed: COPY"

AN_HOUR_S = 3_600

HAND_UPLOAD = "00000000-0000-0000-0000-000000000001"


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Measures the re-delivery beside the hand-written MERGE, and the same bytes beside the limit."""
    server = start_server(home)
    work = Work(server.url, str(home))
    write_both(work, rows)
    driver, imports = through.driver, through.imports
    cases = (
        Case(MERGE, merge, hand_loaded, driver),
        Case("a tenth changed: longshore", redeliver, loaded, imports, MERGE, BAR),
        Case(LIMIT, deliveries.limit, deliveries.forget, driver),
        Case("nothing changed: same bytes", unchanged, touched, imports, LIMIT, SAME_BYTES_BAR),
        Case("nothing changed: size and time unchanged", unchanged, loaded, imports, bar=UNTOUCHED_BAR_S),
    )
    return measure("upsert", cases, work, rows=rows, rounds=rounds, server_pid=server.pid)


def write_both(work: Work, rows: int) -> None:
    """The first delivery, laid out, and the re-delivery with what it changes."""
    order_lines.write(work.original, rows)
    deliveries.deliver(work)
    changes = order_lines.write_redelivery(_changed(work), rows)
    _expected(work).write_text(json.dumps(asdict(changes)), encoding="utf-8")


def loaded(work: Work) -> None:
    """The first delivery is in the loader's tables; its file is an hour old, as a night's deliveries are."""
    deliveries.forget(work)
    deliveries.deliver(work)
    moment = time.time() - AN_HOUR_S
    os.utime(work.file, (moment, moment))
    deliveries.longshore(work)
    _settle(work, "commerce")


def touched(work: Work) -> None:
    """The same, and the file was written again since, with the same bytes."""
    loaded(work)
    moment = time.time() + 1
    os.utime(work.file, (moment, moment))


def hand_loaded(work: Work) -> None:
    """The first delivery is in the tables made by hand."""
    deliveries.deliver(work)
    deliveries.forget(work)
    by_hand.fill_empty(work.url, work.file, work.kind.hand, HAND_UPLOAD)
    _settle(work, "hand")


def merge(work: Work) -> None:
    """The re-delivery by hand."""
    by_hand.merge(work.url, _changed(work), work.kind.hand, HAND_UPLOAD)


def redeliver(work: Work) -> None:
    """The re-delivery through the loader.

    Raises:
        RuntimeError: its counts are not the generator's.
    """
    work.file.unlink()
    os.link(_changed(work), work.file)
    results = through.load(work.url, work.folder)
    expect(results, Status.LOADED)
    wanted = json.loads(_expected(work).read_text(encoding="utf-8"))
    counts = next(result.counts for result in results if result.dataset == "order_lines")
    found = {name: getattr(counts, name) for name in wanted}
    if found != wanted:
        raise RuntimeError(f"The re-delivery holds {wanted} and the load counted {found}.")


def unchanged(work: Work) -> None:
    """A delivery that is loaded already."""
    expect(through.load(work.url, work.folder), Status.UNCHANGED)


def _changed(work: Work) -> Path:
    return Path(work.home) / "redelivery.csv"


def _expected(work: Work) -> Path:
    return Path(work.home) / "expected.json"


def _settle(work: Work, schema: str) -> None:
    """What autovacuum does between two deliveries of a day."""
    from include.postgres.session import connect

    with connect(work.url) as connection:
        connection.execute(f"VACUUM (ANALYZE) {schema}.orders, {schema}.order_lines".encode())
        connection.execute("CHECKPOINT")

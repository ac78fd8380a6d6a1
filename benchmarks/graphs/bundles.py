"""Bundles: the mining beside the set engine alone and mlxtend, the whole window, and what saving costs.

mine: DuckDB alone   distinct variants per basket, pairs and triples by the same two joins, their counts; no more
mine: longshore      the same, and the lines' outcomes, caps, stock, products, prices, confidence, lift, score, ranks
mine: mlxtend        fpgrowth of pairs and triples, without rules

All three find the lines in memory, as Arrow. The window: groups read them from PostgreSQL first.

window: COPY + DuckDB alone   order and variant of the table's lines, then as above; nothing is written
window: longshore             newest delivery of each order, variants matched with the catalog, mined, saved, ledger
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Case, Row, measure
from benchmarks.server import start_server

STORE = "benchmark"
DAY = dt.date(2025, 3, 3)

# Variants of a mid-sized shop. A quarter of the orders hold one of a thousand pairs; other lines' variants are drawn
# with a bias to the first ones.
VARIANTS = 20_000
LINES_PER_ORDER = 3

MINE_BAR = 1.5

# Seconds that saving a run's bundles may take, by their number: connected, from the mined table to the commit.
SAVE_BARS_S = {40: 0.015, 1_000: 0.05, 100_000: 2.0}

# The peer is slower by orders of magnitude: it runs once, after the others.
MLXTEND = "fpgrowth of pairs and triples in one pandas frame, without rules; run once"
MLXTEND_TIMEOUT_S = 7_200

# Saves of one process; the first is left out, the median counts.
SAVES = 7

FILL = (
    "SELECT setseed(0.42)",
    "SELECT commerce.add_partition(name, {day}) FROM unnest(ARRAY['catalog', 'orders', 'order_lines']) AS name",
    """
    INSERT INTO commerce.uploads (upload_id, store, day) VALUES ({upload_id}, {store}, {day})
    """,
    """
    INSERT INTO commerce.catalog (upload_id, variant_id, title, price, currency, source_part, source_line)
    SELECT {upload_id}, 'v' || n, 'Lamp ' || n, 9.99, 'EUR', 0, n FROM generate_series(0, {variants} - 1) AS n
    """,
    """
    INSERT INTO commerce.orders (upload_id, order_id, created_at, currency, financial_status, source_part, source_line)
    SELECT {upload_id}, '#' || n, {day}::timestamptz, 'EUR', 'paid', 0, n FROM generate_series(0, {orders} - 1) AS n
    """,
    """
    INSERT INTO commerce.order_lines (upload_id, order_id, line_no, quantity, unit_price, variant_id, source_part,
        source_line)
    SELECT {upload_id}, '#' || (n % {orders}), n / {orders} + 1, 1, 9.99,
        'v' || CASE
            WHEN n % {orders} % 4 = 0 AND n / {orders} < 2 THEN n % {orders} / 4 % 1000 * 2 + n / {orders}
            ELSE floor({variants} * power(random(), 1.5))::integer
        END, 0, n
    FROM generate_series(0, {rows} - 1) AS n
    """,
    "ANALYZE commerce.orders, commerce.order_lines, commerce.catalog",
)

BARE = (
    """
    CREATE TABLE items AS
    SELECT variant, row_number() OVER (ORDER BY variant)::INTEGER AS item FROM (SELECT DISTINCT variant FROM lines)
    """,
    "CREATE TABLE baskets AS SELECT DISTINCT basket, item FROM lines JOIN items USING (variant)",
    """
    CREATE TABLE pairs AS SELECT x.item AS a, y.item AS b, count(*) AS c
    FROM baskets AS x JOIN baskets AS y ON x.basket = y.basket AND x.item < y.item
    GROUP BY ALL HAVING count(*) >= 5
    """,
    """
    CREATE TABLE basket_pairs AS SELECT x.basket, x.item AS a, y.item AS b
    FROM baskets AS x JOIN baskets AS y ON x.basket = y.basket AND x.item < y.item
    SEMI JOIN pairs ON pairs.a = x.item AND pairs.b = y.item
    """,
    """
    CREATE TABLE triples AS SELECT x.a, x.b, y.b AS c3, count(*) AS c
    FROM basket_pairs AS x JOIN basket_pairs AS y ON x.basket = y.basket AND x.a = y.a AND x.b < y.b
    GROUP BY ALL HAVING count(*) >= 5
    """,
)


@dataclass(frozen=True, slots=True)
class Work:
    """The database's URL, and the file that holds the lines as Arrow."""

    url: str
    lines: str


def measure_bench(home: Path, rows: int, rounds: int) -> list[Row]:
    """Fills a store's orders and catalog, then measures the three groups."""
    server = start_server(home)
    work = Work(server.url, str(home / "lines.arrow"))
    fill(work, rows)
    cases = (
        Case("mine: DuckDB alone", bare, ready=imports),
        Case("mine: longshore", longshore, ready=imports, reference="mine: DuckDB alone", bar=MINE_BAR),
        Case("window: COPY + DuckDB alone", window_bare, ready=imports),
        Case("window: longshore", window, ready=imports, reference="window: COPY + DuckDB alone"),
        *(
            Case(f"save: {bundles:,} bundles", partial(save, bundles=bundles), ready=imports, rows=bundles, bar=bar)
            for bundles, bar in SAVE_BARS_S.items()
        ),
    )
    measured = measure("bundles", cases, work, rows=rows, rounds=rounds, server_pid=server.pid)
    peer = Case("mine: mlxtend", mlxtend, ready=imports, note=MLXTEND, timeout_s=MLXTEND_TIMEOUT_S)
    return measured + measure("bundles", (peer,), work, rows=rows, rounds=1, server_pid=None, warm_up=False)


def imports(_work: Work) -> None:
    """What any of them needs, off the clock."""
    import include.pipelines.commerce.bundles.load  # noqa: F401


def bare(work: Work) -> float:
    """The set engine on its own."""
    from include.pipelines.commerce.bundles.mine import engine

    table = _table(work)
    with engine() as database:
        started = time.perf_counter()
        database.register("lines", table)
        for statement in BARE:
            database.execute(statement)
        return time.perf_counter() - started


def longshore(work: Work) -> float:
    """The mining of a window, with all that is counted and measured."""
    from include.pipelines.commerce.bundles.mine import engine, mine, take_lines
    from include.settings import BundleSettings

    table, offers = _table(work), _offers()
    with engine() as database:
        started = time.perf_counter()
        take_lines(database, table.to_batches(max_chunksize=50_000))
        mine(database, offers, BundleSettings())
        return time.perf_counter() - started


def mlxtend(work: Work) -> float:
    """The reference of the tests; it takes a matrix of baskets and variants, made off the clock."""
    import numpy as np
    import pandas as pd
    import scipy.sparse
    from mlxtend.frequent_patterns import fpgrowth

    table = _table(work)
    variants = table["variant"].combine_chunks().dictionary_encode()
    baskets = table["basket"].to_numpy()
    cells = (np.ones(len(baskets), dtype=bool), (baskets, variants.indices.to_numpy()))
    matrix = scipy.sparse.csr_matrix(cells, dtype=bool)
    frame = pd.DataFrame.sparse.from_spmatrix(matrix)
    started = time.perf_counter()
    fpgrowth(frame, min_support=5 / matrix.shape[0], max_len=3)
    return time.perf_counter() - started


def window_bare(work: Work) -> float:
    """The lines out of PostgreSQL as they lie there, and the set engine on its own."""
    from psycopg import sql

    from include.pipelines.commerce.bundles.mine import LINES, engine, take_lines
    from include.pipelines.commerce.bundles.read import copied
    from include.postgres.session import connect

    query = sql.SQL("SELECT substr(order_id, 2)::integer, variant_id, 0 FROM commerce.order_lines")
    started = time.perf_counter()
    with connect(work.url) as connection, engine() as database:
        take_lines(database, copied(connection, sql.Composed([query]), LINES))
        for statement in BARE:
            database.execute(statement)
    return time.perf_counter() - started


def window(work: Work) -> float:
    """A window from the ledger's question to the ledger's row."""
    from include.ledger.runs import RunSource
    from include.pipelines.commerce.bundles import load as bundles
    from include.postgres.session import connect
    from include.settings import StoresFile

    started = time.perf_counter()
    with connect(work.url) as connection:
        windows = bundles.windows_between(connection, STORE, DAY, DAY)
    source = RunSource.command_line("benchmark")
    (mined,) = bundles.mine_windows(lambda: connect(work.url), windows, StoresFile(), source)
    seconds = time.perf_counter() - started
    if not mined.result.counts.rows_read:
        raise ValueError("No bundle was found in the benchmark's orders.")
    return seconds


def save(work: Work, *, bundles: int) -> float:
    """Saves so many bundles as those of a window that has none yet; median of several, in seconds."""
    import statistics

    from include.pipelines.commerce.bundles.read import Masters
    from include.postgres.session import connect

    mined = _mined(bundles)
    taken = []
    with connect(work.url) as connection:
        for number in range(SAVES):
            connection.execute("TRUNCATE commerce.bundles")
            mining, span = _mining(work, connection)
            inputs = mining.inputs(connection)
            started = time.perf_counter()
            mining.save(connection, inputs or "", span, Masters("catalog", "inventory"), mined)
            if number:
                taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def connected_save(work: Work, bundles: int) -> Callable[[], None]:
    """Connects, and returns what then saves so many bundles of a window that has none yet, once."""
    from include.pipelines.commerce.bundles.read import Masters
    from include.postgres.session import connect

    mined, connection = _mined(bundles), connect(work.url)
    mining, span = _mining(work, connection)
    inputs = mining.inputs(connection)

    def save_once() -> None:
        with connection:
            mining.save(connection, inputs or "", span, Masters("catalog", "inventory"), mined)

    return save_once


def _mining(work: Work, connection: Any) -> tuple[Any, Any]:
    from include.ledger import loads, runs
    from include.pipelines.commerce.bundles import load as bundles
    from include.postgres.session import connect
    from include.settings import StoreSettings
    from include.timing import Stopwatch

    (window,) = bundles.windows_between(connection, STORE, DAY, DAY)
    run_id = runs.open_run(connection, runs.RunSource.command_line("benchmark"))
    key = loads.LoadKey(run_id, window.upload_id, STORE, DAY.isoformat())
    mining = bundles.Mining(lambda: connect(work.url), window, StoreSettings(), key, Stopwatch(), 0)
    return mining, window.span(90)


def _mined(bundles: int) -> Any:
    """A result of that many bundles, triples with names of a usual length."""
    import pyarrow as pa

    from include.pipelines.commerce.bundles.mine import OFFERS, Mined, engine, mine, take_lines
    from include.settings import BundleSettings

    loose = BundleSettings(min_count=1, min_lift=0, min_confidence=0)
    batch = pa.record_batch([[1, 1, 1], ["a", "b", "c"], [0, 0, 0]], names=["basket", "variant", "fate"])
    with engine() as database:
        take_lines(database, [batch.cast(_lines_schema())])
        mined = mine(database, OFFERS.empty_table(), loose)
    row = mined.bundles.slice(3, 1).to_pylist()[0]
    names = {"product_a": "Lamp, large", "product_b": "Shade, linen", "product_c": "Bulb, 7 W"}
    rows = [{**row, **names, "rank": rank, "variant_a": f"lamp-{rank}/Large/Blue"} for rank in range(1, bundles + 1)]
    return Mined(pa.Table.from_pylist(rows, mined.bundles.schema), mined.lines, mined.facts)


def _lines_schema() -> Any:
    from include.pipelines.commerce.bundles.mine import LINES

    return LINES


def fill(work: Work, rows: int) -> None:
    """Makes the store's catalog, orders and order lines with their ledger, and the file of lines."""
    import pyarrow as pa
    from psycopg import sql

    from include.ledger import loads, runs
    from include.pipelines.commerce.bundles.mine import LINES
    from include.pipelines.commerce.bundles.read import copied
    from include.pipelines.commerce.delivery.upload_id import upload_id
    from include.postgres.session import connect
    from include.results import LoadResult, Status

    identifier = upload_id(STORE, DAY)
    values = {"upload_id": identifier, "store": STORE, "day": DAY, "variants": VARIANTS, "rows": rows}
    values["orders"] = max(1, rows // LINES_PER_ORDER)
    literals = {name: sql.Literal(value) for name, value in values.items()}
    with connect(work.url) as connection:
        for statement in FILL:
            connection.execute(sql.SQL(statement).format(**literals))
        run_id = runs.open_run(connection, runs.RunSource.command_line("benchmark"))
        key = loads.LoadKey(run_id, identifier, STORE, DAY.isoformat())
        for dataset in ("catalog", "orders", "order_lines"):
            loads.record(connection, key, [LoadResult(dataset, Status.LOADED)], fingerprint="", facts={})
        query = sql.SQL("SELECT substr(order_id, 2)::integer, variant_id, 0 FROM commerce.order_lines")
        with pa.OSFile(work.lines, "wb") as sink, pa.ipc.new_file(sink, LINES) as file:
            for batch in copied(connection, sql.Composed([query]), LINES):
                file.write_batch(batch)


def _table(work: Work) -> Any:
    import pyarrow as pa

    with pa.OSFile(work.lines) as source:
        return pa.ipc.open_file(source).read_all()


def _offers() -> Any:
    from decimal import Decimal

    import pyarrow as pa

    from include.pipelines.commerce.bundles.mine import OFFERS

    names = [f"v{number}" for number in range(VARIANTS)]
    prices, count = pa.array([Decimal("9.9900")], OFFERS.field("price").type), len(names)
    return pa.table(
        [names, names, pa.concat_arrays([prices] * count), ["EUR"] * count, [False] * count, [True] * count],
        schema=OFFERS,
    )

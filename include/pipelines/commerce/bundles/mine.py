"""Mines baskets for pairs and triples with DuckDB, in bounded memory and without a database.

n baskets; c(X) of them hold all variants of X. For a bundle B and a variant x of it, with the others O = B - x:

    support       c(B) / n
    confidence_x  c(B) / c(O): of the baskets with the others, the share that has x too
    lift          the least over x of confidence_x / (c(x) / n): by how much the others raise the share of x. A triple
                  that is a good pair beside something that everybody buys has a lift near 1, whatever its support
    score         c(B) - the greatest over x of c(O) * c(x) / n: baskets beyond what chance would bring

A bundle counts where c(B) reaches the least count, its best confidence and its lift reach theirs. Ranked by score, then
lift, then support, then the variants' ids: the same baskets always give the same ranks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import duckdb
import pyarrow as pa

from include.settings import BundleSettings

# Megabytes that the engine may use before it works on disk: a million lines take a third of it.
MEMORY_LIMIT_MB = 256

# Threads of the engine; more share the memory limit between them.
THREADS = 2


class Fate(IntEnum):
    """What becomes of an order line before baskets are made."""

    USED = 0
    CANCELLED = 1
    RETURNED = 2
    EXCLUDED = 3
    UNMATCHED = 4
    AMBIGUOUS = 5


# A line: the basket's number, the variant (null where none is known), and its `Fate`.
LINES = pa.schema([("basket", pa.int32()), ("variant", pa.string()), ("fate", pa.int8())])

# A variant that the catalog knows. `stocked`: it can be sold now.
OFFERS = pa.schema(
    [
        ("variant", pa.string()),
        ("product", pa.string()),
        ("price", pa.decimal128(18, 4)),
        ("currency", pa.string()),
        ("excluded", pa.bool_()),
        ("stocked", pa.bool_()),
    ]
)

# Least count of baskets, from settings and the number of baskets.
LEAST = "greatest($min_count, ceil($min_support * (SELECT n FROM total)))"

# Numbers stand in for variants: in the order of their ids, so that a bundle's variants are sorted.
PREPARE = (
    """
    CREATE TABLE items AS
    SELECT variant, row_number() OVER (ORDER BY variant)::INTEGER AS item, product, price, currency,
        coalesce(excluded, false) AS excluded, coalesce(stocked, true) AS stocked, used.lines
    FROM (SELECT variant, count(*) AS lines FROM lines WHERE fate = 0 GROUP BY variant) AS used
    LEFT JOIN offers USING (variant)
    """,
    """
    CREATE TABLE purchases AS
    SELECT DISTINCT basket, item FROM lines JOIN items USING (variant) WHERE fate = 0 AND NOT excluded
    """,
    "CREATE TABLE sizes AS SELECT basket, count(*) AS size FROM purchases GROUP BY basket",
    "CREATE TABLE oversized AS SELECT basket, size FROM sizes WHERE size > $max_basket_size",
    "CREATE TABLE total AS SELECT (SELECT count(*) FROM sizes) - (SELECT count(*) FROM oversized) AS n",
    f"""
    CREATE TABLE frequent_items AS
    SELECT item, count(*) AS c FROM purchases ANTI JOIN oversized USING (basket)
    GROUP BY item HAVING count(*) >= {LEAST}
    """,  # noqa: S608 # ours
    # What is left of the baskets: variants that are frequent and can be sold.
    """
    CREATE TABLE baskets AS
    SELECT basket, item
    FROM purchases ANTI JOIN oversized USING (basket)
    SEMI JOIN (
        SELECT item FROM frequent_items JOIN items USING (item) WHERE stocked OR NOT $require_stock
    ) AS wanted USING (item)
    """,
    f"""
    CREATE TABLE pairs AS
    SELECT x.item AS a, y.item AS b, count(*) AS c
    FROM baskets AS x JOIN baskets AS y ON x.basket = y.basket AND x.item < y.item
    GROUP BY ALL HAVING count(*) >= {LEAST}
    """,  # noqa: S608 # ours
)

# A triple's pairs are all frequent, so only baskets' frequent pairs are joined again.
TRIPLES = (
    """
    CREATE TABLE basket_pairs AS
    SELECT x.basket, x.item AS a, y.item AS b
    FROM baskets AS x JOIN baskets AS y ON x.basket = y.basket AND x.item < y.item
    SEMI JOIN pairs ON pairs.a = x.item AND pairs.b = y.item
    """,
    f"""
    CREATE TABLE triples AS
    SELECT x.a, x.b, y.b AS c3, count(*) AS c
    FROM basket_pairs AS x JOIN basket_pairs AS y ON x.basket = y.basket AND x.a = y.a AND x.b < y.b
    SEMI JOIN pairs ON pairs.a = x.b AND pairs.b = y.b
    GROUP BY ALL HAVING count(*) >= {LEAST}
    """,  # noqa: S608 # ours
)
NO_TRIPLES = ("CREATE TABLE triples (a INTEGER, b INTEGER, c3 INTEGER, c BIGINT)",)

# `o_x` is the count of the others of x, `c_x` that of x itself.
MEASURE = """
CREATE TABLE found AS
WITH counted AS (
    SELECT pairs.a, pairs.b, NULL::INTEGER AS c3, pairs.c, n,
        cb.c AS o_a, ca.c AS o_b, NULL::BIGINT AS o_c, ca.c AS c_a, cb.c AS c_b, NULL::BIGINT AS c_c
    FROM pairs CROSS JOIN total
    JOIN frequent_items AS ca ON ca.item = pairs.a JOIN frequent_items AS cb ON cb.item = pairs.b
    UNION ALL
    SELECT t.a, t.b, t.c3, t.c, n, bc.c, ac.c, ab.c, ca.c, cb.c, cc.c
    FROM triples AS t CROSS JOIN total
    JOIN pairs AS ab ON ab.a = t.a AND ab.b = t.b
    JOIN pairs AS ac ON ac.a = t.a AND ac.b = t.c3
    JOIN pairs AS bc ON bc.a = t.b AND bc.b = t.c3
    JOIN frequent_items AS ca ON ca.item = t.a
    JOIN frequent_items AS cb ON cb.item = t.b
    JOIN frequent_items AS cc ON cc.item = t.c3
),
measured AS (
    SELECT *, c / o_a AS confidence_a, c / o_b AS confidence_b, c / o_c AS confidence_c,
        greatest(o_a * c_a, o_b * c_b, coalesce(o_c * c_c, 0)) AS by_chance
    FROM counted
)
SELECT *, c * n / by_chance AS lift, c - by_chance / n AS score
FROM measured
WHERE greatest(confidence_a, confidence_b, coalesce(confidence_c, 0)) >= $min_confidence
    AND c * n / by_chance >= $min_lift
"""

RANKED = """
SELECT row_number() OVER (ORDER BY score DESC, lift DESC, c DESC, f.a, f.b, c3 NULLS FIRST)::INTEGER AS rank,
    a.variant AS variant_a, b.variant AS variant_b, d.variant AS variant_c,
    a.product AS product_a, b.product AS product_b, d.product AS product_c,
    n AS baskets, c AS support_count, c / n AS support, confidence_a, confidence_b, confidence_c, lift, score,
    CASE WHEN a.currency IS NOT DISTINCT FROM b.currency AND (c3 IS NULL OR a.currency IS NOT DISTINCT FROM d.currency)
        THEN (a.price + b.price + CASE WHEN c3 IS NULL THEN 0 ELSE d.price END)::DECIMAL(22, 4) END AS price,
    CASE WHEN a.currency = b.currency AND (c3 IS NULL OR a.currency = d.currency) THEN a.currency END AS currency
FROM found AS f
JOIN items AS a ON a.item = f.a JOIN items AS b ON b.item = f.b LEFT JOIN items AS d ON d.item = f.c3
ORDER BY rank LIMIT $top
"""

FACTS = """
SELECT (SELECT n FROM total) AS baskets,
    (SELECT count(*) FROM oversized) AS oversized_baskets,
    (SELECT count(*) FROM items WHERE NOT excluded) AS variants,
    (SELECT count(*) FROM frequent_items) AS frequent_variants,
    (SELECT count(*) FROM frequent_items JOIN items USING (item) WHERE $require_stock AND NOT stocked)
        AS not_in_stock,
    (SELECT count(*) FROM pairs) AS pairs,
    (SELECT count(*) FROM triples) AS triples,
    (SELECT count(*) FROM found) AS found
"""

# Every line that was read is one of these; `repeated` are further lines of one variant in one basket.
OUTCOMES = """
SELECT count(*) AS lines,
    count(*) FILTER (WHERE fate = 1) AS cancelled,
    count(*) FILTER (WHERE fate = 2) AS returned,
    count(*) FILTER (WHERE fate = 4) AS unmatched,
    count(*) FILTER (WHERE fate = 5) AS ambiguous,
    count(*) FILTER (WHERE fate = 3)
        + (SELECT coalesce(sum(lines), 0)::BIGINT FROM items WHERE excluded) AS excluded,
    (SELECT coalesce(sum(lines), 0)::BIGINT FROM items WHERE NOT excluded) - (SELECT count(*) FROM purchases)
        AS repeated,
    (SELECT coalesce(sum(size), 0)::BIGINT FROM oversized) AS oversized,
    (SELECT count(*) FROM purchases) - (SELECT coalesce(sum(size), 0)::BIGINT FROM oversized) AS used
FROM lines
"""


@dataclass(frozen=True, slots=True)
class Mined:
    """The bundles in the order of their ranks, what became of every line, and the numbers on the way to them."""

    bundles: pa.Table
    lines: Mapping[str, int]
    facts: Mapping[str, int]

    @property
    def balanced(self) -> bool:
        """Whether every line that was read is accounted for exactly once."""
        return self.lines["lines"] == sum(count for name, count in self.lines.items() if name != "lines")


@contextmanager
def engine(memory_limit_mb: int = MEMORY_LIMIT_MB) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that works on disk, in a folder that is gone afterwards, once it has used its memory."""
    with tempfile.TemporaryDirectory(prefix="longshore-bundles-") as folder:
        config: dict[str, Any] = {
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": folder,
            "threads": THREADS,
            "preserve_insertion_order": "false",
        }
        with duckdb.connect(":memory:", config=config) as opened:
            opened.execute("SET enable_progress_bar = false")  # it would stand in the command's output
            yield opened


def take_lines(database: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch]) -> None:
    """Reads lines (of schema LINES) as they come; nothing but the engine keeps them. Errors of theirs pass through."""
    failures: list[Exception] = []

    def watched() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except Exception as error:  # it would come out as one of the engine's
            failures.append(error)
            raise

    database.register("stream", pa.RecordBatchReader.from_batches(LINES, watched()))
    try:
        database.execute("CREATE TABLE lines AS SELECT * FROM stream")
    except duckdb.Error as error:
        raise (failures or [error])[0] from None
    database.unregister("stream")


def mine(database: duckdb.DuckDBPyConnection, offers: pa.Table, settings: BundleSettings) -> Mined:
    """Mines what `take_lines` has read.

    Args:
        database: of `engine`.
        offers: of schema OFFERS; a variant that it lacks has no product and no price, and counts as sellable.
        settings: the store's.
    """
    database.register("offers", offers)
    limits = settings.model_dump()
    for statement in (*PREPARE, *(TRIPLES if settings.max_items > 2 else NO_TRIPLES), MEASURE):
        database.execute(statement, _named(statement, limits))
    facts = _row(database, FACTS, limits)
    lines = _row(database, OUTCOMES, limits)
    ranked = database.sql(RANKED, params=_named(RANKED, limits)).to_arrow_table()
    return Mined(ranked, lines, facts)


def _named(statement: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a statement names: the engine refuses others."""
    return {name: value for name, value in values.items() if f"${name}" in statement}


def _row(database: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, Any]) -> dict[str, int]:
    cursor = database.execute(statement, _named(statement, values))
    names = [column[0] for column in cursor.description or ()]
    (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))

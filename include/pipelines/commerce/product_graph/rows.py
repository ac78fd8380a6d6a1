"""The product graph as rows: what the ledger says of it, and what the embedded graph answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from include.postgres.errors import translated

# Of each store and graph the last load.
TABLE = """
SELECT DISTINCT ON (store, fingerprint) store, day, facts -> 'product_graph' ->> 'graph' AS graph,
    facts -> 'product_graph' -> 'elements' AS elements, rejected, load_id, recorded_at, ms
FROM ledger.loads
WHERE dataset = 'product_graph' AND status = 'loaded' AND (%(store)s::text IS NULL OR store = %(store)s)
ORDER BY store, fingerprint, load_id DESC
"""

# What the columns count, by the name of the target.
ELEMENTS = {
    "products": "Product",
    "variants": "Variant",
    "of": "Variant-OF->Product",
    "bought_with": "Variant-BOUGHT_WITH->Variant",
}

# Whoever buys the one buys the other: one row per pair of variants, from the one that asks for the other more surely.
GOES_WITH = """
MATCH (v:Variant)-[r:BOUGHT_WITH]->(other:Variant), (other)-[back:BOUGHT_WITH]->(v)
WHERE r.items = 2 AND (r.confidence > back.confidence OR (r.confidence = back.confidence AND v.key < other.key))
RETURN v.store AS store, v.title AS variant, other.title AS goes_with, r.baskets AS baskets,
    r.confidence AS confidence, r.lift AS lift
ORDER BY r.baskets * r.confidence DESC, v.key, other.key LIMIT {limit}
"""


def table(connection: Connection[TupleRow], store: str | None = None) -> list[dict[str, Any]]:
    """What the graphs show of one store (or all), by store and graph.

    Returns:
        One row per store and graph: `store`, `day` (of the load's upload), `graph`, `products`, `variants`, `of`,
        `bought_with` (elements there), `rejected`, `load_id`, `recorded_at` and `ms`.
    """
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(TABLE, {"store": store}).fetchall()
    found = []
    for row in rows:
        elements = row.pop("elements")
        counts = {name: _there(elements[target]) for name, target in ELEMENTS.items()}
        first = {name: row.pop(name) for name in ("store", "day", "graph")}
        found.append({**first, **counts, **row})
    return found


def goes_with(graph: Path, limit: int) -> list[dict[str, Any]]:
    """The best pairs of the embedded graph: `store`, `variant`, `goes_with`, `baskets`, `confidence` and `lift`.

    None of them where there is no such graph.
    """
    from include.writers.graph.ladybug.session import reading
    from include.writers.graph.stores import LadybugGraph

    if LadybugGraph(graph).is_new():
        return []
    with reading(graph) as session:
        names, rows = session.answer(GOES_WITH.format(limit=limit))
    return [dict(zip(names, row, strict=True)) for row in rows]


def _there(counts: dict[str, int]) -> int:
    return counts["inserted"] + counts["updated"] + counts["unchanged"]

"""What the product graph is made of: its labels and relationship types, and a store's rows for them.

Ids are a store's own: keys are `store/id`, so that no store's variant is another's. A store's name holds no slash,
the first one ends it. Every node has its store as a property, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from include.migrations.m0002_commerce import ERP_LINE_NAME, LINE_NAME
from include.pipelines.commerce.bundles.read import copied
from include.writers.graph.targets import GraphTarget, NodeTarget, Property, RelationshipTarget

TEXT, NUMBER, COUNT = pa.string(), pa.float64(), pa.int64()

OF_STORE = Property("store", TEXT)
KEY, ID, TITLE = Property("key", TEXT), Property("id", TEXT), Property("title", TEXT)

STORE = NodeTarget("Store", Property("name", TEXT), (OF_STORE,), scope="store")
PRODUCT = NodeTarget(
    "Product", KEY, (OF_STORE, ID, TITLE, Property("vendor", TEXT), Property("product_type", TEXT)), scope="store"
)
# A price is for showing: the tables have the exact one.
VARIANT = NodeTarget(
    "Variant",
    KEY,
    (OF_STORE, ID, TITLE, Property("sku", TEXT), Property("price", NUMBER), Property("currency", TEXT)),
    scope="store",
)
SELLS = RelationshipTarget("SELLS", STORE, VARIANT)
OF = RelationshipTarget("OF", VARIANT, PRODUCT)
BOUGHT_WITH = RelationshipTarget(
    "BOUGHT_WITH",
    VARIANT,
    VARIANT,
    (
        *(Property("baskets", COUNT), Property("support", NUMBER), Property("confidence", NUMBER)),
        *(Property("lift", NUMBER), Property("items", COUNT)),
    ),
)

TARGETS: tuple[GraphTarget, ...] = (STORE, PRODUCT, VARIANT, SELLS, OF, BOUGHT_WITH)

# What a store sells is its newest catalog; without one the second master. Both call a variant as order lines do.
LISTED = f"""
WITH listed AS (
    SELECT variant_id, {LINE_NAME} AS line_name, sku, price, currency,
        coalesce(handle, title) COLLATE "C" AS product, title AS product_title, vendor, product_type
    FROM commerce.current_catalog
    WHERE store = {{store}}
    UNION ALL
    SELECT variant_id, {ERP_LINE_NAME}, sku, NULL, NULL, product COLLATE "C", product, NULL, NULL
    FROM commerce.current_variants
    WHERE store = {{store}} AND NOT EXISTS (
        SELECT FROM commerce.newest_uploads WHERE store = {{store}} AND dataset = 'catalog'
    )
)
"""  # noqa: S608 # the expressions are the views' own

# A bundle's variants are there in any case: without a catalog they are what the lines call them.
VARIANTS = f"""
{LISTED}
SELECT {{store}} || '/' || variant_id, {{store}}, variant_id, line_name, sku, price::double precision, currency,
    {{store}} || '/' || product
FROM listed
FULL JOIN (
    SELECT DISTINCT variant_id FROM commerce.current_bundles
    CROSS JOIN LATERAL (VALUES (variant_a), (variant_b), (variant_c)) AS item (variant_id)
    WHERE store = {{store}} AND variant_id IS NOT NULL
) AS bundled USING (variant_id)
ORDER BY 1
"""  # noqa: S608 # as above

PRODUCTS = f"""
{LISTED}
SELECT DISTINCT ON (product) {{store}} || '/' || product, {{store}}, product, product_title, vendor, product_type
FROM listed
WHERE product IS NOT NULL
ORDER BY product, variant_id
"""  # noqa: S608 # as above

# From each of two variants to the other: `confidence` is the share of the source's baskets that have the target too. A
# pair's own bundle goes before triples that hold both; of those the best stands for them, and says so by `items`.
PAIRS = """
SELECT DISTINCT ON (source, target) {store} || '/' || source, {store} || '/' || target, support_count, support,
    confidence, lift, CASE WHEN variant_c IS NULL THEN 2 ELSE 3 END
FROM commerce.current_bundles
CROSS JOIN LATERAL (VALUES
    (variant_a, variant_b, confidence_b), (variant_b, variant_a, confidence_a),
    (variant_a, variant_c, confidence_c), (variant_c, variant_a, confidence_a),
    (variant_b, variant_c, confidence_c), (variant_c, variant_b, confidence_b)
) AS pair (source, target, confidence)
WHERE store = {store} AND source IS NOT NULL AND target IS NOT NULL
ORDER BY source, target, variant_c IS NOT NULL, rank
"""


def read_rows(connection: Connection[TupleRow], store: str) -> Iterator[tuple[GraphTarget, pa.Table]]:
    """The rows of every target, nodes first, in the order of their keys; within a transaction that sees one state.

    A store's catalog and bundles are held in memory.
    """
    variants = _read(connection, VARIANTS, store, VARIANT, Property("product", TEXT))
    yield STORE, pa.table({"name": [store], "store": [store]})
    yield PRODUCT, _read(connection, PRODUCTS, store, PRODUCT)
    yield VARIANT, variants
    keys, products = variants["key"], variants["product"]
    yield SELLS, pa.table([pa.repeat(pa.scalar(store), len(keys)), keys], ["source", "target"])
    yield OF, pa.table([keys, products], ["source", "target"]).filter(products.is_valid())
    yield BOUGHT_WITH, _read(connection, PAIRS, store, BOUGHT_WITH)


def _read(
    connection: Connection[TupleRow], query: str, store: str, target: GraphTarget, *further: Property
) -> pa.Table:
    """The rows of a query whose columns are the target's, and those further ones."""
    schema = pa.schema([(column.name, column.type) for column in (*target.columns, *further)])
    composed = sql.SQL(query).format(store=sql.Literal(store))
    return pa.Table.from_batches(copied(connection, composed, schema), schema)

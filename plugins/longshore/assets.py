"""The assets by which one DAG wakes another; both sides take them from here."""

from __future__ import annotations

from airflow.sdk import Asset

# An event says that an upload was closed, no more: consumers ask the ledger what is due, because events coalesce.
COMMERCE_UPLOADS = Asset(name="commerce_uploads", uri="x-longshore://commerce/uploads", group="commerce")

# An event says that bundles of some store were mined; which ones the ledger says.
COMMERCE_BUNDLES = Asset(name="commerce_bundles", uri="x-longshore://commerce/bundles", group="commerce")

# An event says that the product graph shows something new of some store; what, the ledger says.
COMMERCE_PRODUCT_GRAPH = Asset(
    name="commerce_product_graph", uri="x-longshore://commerce/product-graph", group="commerce"
)

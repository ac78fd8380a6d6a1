"""The only DDL of the PostgreSQL side, forward and back."""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import TupleRow

from include.migrations import (
    m0001_ledger,
    m0002_commerce,
    m0003_uploads,
    m0004_forgetting,
    m0005_order_money,
    m0006_replays,
    m0007_markets,
    m0008_bundles,
    m0009_partitions,
    steps,
)

MIGRATIONS = (
    m0001_ledger.MIGRATION,
    m0002_commerce.MIGRATION,
    m0003_uploads.MIGRATION,
    m0004_forgetting.MIGRATION,
    m0005_order_money.MIGRATION,
    m0006_replays.MIGRATION,
    m0007_markets.MIGRATION,
    m0008_bundles.MIGRATION,
    m0009_partitions.MIGRATION,
)


def migrate(connection: Connection[TupleRow], target: int | None = None) -> list[str]:
    """Brings the database to the newest schema, or to migration `target`; see `steps.run`."""
    return steps.run(connection, MIGRATIONS, target)

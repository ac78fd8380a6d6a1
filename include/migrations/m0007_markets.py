"""What a product export says per market (`Price / *` and its like), as columns of the catalog."""

from include.migrations.steps import Migration

# The columns of the table as they are when it runs.
CURRENT_CATALOG = """
    VIEW commerce.current_catalog AS
    SELECT newest.store, newest.day, catalog.*
    FROM commerce.newest_uploads AS newest
    JOIN commerce.catalog AS catalog USING (upload_id)
    WHERE newest.dataset = 'catalog'
"""

MIGRATION = Migration(
    number=7,
    name="markets",
    forward=(
        # JSON objects of market -> value; a market whose cell is blank is not in them, NULL where all are.
        """
        ALTER TABLE commerce.catalog
            ADD COLUMN included_by_market jsonb,
            ADD COLUMN price_by_market jsonb,
            ADD COLUMN compare_at_price_by_market jsonb
        """,
        f"CREATE OR REPLACE {CURRENT_CATALOG}",
    ),
    back=(
        "DROP VIEW commerce.current_catalog",
        """
        ALTER TABLE commerce.catalog
            DROP COLUMN included_by_market,
            DROP COLUMN price_by_market,
            DROP COLUMN compare_at_price_by_market
        """,
        f"CREATE {CURRENT_CATALOG}",
    ),
)

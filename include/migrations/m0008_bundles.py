"""Bundles: what is bought together in a store's window of days, and what mining it depends on."""

from include.migrations.steps import Migration

MIGRATION = Migration(
    number=8,
    name="bundles",
    forward=(
        # `settings` is the fingerprint of what the bundles were mined by, `upload_id` the newest upload of the window.
        # `variant_c`, `product_c` and `confidence_c` are NULL for pairs; products and prices where no catalog knows
        # them. `price` is NULL, too, where the variants are sold in several currencies.
        """
        CREATE TABLE commerce.bundles (
            store text COLLATE "C" NOT NULL,
            window_end date NOT NULL,
            settings text COLLATE "C" NOT NULL,
            rank integer NOT NULL,
            upload_id uuid NOT NULL,
            window_start date NOT NULL,
            variant_a text COLLATE "C" NOT NULL,
            variant_b text COLLATE "C" NOT NULL,
            variant_c text COLLATE "C",
            product_a text,
            product_b text,
            product_c text,
            baskets bigint NOT NULL,
            support_count bigint NOT NULL,
            support double precision NOT NULL,
            confidence_a double precision NOT NULL,
            confidence_b double precision NOT NULL,
            confidence_c double precision,
            lift double precision NOT NULL,
            score double precision NOT NULL,
            price numeric,
            currency text,
            PRIMARY KEY (store, window_end, settings, rank)
        )
        """,
        # Per store the bundles of its newest window, by the last run there; none where that run found none.
        """
        CREATE VIEW commerce.current_bundles AS
        SELECT bundles.*, newest.load_id, loads.recorded_at
        FROM commerce.newest_uploads AS newest
        JOIN ledger.loads AS loads ON loads.load_id = newest.load_id
        JOIN commerce.bundles AS bundles
            ON bundles.store = newest.store AND bundles.window_end = newest.day
            AND bundles.settings = loads.fingerprint
        WHERE newest.dataset = 'bundles'
        """,
        # What a store's bundles are mined from: `inputs` differs as soon as one of these loads is added, brought back
        # rows by a replay, or was forgotten. Older loads count too: they cost a run that changes nothing, and no sort.
        """
        CREATE VIEW commerce.bundle_inputs AS
        SELECT store, md5(string_agg(concat_ws('+', load_id, replay_id), ',' ORDER BY load_id)) AS inputs
        FROM ledger.loads
        LEFT JOIN (
            SELECT load_id, max(replay_id) AS replay_id FROM ledger.replays WHERE passed > 0 GROUP BY load_id
        ) AS replayed USING (load_id)
        WHERE status = 'loaded' AND dataset IN ('catalog', 'inventory', 'orders', 'order_lines')
        GROUP BY store
        """,
    ),
    back=(
        "DROP VIEW commerce.bundle_inputs, commerce.current_bundles",
        "DROP TABLE commerce.bundles",
        # An older version knows no such dataset.
        "DELETE FROM ledger.loads WHERE dataset = 'bundles'",
    ),
)

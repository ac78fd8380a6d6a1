"""Schema `commerce`: what each upload said, the views that show the newest state, and coverage."""

from include.migrations.steps import Migration

# How an order line calls a variant: "Title - O1 / O2", without "Default Title".
LINE_NAME = """
    title || coalesce(' - ' || nullif(nullif(
        concat_ws(' / ', option1_value, option2_value, option3_value), ''), 'Default Title'), '') COLLATE "C"
"""
# The same of a list that has a product's and a variant's title.
ERP_LINE_NAME = """
    nullif(concat_ws(' - ', product, nullif(title, 'Default Title')), '') COLLATE "C"
"""

MIGRATION = Migration(
    number=2,
    name="commerce",
    forward=(
        "CREATE SCHEMA IF NOT EXISTS commerce",
        """
        CREATE TABLE commerce.uploads (
            upload_id uuid PRIMARY KEY,
            store text COLLATE "C" NOT NULL,
            day date NOT NULL,
            opened_at timestamptz NOT NULL DEFAULT now(),
            closed_at timestamptz,
            UNIQUE (store, day)
        )
        """,
        """
        CREATE TABLE commerce.catalog (
            upload_id uuid NOT NULL,
            variant_id text COLLATE "C" NOT NULL,
            handle text COLLATE "C",
            title text,
            vendor text,
            product_type text,
            tags text,
            published boolean,
            status text,
            option1_name text,
            option1_value text,
            option2_name text,
            option2_value text,
            option3_name text,
            option3_value text,
            sku text COLLATE "C",
            barcode text,
            price numeric,
            compare_at_price numeric,
            cost numeric,
            currency text,
            inventory_quantity bigint,
            source_part integer NOT NULL,
            source_line bigint NOT NULL,
            PRIMARY KEY (upload_id, variant_id)
        )
        """,
        """
        CREATE TABLE commerce.inventory (
            upload_id uuid NOT NULL,
            variant_id text COLLATE "C" NOT NULL,
            location text COLLATE "C" NOT NULL,
            title text,
            option1_value text,
            option2_value text,
            option3_value text,
            sku text COLLATE "C",
            incoming bigint,
            unavailable bigint,
            committed bigint,
            available bigint,
            on_hand bigint,
            source_part integer NOT NULL,
            source_line bigint NOT NULL,
            PRIMARY KEY (upload_id, variant_id, location)
        )
        """,
        """
        CREATE TABLE commerce.variants (
            upload_id uuid NOT NULL,
            variant_id text COLLATE "C" NOT NULL,
            sku text COLLATE "C",
            barcode text,
            product text,
            title text,
            source_part integer NOT NULL,
            source_line bigint NOT NULL,
            PRIMARY KEY (upload_id, variant_id)
        )
        """,
        """
        CREATE TABLE commerce.orders (
            upload_id uuid NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            created_at timestamptz NOT NULL,
            currency text,
            financial_status text,
            fulfillment_status text,
            paid_at timestamptz,
            fulfilled_at timestamptz,
            cancelled_at timestamptz,
            subtotal numeric,
            shipping numeric,
            taxes numeric,
            total numeric,
            discount_code text,
            discount_amount numeric,
            refunded_amount numeric,
            source text,
            tags text,
            email text,
            source_part integer NOT NULL,
            source_line bigint NOT NULL,
            PRIMARY KEY (upload_id, order_id)
        )
        """,
        """
        CREATE TABLE commerce.order_lines (
            upload_id uuid NOT NULL,
            order_id text COLLATE "C" NOT NULL,
            line_no integer NOT NULL,
            quantity bigint NOT NULL,
            unit_price numeric NOT NULL,
            discount numeric,
            variant_id text COLLATE "C",
            sku text COLLATE "C",
            line_name text,
            source_part integer NOT NULL,
            source_line bigint NOT NULL,
            PRIMARY KEY (upload_id, order_id, line_no)
        )
        """,
        # Per store and dataset the newest upload that delivered it.
        """
        CREATE VIEW commerce.newest_uploads AS
        SELECT DISTINCT ON (store, dataset) store, dataset, day, upload_id, load_id
        FROM ledger.loads
        WHERE status = 'loaded'
        ORDER BY store, dataset, day DESC, load_id DESC
        """,
        """
        CREATE VIEW commerce.current_catalog AS
        SELECT newest.store, newest.day, catalog.*
        FROM commerce.newest_uploads AS newest
        JOIN commerce.catalog AS catalog USING (upload_id)
        WHERE newest.dataset = 'catalog'
        """,
        """
        CREATE VIEW commerce.current_inventory AS
        SELECT newest.store, newest.day, inventory.*
        FROM commerce.newest_uploads AS newest
        JOIN commerce.inventory AS inventory USING (upload_id)
        WHERE newest.dataset = 'inventory'
        """,
        """
        CREATE VIEW commerce.current_variants AS
        SELECT newest.store, newest.day, variants.*
        FROM commerce.newest_uploads AS newest
        JOIN commerce.variants AS variants USING (upload_id)
        WHERE newest.dataset = 'variants'
        """,
        """
        CREATE VIEW commerce.current_orders AS
        SELECT DISTINCT ON (uploads.store, orders.order_id) uploads.store, uploads.day, orders.*
        FROM commerce.orders AS orders
        JOIN commerce.uploads AS uploads USING (upload_id)
        ORDER BY uploads.store, orders.order_id, uploads.day DESC
        """,
        """
        CREATE VIEW commerce.current_order_lines AS
        SELECT current.store, current.day, lines.*
        FROM commerce.current_orders AS current
        JOIN commerce.order_lines AS lines USING (upload_id, order_id)
        """,
        # What names a variant in a master: its id, its SKU, and the name that an order line has for it. Several
        # variants under one value are hits > 1: ambiguous. A variant that lies at several locations is one. Filters on
        # upload_id, dataset and kind reach the tables: nothing but that master's keys is read.
        f"""
        CREATE VIEW commerce.variant_keys AS
        SELECT upload_id, dataset, kind, value, count(*) AS hits, min(variant_id) AS variant_id
        FROM (
            SELECT upload_id, 'catalog' AS dataset, 'variant_id' AS kind, variant_id AS value, variant_id
            FROM commerce.catalog
            UNION ALL
            SELECT upload_id, 'catalog', 'sku', sku, variant_id FROM commerce.catalog
            UNION ALL
            SELECT upload_id, 'catalog', 'line_name', {LINE_NAME}, variant_id FROM commerce.catalog
            UNION ALL
            (SELECT DISTINCT upload_id, 'inventory', 'variant_id', variant_id, variant_id FROM commerce.inventory)
            UNION ALL
            (SELECT DISTINCT upload_id, 'inventory', 'sku', sku, variant_id FROM commerce.inventory)
            UNION ALL
            (SELECT DISTINCT upload_id, 'inventory', 'line_name', {LINE_NAME}, variant_id FROM commerce.inventory)
            UNION ALL
            SELECT upload_id, 'variants', 'variant_id', variant_id, variant_id FROM commerce.variants
            UNION ALL
            SELECT upload_id, 'variants', 'sku', sku, variant_id FROM commerce.variants
            UNION ALL
            SELECT upload_id, 'variants', 'line_name', {ERP_LINE_NAME}, variant_id FROM commerce.variants
        ) AS named
        WHERE value IS NOT NULL
        GROUP BY upload_id, dataset, kind, value
        """,  # noqa: S608 # the expressions are this module's
        # Which variant a line means, seen from each master of each upload of the same store: by variant_id, else sku,
        # else line_name; `hits` says how many variants go by it, 0 where none does. Ask with an upload_id, a dataset
        # and a reference_upload_id: the whole of it is every pair there is.
        """
        CREATE VIEW commerce.line_variants AS
        SELECT lines.upload_id, lines.order_id, lines.line_no,
            masters.dataset, reference.upload_id AS reference_upload_id,
            coalesce(by_id.variant_id, by_sku.variant_id, by_name.variant_id) AS variant_id,
            coalesce(by_id.hits, by_sku.hits, by_name.hits, 0) AS hits,
            coalesce(by_id.kind, by_sku.kind, by_name.kind) AS matched_by,
            lines.quantity, lines.unit_price, lines.discount
        FROM commerce.order_lines AS lines
        JOIN commerce.uploads AS own ON own.upload_id = lines.upload_id
        JOIN commerce.uploads AS reference ON reference.store = own.store
        CROSS JOIN (VALUES ('catalog'), ('inventory'), ('variants')) AS masters (dataset)
        LEFT JOIN commerce.variant_keys AS by_id
            ON by_id.upload_id = reference.upload_id AND by_id.dataset = masters.dataset
            AND by_id.kind = 'variant_id' AND by_id.value = lines.variant_id
        LEFT JOIN commerce.variant_keys AS by_sku
            ON by_sku.upload_id = reference.upload_id AND by_sku.dataset = masters.dataset
            AND by_sku.kind = 'sku' AND by_sku.value = lines.sku
        LEFT JOIN commerce.variant_keys AS by_name
            ON by_name.upload_id = reference.upload_id AND by_name.dataset = masters.dataset
            AND by_name.kind = 'line_name' AND by_name.value = lines.line_name
        """,
        # What coverage has to compare: an upload's lines with the newest master of a day not after the upload's.
        """
        CREATE VIEW commerce.coverage_wanted AS
        SELECT lines.store, lines.day, lines.upload_id, lines.load_id AS lines_load_id, masters.dataset,
            reference.upload_id AS reference_upload_id, reference.load_id AS reference_load_id
        FROM ledger.current_loads AS lines
        CROSS JOIN (VALUES ('catalog'), ('inventory'), ('variants')) AS masters (dataset)
        LEFT JOIN LATERAL (
            SELECT loads.upload_id, loads.load_id
            FROM ledger.loads
            WHERE loads.status = 'loaded' AND loads.store = lines.store AND loads.dataset = masters.dataset
                AND loads.day <= lines.day
            ORDER BY loads.day DESC, loads.load_id DESC
            LIMIT 1
        ) AS reference ON true
        WHERE lines.dataset = 'order_lines'
        """,
        # Counted are lines with a quantity above 0 of orders that were not cancelled. `currency` is XXX (ISO 4217: no
        # currency) where none is known, and where an upload has no such line. Revenue is quantity * unit_price -
        # discount. NULL: the master was never delivered.
        """
        CREATE TABLE commerce.coverage (
            upload_id uuid NOT NULL,
            dataset text NOT NULL CHECK (dataset IN ('catalog', 'inventory', 'variants')),
            currency text NOT NULL,
            lines_load_id bigint NOT NULL,
            reference_upload_id uuid,
            reference_load_id bigint,
            lines bigint NOT NULL,
            matched bigint,
            ambiguous bigint,
            unmatched bigint,
            quantity numeric NOT NULL,
            revenue numeric NOT NULL,
            matched_revenue numeric,
            ambiguous_revenue numeric,
            unmatched_revenue numeric,
            computed_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (upload_id, dataset, currency)
        )
        """,
    ),
    back=("DROP SCHEMA commerce CASCADE",),
)

"""Taking back: loads whose rows are gone, and the ledger's events, which say who took back what and when."""

from include.migrations.steps import Migration

STATUSES = "ALTER TABLE ledger.loads ADD CONSTRAINT loads_status_check CHECK (status IN ({}))"
BEFORE = "'loaded', 'unchanged', 'skipped', 'held', 'failed'"

MIGRATION = Migration(
    number=4,
    name="forgetting",
    forward=(
        "ALTER TABLE ledger.loads DROP CONSTRAINT loads_status_check",
        # What the way back has marked, see below.
        """
        UPDATE ledger.loads SET status = 'forgotten', message = substr(message, length('forgotten: ') + 1)
        WHERE status = 'skipped' AND message LIKE 'forgotten: %'
        """,
        STATUSES.format(f"{BEFORE}, 'forgotten'"),
        # Of a person that was forgotten it holds the counts, and nothing that tells who it was.
        """
        CREATE TABLE ledger.events (
            event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL CHECK (kind IN ('upload forgotten', 'person forgotten')),
            upload_id uuid NOT NULL,
            store text NOT NULL,
            day date NOT NULL,
            actor text NOT NULL,
            rows jsonb NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """,
        "CREATE INDEX events_upload ON ledger.events (upload_id)",
    ),
    back=(
        "DROP TABLE ledger.events",
        "ALTER TABLE ledger.loads DROP CONSTRAINT loads_status_check",
        # An older version must not take them for rows that are there.
        "UPDATE ledger.loads SET status = 'skipped', message = 'forgotten: ' || message WHERE status = 'forgotten'",
        STATUSES.format(BEFORE),
    ),
)

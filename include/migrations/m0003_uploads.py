"""What a held delivery needs to be let through: where it lay when it was last opened."""

from include.migrations.steps import Migration

MIGRATION = Migration(
    number=3,
    name="uploads",
    forward=(
        # A path or URL; NULL where the upload was last opened by an earlier version.
        "ALTER TABLE commerce.uploads ADD COLUMN url text",
        # The newest attempt at a dataset, whatever became of it.
        "CREATE INDEX loads_attempts ON ledger.loads (upload_id, dataset, load_id DESC)",
    ),
    back=(
        "DROP INDEX ledger.loads_attempts",
        "ALTER TABLE commerce.uploads DROP COLUMN url",
    ),
)

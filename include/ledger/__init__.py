"""What was run, loaded and rejected: the ledger's values and queries (schema `ledger`)."""

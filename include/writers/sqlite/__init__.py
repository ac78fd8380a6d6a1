"""The writer into SQLite files: one writer at a time, readers never wait (WAL)."""

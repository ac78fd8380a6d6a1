"""What weighs terms: chunks and mean length of each configuration, and in how many chunks each lexeme stands."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

COUNTED = """
    INSERT INTO documents.statistics (configuration, chunks, mean_lexemes)
    SELECT configuration, count(*), greatest(avg(length(lexemes)), 1) FROM documents.chunks GROUP BY configuration
    RETURNING configuration
"""

# ts_stat takes the text of a query, so the configuration is a literal within a literal.
TERMS = sql.SQL("""
    INSERT INTO documents.terms (configuration, lexeme, chunks)
    SELECT {configuration}, word, ndoc FROM ts_stat({counted})
""")
COUNTED_LEXEMES = sql.SQL("SELECT lexemes FROM documents.chunks WHERE configuration = {}")


def refresh_statistics(connection: Connection[Any]) -> int:
    """Counts anew, in one transaction, and returns the number of chunks; searches see the old figures until it ends."""
    with connection.transaction():
        connection.execute("DELETE FROM documents.statistics")
        connection.execute("DELETE FROM documents.terms")
        for (configuration,) in connection.execute(COUNTED).fetchall():
            counted = COUNTED_LEXEMES.format(configuration).as_string(connection)
            connection.execute(TERMS.format(configuration=configuration, counted=counted))
        row = connection.execute("SELECT coalesce(sum(chunks), 0) FROM documents.statistics").fetchone()
    return int(row[0]) if row else 0

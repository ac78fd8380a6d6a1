"""What every peer is given, and the columns of the file. Runs in the peers' own venv: standard library only."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from urllib.parse import unquote, urlsplit

# The canonical order lines of benchmarks/inputs/order_lines.py, and what each column is.
COLUMNS = {
    "order_id": 'text COLLATE "C"',
    "created_at": "timestamptz",
    "currency": "text",
    "financial_status": "text",
    "quantity": "bigint",
    "unit_price": "numeric(18, 4)",
    "discount": "numeric(18, 4)",
    "variant_id": 'text COLLATE "C"',
    "sku": "text",
    "line_name": "text",
}

SCHEMA = "peers"
TABLE = "order_lines"

# Rows that one statement, chunk or batch takes where a peer lets one choose. Larger ones gained none of them anything.
BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class PeerWork:
    """One peer's task: `rows` lines of `file` into the database at `url`; `folder` is its own, for what it leaves."""

    url: str
    file: str
    rows: int
    folder: str

    def as_json(self) -> str:
        """What goes to the peer's process."""
        return json.dumps(asdict(self))

    def libpq_environment(self) -> dict[str, str]:
        """The environment with the database in it, so that no password stands in a command line."""
        parts = urlsplit(self.url)
        return {
            **os.environ,
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port or 5432),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": parts.path.lstrip("/"),
        }

    def lines(self) -> Iterator[list[str]]:
        """The first `rows` lines as Python's csv module reads them."""
        with open(self.file, encoding="utf-8", newline="") as text:  # noqa: PTH123 # a path as text came with the work
            reader = csv.reader(text)
            next(reader)
            yield from islice(reader, self.rows)


def create_table() -> str:
    """DDL of the typed table without key or index that the appending peers fill."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    return f"CREATE TABLE {SCHEMA}.{TABLE} ({columns})"

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import ladybug
import pyarrow as pa
import pytest

from include.writers.base import Writer
from include.writers.graph import NodeTarget, Property
from include.writers.ladybug_copy import LadybugCopyWriter
from tests.writers.contract import WriterContract

ITEM = NodeTarget("Item", Property("key", pa.string()), (Property("amount", pa.int64()),))


def look(path: Path, statement: str) -> list[list[object]]:
    """What another handle sees: it reads without a lock, as other programs do."""
    with ladybug.Database(path, read_only=True, buffer_pool_size=2**26) as database:
        return ladybug.Connection(database).execute(statement).get_all()  # type: ignore[union-attr]


class TestLadybugCopyWriter(WriterContract):
    refused = (None, None)

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "graph.lbdb"

    def writer(self) -> AbstractContextManager[Writer]:
        return LadybugCopyWriter(self.path, [ITEM])

    def stored(self) -> dict[str, int | None]:
        if not look(self.path, "CALL show_tables() RETURN *"):
            return {}
        return dict(look(self.path, "MATCH (i:Item) RETURN i.key, i.amount"))  # type: ignore[arg-type]

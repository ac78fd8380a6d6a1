from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from include.errors import DefectError, SetupError
from include.writers.base import WriteCounts
from include.writers.graph.ladybug.rows import hand_over, read_from
from include.writers.graph.ladybug.session import reading
from include.writers.graph.ladybug.writer import LadybugCopyWriter
from include.writers.graph.targets import NodeTarget, Property, RelationshipTarget
from tests.conftest import ROOT

PRICED = NodeTarget("Priced", Property("key", pa.int64()), (Property("price", pa.decimal128(9, 2)),))
LIKE = RelationshipTarget("LIKE", PRICED, PRICED, (Property("price", pa.decimal128(9, 2)),))

LOAD = """
import sys
import pyarrow as pa
from pathlib import Path
from include.writers.graph.targets import NodeTarget, Property, RelationshipTarget
from include.writers.graph.ladybug.writer import LadybugCopyWriter

item = NodeTarget("Item", Property("key", pa.int64()), (Property("amount", pa.int64()),))
like = RelationshipTarget("LIKE", item, item)
for rows in (3, 5, 5, 2):
    numbers = pa.arange(0, rows)
    with LadybugCopyWriter(Path(sys.argv[1]), [item, like]) as writer:
        writer.write(pa.table([numbers, pa.arange(rows, 2 * rows)], ["key", "amount"]), item)
        writer.write(pa.table([numbers, numbers], ["source", "target"]), like)
        writer.finish()
print("pandas" in sys.modules)
"""


def test_a_load_imports_no_pandas(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOAD, str(tmp_path / "graph.lbdb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split()[-1] == "False"


@pytest.mark.parametrize("folder", ["[a]*?", "it's", "$rows", "{a,b}", "back\\slash", "~"])
def test_a_graph_may_lie_in_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "graph.lbdb"
    assert load(path, Decimal("1.00")).inserted == 3
    assert load(path, Decimal("2.00")).updated == 3
    assert [file.name for file in path.parent.iterdir()] == ["graph.lbdb"]


@pytest.mark.parametrize("price", ["-99.99", "-0.01", "-9999999.99"])
def test_negative_decimals_are_the_same_when_they_come_again(tmp_path: Path, price: str) -> None:
    path = tmp_path / "graph.lbdb"
    load(path, Decimal(price))
    assert load(path, Decimal(price)) == WriteCounts(unchanged=3)
    assert load(path, Decimal(price) + 1) == WriteCounts(updated=3)


def test_only_the_word_for_rows_becomes_a_file() -> None:
    statement = "COPY `FROM $rows`(`a``$rows`) FROM $rows (from='$rows', to='it\\'s $rows')"
    assert read_from(statement, Path("/x.parquet")) == (
        "COPY `FROM $rows`(`a``$rows`) FROM '/x.parquet' (from='$rows', to='it\\'s $rows')"
    )


def test_a_question_that_failed_does_not_keep_the_graph_open(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbdb"
    load(path, Decimal("1.00"))
    with pytest.raises(DefectError) as kept, reading(path) as graph:
        graph.rows("MATCH (n:Priced) WHERE n.key = $key RETURN nonsense", key=1)
    opened = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert (path in opened, kept.type) == (False, DefectError)


def test_rows_without_room_are_a_matter_of_set_up() -> None:
    with pytest.raises(SetupError, match=r"/dev/full.*No space left.*free space"):
        hand_over(pa.table([pa.arange(0, 10)], ["c0"]), Path("/dev/full"))


def load(path: Path, price: Decimal) -> WriteCounts:
    """Two nodes and a relationship between them, all at this price; the counts of all."""
    prices = pa.array([price], pa.decimal128(9, 2))
    with LadybugCopyWriter(path, [PRICED, LIKE]) as writer:
        writer.write(pa.table({"key": [1, 2], "price": pa.concat_arrays([prices, prices])}), PRICED)
        writer.write(pa.table({"source": [1], "target": [2], "price": prices}), LIKE)
        nodes, relationships = writer.finish()
    return nodes + relationships

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import ladybug
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import DefectError, RowError, SetupError, TransientError
from include.writers.base import RefusedRow, WriteCounts, Writer
from include.writers.graph.ladybug import writer as ladybug_copy
from include.writers.graph.ladybug.errors import translate
from include.writers.graph.ladybug.probe import guilty_rows
from include.writers.graph.ladybug.session import Session, reading, writing
from include.writers.graph.ladybug.writer import LadybugCopyWriter
from include.writers.graph.targets import GraphTarget, NodeTarget, Property, RelationshipTarget
from tests.conftest import ROOT
from tests.writers.contract import WriterContract

ITEM = NodeTarget("Item", Property("key", pa.string()), (Property("amount", pa.int64()),))

TEXT = pa.string()
VARIANT = NodeTarget(
    "Variant", Property("key", TEXT), (Property("store", TEXT), Property("price", pa.float64())), scope="store"
)
PRODUCT = NodeTarget("odd `name`", Property("the key", pa.int64()))
WITH = RelationshipTarget("BOUGHT_WITH", VARIANT, VARIANT, (Property("support", pa.int64()),))
OF = RelationshipTarget("OF", VARIANT, PRODUCT)
OF_VARIANT = RelationshipTarget("OF", VARIANT, VARIANT)
TARGETS = (VARIANT, PRODUCT, WITH, OF)

Data = dict[GraphTarget, list[tuple[object, ...]]]


def look(path: Path, statement: str) -> list[list[object]]:
    """What another handle sees: it reads without a lock, as other programs do."""
    if not path.stat().st_size:
        return []
    with ladybug.Database(path, read_only=True, buffer_pool_size=2**26) as database:
        result = ladybug.Connection(database).execute(statement)
        assert isinstance(result, ladybug.QueryResult)
        return [list(row) for row in result.get_all()]


def rows_of(target: GraphTarget, rows: list[tuple[object, ...]]) -> pa.Table:
    schema = pa.schema([(column.name, column.type) for column in target.columns])
    return (
        pa.table([list(values) for values in zip(*rows, strict=True)], schema=schema) if rows else schema.empty_table()
    )


class TestLadybugCopyWriter(WriterContract):
    refused = (None, None)

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "graph.lbdb"

    def writer(self) -> AbstractContextManager[Writer]:
        return LadybugCopyWriter(self.path, [ITEM])

    def stored(self) -> dict[str, int | None]:
        return dict(look(self.path, "MATCH (i:Item) RETURN i.key, i.amount"))  # type: ignore[arg-type]


class Graph:
    """A graph of variants and what is bought with them, for a test to load into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused: list[tuple[int, str]] = []

    def load(self, data: Data, scope: str = "us", targets: tuple[GraphTarget, ...] = TARGETS) -> dict[str, WriteCounts]:
        with LadybugCopyWriter(self.path, targets, scope=scope) as writer:
            for target, rows in data.items():
                writer.write(rows_of(target, rows), target)
            counts = writer.finish()
            self.refused = [(row.position, row.error.code) for row in writer.refused]
        return {target.name: count for target, count in zip(targets, counts, strict=True)}

    def variants(self) -> set[object]:
        return {row[0] for row in look(self.path, "MATCH (v:Variant) RETURN v.key")}

    def bought_with(self) -> dict[tuple[object, object], object]:
        rows = look(self.path, "MATCH (a:Variant)-[r:BOUGHT_WITH]->(b:Variant) RETURN a.key, b.key, r.support")
        return {(source, target): support for source, target, support in rows}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return Graph(tmp_path / "graph.lbdb")


US: Data = {
    WITH: [("a", "b", 3), ("b", "a", 3), ("b", "c", 1)],
    OF: [("a", 1), ("b", 1), ("c", 2)],
    VARIANT: [("a", "us", 1.0), ("b", "us", None), ("c", "us", 3.5)],
    PRODUCT: [(1,), (2,)],
}


def test_nodes_and_relationships_arrive_whatever_the_order_of_the_writes(graph: Graph) -> None:
    counts = graph.load(US)
    assert [count.inserted for count in counts.values()] == [3, 2, 3, 3]
    assert graph.bought_with() == {("a", "b"): 3, ("b", "a"): 3, ("b", "c"): 1}
    assert look(graph.path, "MATCH (v:Variant)-[:OF]->(p) RETURN v.key, p.`the key` ORDER BY v.key") == [
        ["a", 1],
        ["b", 1],
        ["c", 2],
    ]


def test_a_second_load_of_the_same_changes_nothing(graph: Graph) -> None:
    graph.load(US)
    assert list(graph.load(US).values()) == [
        WriteCounts(unchanged=3),
        WriteCounts(unchanged=2),
        WriteCounts(unchanged=3),
        WriteCounts(unchanged=3),
    ]


def test_a_load_that_changes_nothing_leaves_the_file_alone(graph: Graph) -> None:
    graph.load(US)
    before = graph.path.stat()
    graph.load(US)
    assert (graph.path.stat().st_ino, graph.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_changed_new_and_vanished_relationships_are_counted_as_such(graph: Graph) -> None:
    graph.load(US)
    counts = graph.load({**US, WITH: [("a", "b", 4), ("a", "b", 5), ("b", "a", 3), ("c", "a", 9)]})
    assert counts[WITH.name] == WriteCounts(inserted=1, updated=1, unchanged=1, deleted=1, duplicates=1)
    assert graph.bought_with() == {("a", "b"): 5, ("b", "a"): 3, ("c", "a"): 9}


def test_what_vanishes_goes_with_all_that_hangs_on_it_and_other_slices_stay(graph: Graph) -> None:
    them: Data = {VARIANT: [("x", "them", 1.0), ("y", "them", 1.0)], WITH: [("x", "y", 1)], PRODUCT: [(1,), (2,)]}
    graph.load(them, scope="them")
    graph.load(US)
    counts = graph.load({**US, VARIANT: [("a", "us", 1.0)], WITH: [], OF: [("a", 1)]})
    assert (counts["Variant"].deleted, counts[WITH.name].deleted, counts[OF.name].deleted) == (2, 3, 2)
    assert graph.variants() == {"a", "x", "y"}
    assert graph.bought_with() == {("x", "y"): 1}


def test_a_node_that_another_slice_holds_moves_with_its_relationships(graph: Graph) -> None:
    graph.load({VARIANT: [("a", "them", 1.0), ("b", "them", 1.0)], WITH: [("a", "b", 1), ("b", "a", 1)]}, "them")
    counts = graph.load({VARIANT: [("a", "us", 1.0)], WITH: [("a", "b", 2)]})
    assert (counts["Variant"].updated, counts[WITH.name].updated) == (1, 1)
    assert graph.bought_with() == {("a", "b"): 2, ("b", "a"): 1}


def test_a_relationship_from_another_slices_node_is_found_there(graph: Graph) -> None:
    graph.load({VARIANT: [("a", "them", 1.0)], WITH: [("a", "a", 1)]}, "them")
    counts = graph.load({VARIANT: [("b", "us", 1.0)], WITH: [("a", "a", 1), ("a", "b", 1)]})
    assert counts[WITH.name] == WriteCounts(inserted=1, unchanged=1)


def test_orphans_and_null_keys_are_refused_by_position_and_the_rest_arrives(graph: Graph) -> None:
    variants: list[tuple[object, ...]] = [("a", "us", 1.0), (None, "us", 1.0), ("b", "us", 1.0)]
    counts = graph.load({VARIANT: variants, WITH: [("a", "b", 1), ("a", "gone", 1), (None, "a", 1), ("q", "b", 1)]})
    assert graph.refused == [(1, "null_key"), (4, "orphan"), (5, "null_key"), (6, "orphan")]
    assert (counts["Variant"].inserted, counts[WITH.name]) == (2, WriteCounts(inserted=1))


def test_an_end_that_vanishes_with_this_load_makes_an_orphan(graph: Graph) -> None:
    graph.load(US)
    counts = graph.load({**US, VARIANT: [("a", "us", 1.0), ("b", "us", None)], OF: []})
    assert graph.refused == [(2, "orphan")]
    assert counts[WITH.name] == WriteCounts(unchanged=2, deleted=1)


def test_relationships_alone_find_their_ends_in_the_graph(graph: Graph) -> None:
    graph.load(US)
    counts = graph.load({WITH: [("c", "a", 1), ("a", "b", 3)]}, targets=(WITH,))
    assert counts[WITH.name] == WriteCounts(inserted=1, unchanged=1, deleted=2)


def test_one_type_may_connect_several_pairs_of_labels_also_later(graph: Graph) -> None:
    graph.load(US)
    counts = graph.load({**US, OF_VARIANT: [("a", "b")]}, targets=(*TARGETS, OF_VARIANT))
    assert (counts[OF.name].unchanged, counts[OF_VARIANT.name].inserted) == (3, 1)


@pytest.mark.parametrize("touched", ["changed", "gone"])
def test_a_table_that_changes_for_the_most_part_is_written_anew_with_other_slices_kept(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, touched: str
) -> None:
    monkeypatch.setattr(ladybug_copy, "UPHEAVAL_ROWS", 1)
    graph.load({VARIANT: [("x", "them", 1.0)], WITH: [("x", "x", 7)]}, "them")
    graph.load(US)
    rows = [("a", "b", 30), ("b", "a", 30), ("b", "c", 10), ("c", "c", 1)] if touched == "changed" else [("a", "b", 3)]
    counts = graph.load({**US, WITH: list(rows)})[WITH.name]
    expected = WriteCounts(inserted=1, updated=3) if touched == "changed" else WriteCounts(unchanged=1, deleted=2)
    assert counts == expected
    assert graph.bought_with() == {("x", "x"): 7, **{(source, target): value for source, target, value in rows}}


def test_types_come_back_as_they_went_in(graph: Graph) -> None:
    import datetime as dt
    from decimal import Decimal

    moment = dt.datetime(2025, 7, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    values: dict[str, tuple[pa.DataType, object, object]] = {
        "key": (pa.int64(), 1, 2),
        "money": (pa.decimal128(18, 4), Decimal("-1.2345"), None),
        "much": (pa.decimal128(38, 10), Decimal("-" + "9" * 28 + ".0000000001"), None),
        "moment": (pa.timestamp("us", "UTC"), moment, None),
        "local": (pa.timestamp("us"), moment.replace(tzinfo=None), None),
        "day": (pa.date32(), moment.date(), None),
        "small": (pa.int16(), -7, None),
        "yes": (pa.bool_(), True, None),
        "half": (pa.float32(), 0.5, None),
        "text": (pa.string(), "nul\x00 and 'quotes'", None),
    }
    properties = tuple(Property(name, kind) for name, (kind, _, _) in values.items())
    target = NodeTarget("Kinds", properties[0], properties[1:])
    rows = [tuple(one for _, one, _ in values.values()), tuple(other for _, _, other in values.values())]
    graph.load({target: rows}, targets=(target,))
    graph.load({target: [rows[0], (2, *rows[0][1:])]}, targets=(target,))
    stored = look(graph.path, "MATCH (k:Kinds) RETURN k.* ORDER BY k.key")
    assert [row[1:] for row in stored] == [list(rows[0][1:])] * 2
    assert graph.load({target: [rows[0], (2, *rows[0][1:])]}, targets=(target,))["Kinds"].unchanged == 2


def test_a_table_with_other_columns_is_a_matter_of_set_up(graph: Graph) -> None:
    graph.load({ITEM: [("a", 1)]}, targets=(ITEM,))
    other = NodeTarget("Item", Property("key", pa.string()), (Property("amount", pa.string()),))
    with pytest.raises(SetupError, match=r"Item has the columns .*INT64.*expected .*amount STRING.*move the graph"):
        graph.load({}, targets=(other,))
    assert graph.load({ITEM: [("a", 1)]}, targets=(ITEM,))["Item"].unchanged == 1


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (NodeTarget("N", Property("key", pa.float64())), "text or integers"),
        (NodeTarget("N", Property("key", pa.string()), (Property("all", pa.list_(pa.int64())),)), "all"),
        (RelationshipTarget("R", ITEM, ITEM, (Property("From", pa.int64()),)), "From"),
    ],
)
def test_what_ladybug_cannot_hold_is_said_before_the_file_is_touched(
    graph: Graph, target: GraphTarget, words: str
) -> None:
    with pytest.raises(DefectError, match=words):
        LadybugCopyWriter(graph.path, [target])
    assert not graph.path.exists()


def test_rows_without_a_column_say_which(graph: Graph) -> None:
    with pytest.raises(SetupError, match="no column amount"), LadybugCopyWriter(graph.path, [ITEM]) as writer:
        writer.write(pa.table({"key": ["a"]}))


def test_a_file_of_something_else_is_a_matter_of_set_up(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbdb"
    path.write_bytes(b"no graph at all" * 1000)
    with pytest.raises(SetupError, match="none of Ladybug's"), LadybugCopyWriter(path, [ITEM]):
        pass


def test_the_guilty_rows_are_found_among_many_and_named_by_position() -> None:
    # Text goes into the scratch table's INT64 column only where it is a number: Ladybug refuses the rest.
    target = RelationshipTarget("R", ITEM, ITEM, (Property("support", pa.int64()),))
    ends = [f"k{number}" for number in range(300)]
    values = [str(number) for number in range(300)]
    values[7], values[250] = "secret", "secret, too"
    rows = pa.table({"c0": ends, "c1": ends, "c2": values, "position": range(1000, 1300)})
    refused = guilty_rows(target, rows)
    assert [(row.position, row.error.code) for row in refused] == [(1007, "conversion"), (1250, "conversion")]
    assert "secret" not in str(refused[0].error)


def test_a_refusing_copy_is_repeated_without_the_guilty_rows(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.load({ITEM: [("a", 1)]}, targets=(ITEM,))
    refusals = iter([RefusedRow(1, RowError("Ladybug said so.", code="copy"))])
    run = Session.run

    def refusing(self: Session, statement: str, **parameters: pa.Table | pa.RecordBatchReader) -> None:
        given = {name: pa.table(rows) for name, rows in parameters.items()}
        if statement.startswith("COPY") and "c" in given["rows"]["c0"].to_pylist():
            run(self, "COPY Item FROM $rows", rows=pa.table({"key": ["q", "q"], "amount": [1, 2]}))
        run(self, statement, **given)

    monkeypatch.setattr(Session, "run", refusing)
    monkeypatch.setattr(ladybug_copy, "guilty_rows", lambda *_: [next(refusals)])
    counts = graph.load({ITEM: [("b", 1), ("c", 2), ("d", 3)]}, targets=(ITEM,))
    assert (graph.refused, counts["Item"].inserted, counts["Item"].deleted) == ([(1, "copy")], 2, 1)
    assert {row[0] for row in look(graph.path, "MATCH (i:Item) RETURN i.key")} == {"b", "d"}


def test_rows_that_are_refused_together_only_are_a_defect() -> None:
    with pytest.raises(DefectError, match="takes each of them alone"):
        guilty_rows(ITEM, pa.table({"c0": ["a", "b"], "c1": [1, 2], "position": [0, 1]}))


@pytest.mark.parametrize(
    "words", ["Copy exception: Found duplicated primary key value s3cret, which violates", "?? s3cret"]
)
def test_no_message_of_a_row_holds_its_values(words: str, tmp_path: Path) -> None:
    error = translate(RuntimeError(words), tmp_path)
    assert isinstance(error, RowError | DefectError)
    assert not isinstance(error, RowError) or "s3cret" not in str(error)


HOLD = """
import sys, ladybug
database = ladybug.Database(sys.argv[1], read_only=sys.argv[2] == "reader", buffer_pool_size=2**26)
connection = ladybug.Connection(database)
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path, by: str) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), by], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "open\n"
        yield process.pid
        process.kill()


@pytest.mark.parametrize("by", ["reader", "writer"])
def test_a_process_that_holds_the_file_is_named_and_the_moment_was_bad(graph: Graph, by: str) -> None:
    graph.load(US)
    with (
        held(graph.path, by) as pid,
        pytest.raises(TransientError, match=rf"held by process {pid} \(python"),
        LadybugCopyWriter(graph.path, TARGETS, scope="us", attempts=2, first_wait_s=0.01),
    ):
        pass
    assert graph.load(US)["Variant"].unchanged == 3


def test_a_writer_waits_until_the_file_is_free(graph: Graph) -> None:
    graph.load(US)
    command = [sys.executable, "-c", HOLD, str(graph.path), "writer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin and process.stdout.readline() == "open\n"
        process.stdin.close()
        with LadybugCopyWriter(graph.path, TARGETS, scope="us", attempts=20, first_wait_s=0.2) as writer:
            writer.finish()
    assert graph.variants() == set()


def test_one_process_does_not_open_the_file_twice_for_writing(graph: Graph) -> None:
    with writing(graph.path), pytest.raises(TransientError, match="in this process"), writing(graph.path):
        pass


def test_readers_of_ours_keep_other_processes_writers_out_and_wait_for_none(graph: Graph) -> None:
    graph.load(US)
    open_it = f"import ladybug; ladybug.Database({str(graph.path)!r}, buffer_pool_size=2**26)"
    with reading(graph.path) as session:
        done = subprocess.run([sys.executable, "-c", open_it], capture_output=True, text=True, check=False)
        assert "Could not set lock" in done.stderr
        assert session.rows("MATCH (v:Variant) RETURN count(*)") == [[3]]
    with held(graph.path, "writer") as pid, pytest.raises(TransientError, match=str(pid)), reading(graph.path):
        pass


def test_a_graph_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="There is no graph"), reading(tmp_path / "none.lbdb"):
        pass


LOAD = """
import json, sys, time
from pathlib import Path
import pyarrow as pa
from tests.writers.graph.ladybug.test_writer import ITEM
from include.writers.graph.ladybug.writer import LadybugCopyWriter
stage = sys.argv[2]
with LadybugCopyWriter(Path(sys.argv[1]), [ITEM]) as writer:
    writer.write(pa.table({"key": [f"new {number}" for number in range(50_000)], "amount": range(50_000)}))
    writer.finish()
    if stage == "finished":
        print("now", flush=True)
        time.sleep(60)
    print("now", flush=True)
print("done", flush=True)
"""


@pytest.mark.parametrize("wait_s", [None, 0.0, 0.05, 0.15])
def test_a_load_that_is_killed_leaves_the_earlier_state_whole(graph: Graph, wait_s: float | None) -> None:
    graph.load({ITEM: [("a", 1)]}, targets=(ITEM,))
    stage = "finished" if wait_s is None else "committing"
    command = [sys.executable, "-c", LOAD, str(graph.path), stage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout and process.stdout.readline() == "now\n"
        time.sleep(wait_s or 0.0)
        process.send_signal(signal.SIGKILL)
    stored = look(graph.path, "MATCH (i:Item) RETURN count(*), min(i.key)")
    assert stored == [[1, "a"]] or (stage == "committing" and stored == [[50_000, "new 0"]])
    counts = graph.load({ITEM: [("a", 1), ("b", 2)]}, targets=(ITEM,))
    assert counts["Item"].inserted in (1, 2)
    assert [path.name for path in graph.path.parent.iterdir()] == [graph.path.name]


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
AMOUNTS = st.none() | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=10, deadline=None)
@given(
    loads=st.lists(
        st.tuples(
            st.dictionaries(KEYS, AMOUNTS, max_size=8),
            st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), AMOUNTS), max_size=12),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_rows_in_are_rows_out_after_any_loads_and_a_second_time_nothing_changes(
    tmp_path_factory: pytest.TempPathFactory,
    loads: list[tuple[dict[str, int | None], list[tuple[int, int, int | None]]]],
) -> None:
    between = RelationshipTarget("BETWEEN", ITEM, ITEM, (Property("weight", pa.int64()),))
    graph = Graph(tmp_path_factory.mktemp("graph") / "graph.lbdb")
    for items, edges in loads:
        keys = [*items, *("not there" for _ in range(8 - len(items)))]
        pairs = [(keys[one], keys[other], weight) for one, other, weight in edges]
        data: Data = {ITEM: list(items.items()), between: list(pairs)}
        expected = {(one, other): weight for one, other, weight in pairs if one in items and other in items}
        first = graph.load(data, targets=(ITEM, between))
        assert dict(look(graph.path, "MATCH (i:Item) RETURN i.key, i.amount")) == items  # type: ignore[arg-type]
        stored = look(graph.path, "MATCH (a:Item)-[r:BETWEEN]->(b:Item) RETURN a.key, b.key, r.weight")
        assert {(one, other): weight for one, other, weight in stored} == expected
        counts = first[between.name]
        assert len(pairs) == counts.inserted + counts.updated + counts.unchanged + counts.duplicates + len(
            graph.refused
        )
        again = graph.load(data, targets=(ITEM, between))
        assert [(c.inserted, c.updated, c.deleted) for c in again.values()] == [(0, 0, 0)] * 2

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest
from neo4j import Driver

from include.errors import DefectError, RowError, SetupError
from include.writers.base import WriteCounts
from include.writers.graph.neo4j import cypher
from include.writers.graph.neo4j.writer import BATCH_ROWS, Neo4jUnwindWriter
from include.writers.graph.rejects import as_reject, rows_again
from include.writers.graph.targets import GraphTarget, NodeTarget, Property, RelationshipTarget
from tests.writers.contract import WriterContract, table

# The first test of a clone installs the server: 250 MB.
pytestmark = pytest.mark.timeout(900)

TEXT = pa.string()

STORED = NodeTarget(
    "Stored", Property("key", pa.string()), (Property("amount", pa.int64()), Property("owner", pa.string())), "owner"
)
VARIANT = NodeTarget(
    "Variant", Property("id", pa.string()), (Property("store", pa.string()), Property("title", pa.string())), "store"
)
PRODUCT = NodeTarget("Product", Property("handle", pa.string()), (Property("store", pa.string()),), "store")
OF = RelationshipTarget("OF", VARIANT, PRODUCT)
WITH = RelationshipTarget("BOUGHT WITH", VARIANT, VARIANT, (Property("support", pa.int64()),))
ALL: tuple[GraphTarget, ...] = (VARIANT, PRODUCT, OF, WITH)

# The first repetition of what a bad moment stopped.
SOON_S = 0.05

Graph = dict[GraphTarget, pa.Table]


class Owned:
    """The contract's writer: gives the rows their owner."""

    def __init__(self, writer: Neo4jUnwindWriter, owner: str) -> None:
        self._writer = writer
        self._owner = owner

    def write(self, data: Any) -> None:
        rows = pa.RecordBatchReader.from_stream(data).read_all()
        self._writer.write(rows.append_column("owner", pa.array([self._owner] * rows.num_rows, pa.string())))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


class TestNeo4jUnwindWriter(WriterContract):
    # Neo4j has no key of null, and none of more than 8 kB; it takes NUL.
    refused = (None, "x" * 40_000)
    batch_rows = BATCH_ROWS

    @pytest.fixture(autouse=True)
    def _driver(self, neo4j_driver: Driver) -> None:
        self.driver = neo4j_driver

    @contextmanager
    def writer(self, owner: str = "us", **options: Any) -> Iterator[Any]:
        with Neo4jUnwindWriter(self.driver, [STORED], scope=owner, first_wait_s=SOON_S, **options) as writer:
            yield Owned(writer, owner)

    def stored(self, owner: str = "us") -> dict[str, int | None]:
        found = self.driver.execute_query("MATCH (n:Stored {owner: $owner}) RETURN n.key, n.amount", owner=owner)
        return {record[0]: record[1] for record in found.records}

    def test_other_owners_rows_are_left_alone(self) -> None:
        with self.writer("them") as writer:
            writer.write(table(("a", 1)))
            writer.finish()
        self.load(("b", 2))
        self.load()
        assert (self.stored("them"), self.stored("us")) == ({"a": 1}, {})

    def test_a_partial_load_deletes_nothing(self) -> None:
        self.load(("a", 1), ("b", 2))
        with self.writer(partial=True) as writer:
            writer.write(table(("b", 3)))
            (counts,) = writer.finish()
        assert (counts, self.stored()) == (WriteCounts(updated=1), {"a": 1, "b": 3})

    def test_a_load_that_waits_for_another_transactions_lock_waits(self) -> None:
        self.load(("a", 1))
        with self.driver.session() as session, session.begin_transaction() as other:
            other.run("MATCH (n:Stored {key: 'a'}) SET n.amount = 5").consume()
            thread = threading.Thread(target=self.load, args=(("a", 2),))
            thread.start()
            thread.join(1)
            assert thread.is_alive()
            other.commit()
        thread.join(30)
        assert self.stored() == {"a": 2}

    def test_a_deadlock_is_repeated_until_the_load_is_whole(self, caplog: pytest.LogCaptureFixture) -> None:
        self.load(("a", 1), ("z", 1))
        with self.driver.session() as session, session.begin_transaction() as other:
            other.run("MATCH (n:Stored {key: 'z'}) SET n.amount = 5").consume()
            thread = threading.Thread(target=self.load, args=(("a", 2), ("z", 2)))
            thread.start()
            thread.join(1)  # by now it has a, and waits for z: one of the two has to give way, the younger one
            other.run("MATCH (n:Stored {key: 'a'}) SET n.amount = 5").consume()
            other.commit()
        thread.join(60)
        assert self.stored() == {"a": 2, "z": 2}
        assert "DeadlockDetected" in caplog.text

    def test_a_load_whose_connection_is_cut_is_repeated_without_doubles(self) -> None:
        self.load(("a", 1))
        with self.driver.session() as session, session.begin_transaction() as other:
            other.run("MATCH (n:Stored {key: 'a'}) SET n.amount = 5").consume()
            thread = threading.Thread(target=self.load, args=(("a", 2), ("b", 2)))
            thread.start()
            thread.join(1)
            self._cut_waiting_connections()
            other.commit()
        thread.join(60)
        assert self.stored() == {"a": 2, "b": 2}
        assert self.driver.execute_query("MATCH (n) RETURN count(n)").records[0][0] == 2

    def _cut_waiting_connections(self) -> None:
        waiting = "SHOW TRANSACTIONS YIELD currentQuery, connectionId, status WHERE currentQuery STARTS WITH 'UNWIND'"
        names = self.driver.execute_query(f"{waiting} RETURN connectionId").records
        assert len(names) == 1
        self.driver.execute_query("CALL dbms.killConnection($name)", name=names[0][0])

    def test_a_constraint_that_contradicts_the_graph_is_said(self) -> None:
        doubled = NodeTarget("Doubled", Property("key", pa.string()))
        self.driver.execute_query("CREATE (:Doubled {key: 'a'}), (:Doubled {key: 'a'})")
        with (
            pytest.raises(SetupError, match="SHOW CONSTRAINTS"),
            Neo4jUnwindWriter(self.driver, [doubled]),
        ):
            pass


@pytest.fixture
def driver(neo4j_driver: Driver) -> Driver:
    return neo4j_driver


def load(driver: Driver, rows: Graph, **options: Any) -> dict[str, WriteCounts]:
    with Neo4jUnwindWriter(driver, ALL, scope="teas", first_wait_s=SOON_S, **options) as writer:
        for target, data in rows.items():
            writer.write(data, target)
        counts = writer.finish()
    return {target.name: count for target, count in zip(ALL, counts, strict=True)}


def variants(*ids: str, title: str = "Tea") -> pa.Table:
    return pa.table({"id": list(ids), "store": ["teas"] * len(ids), "title": [title] * len(ids)})


def products(*handles: str) -> pa.Table:
    return pa.table({"handle": list(handles), "store": ["teas"] * len(handles)})


def ends(*pairs: tuple[str | None, str | None], support: int | None = None) -> pa.Table:
    sources, targets = (list(side) for side in zip(*pairs, strict=True))
    found = pa.table({"source": pa.array(sources, pa.string()), "target": pa.array(targets, pa.string())})
    return found if support is None else found.append_column("support", pa.array([support] * len(pairs)))


def graph() -> Graph:
    return {
        WITH: ends(("v1", "v2"), ("v2", "v3"), support=7),  # relationships may come first
        OF: ends(("v1", "p1"), ("v2", "p1"), ("v3", "p2")),
        VARIANT: variants("v3", "v1", "v2"),
        PRODUCT: products("p1", "p2"),
    }


def relationships(driver: Driver) -> set[tuple[Any, ...]]:
    found = driver.execute_query("MATCH (a)-[r]->(b) RETURN a.id, type(r), coalesce(b.id, b.handle), r.support").records
    assert len(found) == len({tuple(record) for record in found})
    return {tuple(record) for record in found}


def test_nodes_and_relationships_arrive_whatever_the_order_of_the_writes(driver: Driver) -> None:
    counts = load(driver, graph())
    assert {name: count.inserted for name, count in counts.items()} == {
        "Variant": 3,
        "Product": 2,
        "Variant-OF->Product": 3,
        "Variant-BOUGHT WITH->Variant": 2,
    }
    assert ("v1", "BOUGHT WITH", "v2", 7) in relationships(driver)


def test_the_same_graph_again_writes_nothing(driver: Driver) -> None:
    load(driver, graph())
    counts = load(driver, graph())
    assert all((count.inserted, count.updated, count.deleted) == (0, 0, 0) for count in counts.values())
    assert counts["Variant-OF->Product"].unchanged == 3


def test_what_vanished_is_removed_and_counted_with_the_relationships_of_a_removed_node(driver: Driver) -> None:
    load(driver, graph())
    counts = load(
        driver,
        {VARIANT: variants("v1", "v2"), PRODUCT: products("p1"), OF: ends(("v1", "p1"), ("v2", "p1"))},
    )
    assert {name: count.deleted for name, count in counts.items()} == {
        "Variant": 1,
        "Product": 1,
        "Variant-OF->Product": 1,
        "Variant-BOUGHT WITH->Variant": 2,
    }
    assert relationships(driver) == {("v1", "OF", "p1", None), ("v2", "OF", "p1", None)}


def test_a_changed_property_of_a_relationship_is_an_update(driver: Driver) -> None:
    load(driver, graph())
    counts = load(driver, graph() | {WITH: ends(("v1", "v2"), ("v2", "v3"), support=8)})
    assert counts["Variant-BOUGHT WITH->Variant"] == WriteCounts(updated=2)
    assert ("v2", "BOUGHT WITH", "v3", 8) in relationships(driver)


def test_a_relationship_that_another_program_doubled_is_made_one_again(driver: Driver) -> None:
    load(driver, graph())
    double = "MATCH (:Variant {id: 'v1'})-[r:OF]->(p) MATCH (v:Variant {id: 'v1'}) CREATE (v)-[:OF]->(p)"
    driver.execute_query(double)
    counts = load(driver, graph())
    assert counts["Variant-OF->Product"] == WriteCounts(unchanged=3, deleted=1)
    assert len(relationships(driver)) == 5


def test_an_end_that_is_lost_is_found_beside_a_relationship_that_is_there_already(driver: Driver) -> None:
    load(driver, graph())
    with Neo4jUnwindWriter(driver, [WITH], scope="teas", partial=True) as writer:
        writer.write(ends(("v1", "v2"), ("v1", "v9"), ("v3", "v1"), support=9))
        assert writer.finish() == (WriteCounts(inserted=1, updated=1),)
        assert [(row.position, row.error.code, row.error.column) for row in writer.refused] == [(1, "orphan", "target")]


def test_parts_of_what_is_stored_are_together_all_of_it(driver: Driver) -> None:
    load(driver, graph())
    for target, expected in ((VARIANT, 3), (WITH, 2)):
        with driver.session() as session:
            parts = [
                session.run(cypher.stored(target), scope="teas", part=part, parts=2).single(strict=True)[0]
                for part in range(2)
            ]
        assert len(parts[0]) + len(parts[1]) == expected == len({tuple(row) for rows in parts for row in rows})


def test_relationships_without_an_end_are_refused_and_named(driver: Driver) -> None:
    rows = graph() | {OF: ends(("v1", "p1"), ("v9", "p1"), ("v2", "p9"), (None, "p1"))}
    with Neo4jUnwindWriter(driver, ALL, scope="teas") as writer:
        for target, data in rows.items():
            writer.write(data, target)
        counts = writer.finish()
        refused = writer.refused
    assert counts[2].inserted == 1
    assert [(row.position, row.error.code, row.error.column) for row in refused] == [
        (3, "orphan", "source"),
        (4, "orphan", "target"),
        (5, "null_key", "source"),
    ]
    assert {row.target for row in refused} == {"Variant-OF->Product"}


def test_a_relationship_to_a_node_that_this_load_takes_away_is_refused(driver: Driver) -> None:
    load(driver, graph())
    with Neo4jUnwindWriter(driver, ALL, scope="teas") as writer:
        for target, data in (graph() | {VARIANT: variants("v1", "v2")}).items():
            writer.write(data, target)
        writer.finish()
        assert [row.error.code for row in writer.refused] == ["orphan", "orphan"]
    assert len(relationships(driver)) == 3


def test_a_relationship_may_end_at_a_node_that_another_load_brought(driver: Driver) -> None:
    load(driver, {PRODUCT: products("p1"), VARIANT: variants("v1")})
    with Neo4jUnwindWriter(driver, [OF], scope="teas") as writer:
        writer.write(ends(("v1", "p1")))
        assert writer.finish() == (WriteCounts(inserted=1),)


def test_a_value_of_the_wrong_type_is_refused_and_can_be_written_again_once_mended(driver: Driver) -> None:
    rows = pa.table({"source": ["v1", "v2"], "target": ["v2", "v3"], "support": ["many", "7"]})
    with Neo4jUnwindWriter(driver, ALL, scope="teas") as writer:
        for target, data in (graph() | {WITH: rows}).items():
            writer.write(data, target)
        counts = writer.finish()
        (refused,) = writer.refused
    assert (counts[3].inserted, refused.error.code, refused.error.column) == (1, "wrong_type", "support")
    reject = as_reject(refused)
    assert (reject.part, reject.line, reject.column) == ("Variant-BOUGHT WITH->Variant", 1, "support")
    assert "many" not in reject.reason
    assert "many" not in repr(refused)
    mended = rows_again(WITH, [(reject.raw or "").replace("many", "3")])
    assert load(driver, {WITH: mended}, partial=True)["Variant-BOUGHT WITH->Variant"] == WriteCounts(inserted=1)
    assert ("v1", "BOUGHT WITH", "v2", 3) in relationships(driver)


def test_rows_that_only_the_server_can_refuse_are_found_among_sound_ones(driver: Driver) -> None:
    tagged = NodeTarget("Tagged", Property("key", pa.int64()), (Property("tags", pa.list_(pa.string())),))
    rows = pa.table({"key": list(range(250)), "tags": [["a", "b"]] * 120 + [["a", None]] + [["c"]] * 129})
    with Neo4jUnwindWriter(driver, [tagged]) as writer:
        writer.write(rows)
        (counts,) = writer.finish()
        (refused,) = writer.refused
    assert (counts.inserted, refused.position) == (249, 120)
    assert refused.error.code == "Neo.ClientError.Statement.TypeError"


def test_labels_and_keys_that_are_alike_together_have_a_constraint_each(driver: Driver) -> None:
    targets = [NodeTarget("A_B", Property("c", TEXT)), NodeTarget("A", Property("B_c", TEXT))]
    for _ in range(2):
        with Neo4jUnwindWriter(driver, targets) as writer:
            writer.finish()
        assert constraints(driver, "A", "A_B") == [("A", "B_c"), ("A_B", "c")]


def test_a_constraint_that_is_there_under_another_name_is_not_made_again(driver: Driver) -> None:
    target = NodeTarget("Named_before", Property("key", TEXT), (Property("shop", TEXT),), scope="shop")
    driver.execute_query("CREATE CONSTRAINT longshore_Named_before_key FOR (n:Named_before) REQUIRE n.key IS UNIQUE")
    driver.execute_query("CREATE INDEX longshore_Named_before_shop FOR (n:Named_before) ON (n.shop)")
    before = indexes(driver, "Named_before")
    with Neo4jUnwindWriter(driver, [target], scope="teas") as writer:
        writer.finish()
    assert indexes(driver, "Named_before") == before == ["longshore_Named_before_key", "longshore_Named_before_shop"]


def constraints(driver: Driver, *labels: str) -> list[tuple[str, str]]:
    query = "SHOW CONSTRAINTS YIELD labelsOrTypes, properties WHERE labelsOrTypes[0] IN $labels"
    found = driver.execute_query(f"{query} RETURN labelsOrTypes[0], properties[0]", labels=labels).records
    return sorted((record[0], record[1]) for record in found)


def indexes(driver: Driver, label: str) -> list[str]:
    query = "SHOW INDEXES YIELD name, labelsOrTypes WHERE labelsOrTypes = [$label] RETURN name ORDER BY name"
    return [str(record[0]) for record in driver.execute_query(query, label=label).records]


def test_rows_that_contradict_what_else_is_in_the_graph_are_refused(driver: Driver) -> None:
    driver.execute_query("CREATE CONSTRAINT titles FOR (n:Variant) REQUIRE n.title IS UNIQUE")
    driver.execute_query("CREATE (:Variant {id: 'other', store: 'books', title: 'Tea'})")
    rows = pa.concat_tables([variants("v1", title="Coffee"), variants("v2", title="Tea")])
    with Neo4jUnwindWriter(driver, [VARIANT], scope="teas") as writer:
        writer.write(rows)
        (counts,) = writer.finish()
        assert (counts.inserted, [row.position for row in writer.refused]) == (1, [1])


def test_rows_that_contradict_each_other_over_batches_end_the_load_and_nothing_is_left(driver: Driver) -> None:
    driver.execute_query("CREATE CONSTRAINT titles FOR (n:Variant) REQUIRE n.title IS UNIQUE")
    rows = variants(*(f"v{number:05}" for number in range(BATCH_ROWS + 1)))
    titles = pa.array([f"t{number}" for number in range(BATCH_ROWS)] + ["t0"])
    with pytest.raises(RowError), Neo4jUnwindWriter(driver, [VARIANT], scope="teas") as writer:
        writer.write(rows.set_column(2, "title", titles))
        writer.finish()
    assert driver.execute_query("MATCH (n) RETURN count(n)").records[0][0] == 0


def test_dates_moments_and_lists_come_back_as_unchanged(driver: Driver) -> None:
    columns = (
        Property("day", pa.date32()),
        Property("at", pa.timestamp("us", "UTC")),
        Property("tags", pa.list_(pa.string())),
        Property("days", pa.list_(pa.date32())),
        Property("price", pa.float64()),
        Property("sold", pa.bool_()),
    )
    kind = NodeTarget("Kind", Property("key", pa.int64()), columns)
    moment = dt.datetime(2025, 7, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    rows = pa.table(
        [
            [1, 2],
            [dt.date(2025, 7, 1), None],
            [moment, None],
            [["a", "b"], None],
            [[moment.date()], None],
            [0.1, None],
            [True, None],
        ],
        schema=pa.schema([(column.name, column.type) for column in kind.columns]),
    )
    for expected in (WriteCounts(inserted=2), WriteCounts(unchanged=2)):
        with Neo4jUnwindWriter(driver, [kind]) as writer:
            writer.write(rows)
            assert writer.finish() == (expected,)


STATEMENTS = {
    f"{name} {target.name}": (statement(target), rows)
    for target, rows in (
        (VARIANT, [("v1", "teas", "Tea")]),
        (OF, [("v1", "p1")]),
        (WITH, [("v1", "v2", 1)]),
        (NodeTarget("Product", Property("handle", pa.string())), [("p1",)]),
    )
    for name, statement in (
        ("write", cypher.write_counted),
        ("count", cypher.count),
        ("stored", cypher.stored),
        ("delete", cypher.delete),
    )
} | {"missing Variant": (cypher.missing(VARIANT), [("v9",)])}


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_is_planned_with_a_scan_of_all_nodes_or_holds_all_rows_back(driver: Driver, name: str) -> None:
    load(driver, graph())
    statement, rows = STATEMENTS[name]
    names = [1] if name.startswith("delete Variant-") else ["v1"]
    values = {"rows": rows, "names": names, "scope": "teas", "part": 0, "parts": 1}
    with driver.session() as session, session.begin_transaction() as transaction:
        profile = transaction.run(f"PROFILE {statement}", values).consume().profile
        transaction.rollback()
    operators = _operators(profile)
    forbidden = ("Eager@", "AllNodesScan", "NodeByLabelScan", "DirectedRelationshipTypeScan")
    assert [operator for operator in operators if operator.startswith(forbidden)] == []


def _operators(plan: Any) -> list[str]:
    return [plan["operatorType"], *(name for child in plan.get("children", ()) for name in _operators(child))]


def test_awkward_names_of_labels_types_and_properties_are_quoted(driver: Driver) -> None:
    odd = NodeTarget("My `label`) DETACH DELETE (n", Property("a key", pa.string()), (Property("x`y", pa.int64()),))
    linked = RelationshipTarget("R]->() //", odd, odd, (Property("$p", pa.int64()),))
    with Neo4jUnwindWriter(driver, [odd, linked]) as writer:
        writer.write(pa.table({"a key": ["a", "b"], "x`y": [1, 2]}), odd)
        writer.write(pa.table({"source": ["a"], "target": ["b"], "$p": [3]}), linked)
        assert [count.inserted for count in writer.finish()] == [2, 1]
    assert driver.execute_query("MATCH (a)-[r]->() RETURN type(r)").records[0][0] == "R]->() //"


@pytest.mark.parametrize("name", ["", "a\x00b", "a\\u0060b"])
def test_names_that_cannot_be_quoted_are_defects(name: str) -> None:
    with pytest.raises(DefectError):
        cypher.quoted(name)


def test_a_type_that_has_no_place_in_neo4j_is_said() -> None:
    target = NodeTarget("Priced", Property("key", pa.string()), (Property("price", pa.decimal128(10, 2)),))
    with pytest.raises(DefectError, match="price"):
        Neo4jUnwindWriter(None, [target])  # type: ignore[arg-type]


def test_rows_without_a_column_of_the_target_are_a_defect(driver: Driver) -> None:
    with pytest.raises(DefectError, match="title"), Neo4jUnwindWriter(driver, [VARIANT], scope="teas") as writer:
        writer.write(products("p1").rename_columns(["id", "store"]))

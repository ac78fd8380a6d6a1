from __future__ import annotations

from pathlib import Path

import pytest

from include.pipelines.code_graph.prepare import CodeOptions, language_of, prepare
from include.pipelines.code_graph.resolve import Resolver, resolve
from include.pipelines.code_graph.targets import TARGETS
from include.writers.graph.targets import NodeTarget
from tests.pipelines.code_graph.programs import parsed

SAMPLE = Path(__file__).parents[3] / "include" / "samples" / "code_graph"
MAIN = "from lib import work\n\ndef run():\n    work()\n"
LIB = "def work():\n    pass\n"


def test_the_sample_gives_rows_for_its_three_languages() -> None:
    paths = sorted(path for path in SAMPLE.rglob("*") if path.is_file() and language_of(path.name))
    found = resolve([prepare(path, CodeOptions(str(SAMPLE))) for path in paths])
    calls = {
        row[:2]
        for rows in found.files.values()
        for place, each in rows.relationships.items()
        if place[0] == "CALLS"
        for row in each
    }
    assert {
        ("harbour/berths.py::allot", "harbour/berths.py::longest_first"),
        ("harbour/berths.py::Berth.fits", "harbour/ships.py::Ship.room"),
        ("harbour/ships.py::Ferry.margin", "harbour/ships.py::Ship.margin"),
        ("board/src/Board.tsx::Board", "board/src/lib/clock.ts::minutes"),
        ("tides/main.go::depth", "tides/gauge/gauge.go::Fixed.Level"),
    } <= calls


def test_tables_have_the_columns_of_their_targets_and_each_row_its_file() -> None:
    tables = resolve([parsed("main.py", MAIN), parsed("lib.py", LIB)]).tables()
    assert set(tables) <= set(TARGETS)
    for target, table in tables.items():
        assert table.schema.names == [column.name for column in target.columns]
        assert set(table["file"].to_pylist()) <= {"main.py", "lib.py"}
        if isinstance(target, NodeTarget):
            keys = table["key"].to_pylist()
            assert len(keys) == len(set(keys))


def test_every_relationship_ends_at_nodes_that_are_there() -> None:
    tables = resolve([parsed("main.py", MAIN), parsed("lib.py", LIB)]).tables()
    keys = {target: set(table["key"].to_pylist()) for target, table in tables.items() if isinstance(target, NodeTarget)}
    for target, table in tables.items():
        if not isinstance(target, NodeTarget):
            assert set(table["source"].to_pylist()) <= keys[target.source]
            assert set(table["target"].to_pylist()) <= keys[target.target]


def test_a_change_rewrites_the_changed_file_and_not_what_imports_it() -> None:
    resolver = Resolver()
    resolver.update([parsed("main.py", MAIN), parsed("lib.py", LIB)])
    assert list(resolver.update([parsed("lib.py", "X = 1\n\n" + LIB + "\ndef more(): work()\n")]).files) == ["lib.py"]
    renamed = resolver.update([parsed("lib.py", LIB.replace("work", "rest"))])
    assert sorted(renamed.files) == ["lib.py", "main.py"]
    assert ("CALLS", "Function", "Function") not in renamed.files["main.py"].relationships


def test_the_same_facts_again_change_nothing() -> None:
    resolver = Resolver()
    resolver.update([parsed("main.py", MAIN), parsed("lib.py", LIB)])
    assert resolver.update([parsed("lib.py", LIB)]).files == {}


def test_a_file_that_goes_takes_its_rows_and_the_edges_to_it() -> None:
    resolver = Resolver()
    resolver.update([parsed("main.py", MAIN), parsed("lib.py", LIB)])
    found = resolver.update([], gone=["lib.py", "never.py"])
    assert found.gone == ("lib.py",)
    assert [place[0] for place in found.files["main.py"].relationships] == ["CONTAINS", "DEFINES"]


def test_a_program_that_takes_too_much_work_keeps_the_edges_that_need_no_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("include.pipelines.code_graph.flow.changes.FREE_WORK", 0)
    text = MAIN + "\ndef take(each): each()\n\ntake(run)\n"
    files = [parsed("main.py", text), parsed("lib.py", LIB)]
    whole, narrow = Resolver().update(files), Resolver(max_work=1).update(files)
    place = ("CALLS", "Function", "Function")
    assert (whole.narrow, narrow.narrow) == (False, True)
    assert {row[:2] for row in whole.files["main.py"].relationships[place]} == {
        ("main.py::run", "lib.py::work"),
        ("main.py::take", "main.py::run"),
    }
    assert {row[:2] for row in narrow.files["main.py"].relationships[place]} == {("main.py::run", "lib.py::work")}

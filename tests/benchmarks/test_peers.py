from __future__ import annotations

import ast
import sys
from dataclasses import astuple, replace
from pathlib import Path

from benchmarks.harness import Row
from benchmarks.inputs import bad_rows, order_lines
from benchmarks.peers.catalogue import APPEND, NOT_RUN, REPEATABLE, Peer
from benchmarks.peers.compare import MEMORY_BAR, TIME_BAR, change, compared, guarantees, measure_peers
from tests.conftest import ROOT

PEERS = (*APPEND, *REPEATABLE)
WITHOUT_A_VENV = {r"psql \copy", "psycopg executemany"}


def row(case: str, seconds: float, rows: int, peak_mb: float) -> Row:
    return Row(bench="peers", case=case, rows=rows, median_s=seconds, peak_mb=peak_mb)


def test_every_way_has_a_name_of_its_own_a_script_with_that_function_and_all_guarantees() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    for peer in PEERS:
        script = ROOT / "benchmarks" / "peers" / "others" / f"{peer.script}.py"
        tree = ast.parse(script.read_text(encoding="utf-8"))
        assert peer.way in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, peer.name
        assert all(astuple(peer.guarantees)), peer.name


def test_the_docs_table_says_of_each_way_what_the_catalogue_says() -> None:
    page = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8")
    for name, promised in guarantees().items():
        line = "| " + " | ".join((name, *astuple(promised))) + " |"
        assert line in page, f"docs/peers.md lacks this line, as benchmarks/peers/catalogue.py has it:\n{line}"
    for name in NOT_RUN:
        assert name in page


def test_peers_fill_their_table_and_are_compared_per_row(home: Path) -> None:
    append = [peer for peer in APPEND if peer.name in WITHOUT_A_VENV]
    absent = Peer("elsewhere", "psql_copy", "append", append[0].guarantees, program="a-program-that-nobody-has")
    slow = replace(append[1], name="slow", most_rows=50)
    rows = measure_peers(home, 200, 1, sys.executable, [slow, *append, absent], ())
    found = {row.case: row for row in rows}
    ways = {f"first: {name}" for name in WITHOUT_A_VENV}
    assert set(found) == {"first: longshore", "first: slow", *ways, "elsewhere", *NOT_RUN}
    assert found["first: slow"].rows == 50
    assert found["first: slow"].note.startswith("run once; atomic: yes")
    assert found["elsewhere"].note == "not run: a-program-that-nobody-has is not installed"
    assert all(found[f"first: {name}"].ratio for name in WITHOUT_A_VENV)
    assert "atomic: yes" in found["first: longshore"].note


def test_the_project_is_held_against_the_fastest_repeatable_way_of_dlt_and_slow_ways_are_compared_per_row() -> None:
    rows = [
        row("first: longshore", 2.0, 1_000, 100.0),
        row("first: dlt append, ADBC", 1.0, 1_000, 10.0),
        row("first: dlt merge", 4.0, 1_000, 400.0),
        row("first: dlt upsert", 8.0, 1_000, 50.0),
        row("first: ORM", 1.0, 10, 50.0),
    ]
    ours, memory, *peers = compared(rows, {"dlt merge", "dlt upsert"})
    assert (ours.ratio, ours.bar, ours.met) == (0.5, TIME_BAR, True)
    assert (memory.ratio, memory.bar, memory.met) == (0.25, MEMORY_BAR, True)
    assert [peer.ratio for peer in peers] == [0.5, 2.0, 4.0, 50.0]
    assert all(peer.met is None for peer in peers)


def test_one_line_of_ten_is_changed_and_nothing_else(tmp_path: Path) -> None:
    order_lines.write(tmp_path / "first.csv", 100)
    change(tmp_path / "first.csv", tmp_path / "again.csv")
    first, again = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("first.csv", "again.csv"))
    assert sum(old != new for old, new in zip(first, again, strict=True)) == 10
    assert first[0] == again[0]


def test_bad_rows_are_as_many_of_each_kind_as_asked_for_and_stand_where_it_says(tmp_path: Path) -> None:
    order_lines.write(tmp_path / "good.csv", 200)
    places = bad_rows.write(tmp_path / "bad.csv", 200, 2)
    assert sorted(places.values()) == sorted([*bad_rows.KINDS] * 2)
    good, bad = ((tmp_path / name).read_bytes().splitlines() for name in ("good.csv", "bad.csv"))
    changed = {number for number, pair in enumerate(zip(good, bad, strict=True), start=1) if pair[0] != pair[1]}
    assert changed == set(places)

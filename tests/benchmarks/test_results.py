"""Results are kept with facts of the machine that do not name it, and plotted as the same bytes for the same rows."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from benchmarks.harness import Row
from benchmarks.plots import plot
from benchmarks.results import save

ROWS = [
    Row(bench="load", case="a: limit", rows=10, median_s=1.0, min_s=0.9, max_s=1.1),
    Row(bench="load", case="a: ours", rows=10, median_s=2.0, min_s=2.0, max_s=2.1, ratio=2.0, bar=0.75, met=False),
    Row(bench="peers", case="said", note="words"),
]


def test_a_results_file_is_dated_and_holds_figures_and_machine(tmp_path: Path) -> None:
    document = json.loads(save(ROWS, 10, 3, tmp_path).read_text(encoding="utf-8"))
    assert (tmp_path / f"{document['day']}.json").exists()
    assert document["figures"] == [{**row.as_json(), "note": row.note} for row in ROWS]
    assert document["machine"]["cores"] and document["machine"]["python"] == platform.python_version()
    assert document["machine"]["postgresql"]
    assert platform.node() not in json.dumps(document["machine"])
    assert str(Path.cwd()) not in json.dumps(document)


def test_a_benchmark_that_runs_again_the_same_day_replaces_its_own_figures_only(tmp_path: Path) -> None:
    save(ROWS, 10, 3, tmp_path)
    again = [Row(bench="load", case="b", rows=20, median_s=3.0)]
    document = json.loads(save(again, 20, 2, tmp_path).read_text(encoding="utf-8"))
    assert [(figure["bench"], figure["case"]) for figure in document["figures"]] == [("peers", "said"), ("load", "b")]
    assert {name: asked["rows"] for name, asked in document["asked"].items()} == {"load": 20, "peers": 10}


def test_a_plot_shows_each_case_with_its_ratio_and_bar(tmp_path: Path) -> None:
    (path,) = plot(ROWS, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert path.name == "load.svg"
    assert "a: ours" in text
    assert "2 s = 2 x (bar 0.75)" in text
    plot(ROWS, tmp_path)
    assert path.read_text(encoding="utf-8") == text

from __future__ import annotations

from pathlib import Path

from benchmarks.scheduler.stores import CONTENTS, Run, deliver, rows_of
from include.samples.shop import DAYS


def run(seconds: float) -> Run:
    return Run(seconds, {"open": [1.0, 3.0]}, {"open": [0.2, 0.4]}, {"scheduler": 5.0})


def test_each_store_gets_the_whole_small_upload_of_that_day(tmp_path: Path) -> None:
    deliver(tmp_path, 3, DAYS[0])
    folders = sorted((tmp_path / "landing").glob("*/*"))
    assert [folder.parent.name for folder in folders] == ["shop-000", "shop-001", "shop-002"]
    assert {file.name for file in folders[0].iterdir()} == set(CONTENTS)
    assert {"catalog.csv", "inventory.csv", "orders.csv", "variants.csv"} == set(CONTENTS)


def test_the_growth_of_the_time_per_store_is_held_against_its_bar() -> None:
    few, many, growth = rows_of(10, 100, [run(20.0), run(30.0), run(40.0)], run(360.0))
    assert (few.median_s, many.bar, many.met) == (30.0, 300.0, False)
    assert (growth.ratio, growth.met) == (1.2, True)
    assert "2 tasks" in many.note
    assert "open 2.00" in many.note

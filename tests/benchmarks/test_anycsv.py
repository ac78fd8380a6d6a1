"""The score of odd CSVs: how outcomes are told apart, and that the bars hold."""

from __future__ import annotations

import datetime as dt
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks.anycsv import ours
from benchmarks.anycsv.__main__ import _peer
from benchmarks.anycsv.compare import Loaded, Outcome, judge
from benchmarks.anycsv.truth import FOLDER, Case, Expected, cases, expected

# The least share of files that are right, in percent; none may be wrong in silence.
RIGHT_PERCENT = 85


@pytest.mark.parametrize(
    ("texts", "values", "outcome"),
    [
        (["1", "2"], [1, 2], Outcome.RIGHT),
        (["1", "2"], ["1", "2"], Outcome.AS_TEXT),
        (["1.50", "NA"], [Decimal("1.5"), None], Outcome.RIGHT),
        (["1.50", "x"], [Decimal("1.5"), None], Outcome.WRONG),
        (["01067", "x"], [1067, "x"], Outcome.WRONG),
        (["0.1", "2"], [0.1, 2.0], Outcome.RIGHT),
        (["0.12345678901234567890", "2"], [0.12345678901234567, 2.0], Outcome.WRONG),
        (["$5", "$6"], [Decimal(5), Decimal(6)], Outcome.WRONG),
        (["NO", "YES"], [False, True], Outcome.WRONG),
        (["true", "False"], [True, False], Outcome.RIGHT),
        (["13/02/2026", "01/03/2026"], [dt.date(2026, 2, 13), dt.date(2026, 3, 1)], Outcome.RIGHT),
        (["13/02/2026", "01/03/2026"], [dt.date(2026, 2, 13), dt.date(2026, 1, 3)], Outcome.WRONG),
        (["13/02/2026", "01/03/2026"], ["13/02/2026", "01/03/2026"], Outcome.AS_TEXT),
        (["é", "b"], ["Ã©", "b"], Outcome.WRONG),
        (["a", " b"], ["a", "b"], Outcome.WRONG),
    ],
)
def test_a_column_is_right_as_text_or_wrong(texts: list[str], values: list[Any], outcome: Outcome) -> None:
    file = Expected([[text, "x"] for text in texts], [2, 3], order="dmy")
    assert judge(file, Loaded([[value, "x"] for value in values])).outcome is outcome


def test_lost_rows_are_wrong_unless_they_were_set_aside_with_a_word() -> None:
    file = Expected([["a"], ["b"], ["c"]], [2, 3, 4])
    assert judge(file, Loaded([["a"], ["c"]])).outcome is Outcome.WRONG
    assert judge(file, Loaded([["a"], ["c"]], aside=frozenset({3}))).outcome is Outcome.SET_ASIDE
    assert judge(file, Loaded(error="two encodings fit")).outcome is Outcome.REFUSED
    assert judge(None, Loaded([["a"]])).outcome is Outcome.WRONG


def test_a_tool_that_is_not_installed_is_said_and_not_scored(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    with pytest.raises(SystemExit, match=r"csvkit did not run in .*agate.*--python"):
        _peer("csvkit", [Case(file, {})], sys.executable)


def test_the_bars_of_the_files_that_nobody_here_wrote_hold(tmp_path: Path) -> None:
    if not FOLDER.is_dir() and not os.environ.get("CI"):
        pytest.skip(f"no shared data at {FOLDER}")
    chosen = cases()
    verdicts = {
        case.path.name: judge(expected(case) if case.read_as else None, ours.read(case.path, tmp_path))
        for case in chosen
    }
    tables = {case.path.name for case in chosen if case.read_as}
    right = sum(
        verdict.outcome is (Outcome.RIGHT if name in tables else Outcome.REFUSED) for name, verdict in verdicts.items()
    )
    wrong = {name: verdict.why for name, verdict in verdicts.items() if verdict.outcome is Outcome.WRONG}
    assert wrong == {}
    assert right * 100 >= RIGHT_PERCENT * len(chosen)

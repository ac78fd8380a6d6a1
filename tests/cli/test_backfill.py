from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_without_the_stack_it_says_how_to_start_it(run: Run, environment: Callable[..., None], tmp_path: Path) -> None:
    environment(LONGSHORE_HOME=str(tmp_path))
    ended = run("backfill", "2026-03-01", "2026-03-02")
    assert ended.code == 1
    assert "./longshore up" in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["2026-03-02", "2026-03-01"],
        ["2026-03-01", "2026-03-32"],
        ["2026-03-01", "2026-03-01", "--reprocess", "some"],
        ["2026-03-01", "2026-03-01", "--max-active-runs", "0"],
    ],
)
def test_wrong_usage_ends_with_2(run: Run, words: list[str]) -> None:
    assert run("backfill", *words).code == 2

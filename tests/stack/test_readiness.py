from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from include.stack.readiness import HEALTH_PARTS, dag_files, sick_parts

STARTED = dt.datetime(2025, 3, 3, 12, tzinfo=dt.UTC)


def health(beat: str) -> dict[str, dict[str, str]]:
    return {name: {"status": "healthy", f"latest_{name}_heartbeat": beat} for name in HEALTH_PARTS}


def test_parts_with_a_heartbeat_of_this_start_are_well() -> None:
    assert sick_parts(health("2025-03-03T12:00:01Z"), STARTED) == []


def test_a_heartbeat_of_the_start_before_does_not_count() -> None:
    assert sick_parts(health("2025-03-03T11:59:59+00:00"), STARTED) == list(HEALTH_PARTS)
    assert sick_parts(health("2025-03-03T11:59:59+00:00")) == []


@pytest.mark.parametrize("part", [None, {}, {"status": "unhealthy"}, {"status": None}, {"status": "healthy"}])
def test_a_part_that_is_silent_or_unhealthy_is_sick(part: dict[str, str] | None) -> None:
    assert sick_parts({**health("2025-03-03T12:00:01Z"), "triggerer": part}, STARTED) == ["triggerer"]


def test_every_python_file_in_the_dags_folder_has_to_yield_a_dag(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b.py", "more/a.py", "__init__.py", "notes.md"):
        (tmp_path / name).write_text("")
    assert dag_files(tmp_path) == ["b.py", "more/a.py"]

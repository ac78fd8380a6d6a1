from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.conftest import ROOT
from tests.dags.conftest import Run

SAMPLE = ROOT / "include" / "samples" / "tables" / "artikel.csv"


def loads(connection: Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT status, pipeline, source FROM ledger.loads JOIN ledger.runs USING (run_id) ORDER BY load_id"
    ).fetchall()


def test_the_example_loads_its_sample_and_the_next_run_changes_nothing(run: Run, connection: Connection[Any]) -> None:
    first, second = run("example_bulk_load"), run("example_bulk_load")
    assert (first.state, second.state) == ("success", "success")
    assert first.xcoms["load", ""]["inserted"] == 7
    assert second.xcoms["load", ""]["status"] == "unchanged"
    assert connection.execute("SELECT count(*) FROM erp.artikel").fetchone() == (7,)
    assert loads(connection) == [(status, "example_bulk_load", "airflow") for status in ("loaded", "unchanged")]


def test_a_held_file_turns_the_run_red_until_it_is_accepted(
    run: Run, connection: Connection[Any], tmp_path: Path
) -> None:
    run("example_bulk_load")
    empty = tmp_path / "empty.csv"
    empty.touch()
    held = run("example_bulk_load", source=str(empty))
    assert (held.state, held.of("")) == ("failed", {"load": "failed"})
    accepted = run("example_bulk_load", source=str(empty), accept=True)
    assert accepted.xcoms["load", ""]["deleted"] == 7
    assert [status for status, *_ in loads(connection)] == ["loaded", "held", "loaded"]


def test_a_file_that_does_not_fit_fails_at_once_and_is_in_the_ledger(
    run: Run, connection: Connection[Any], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a;b\n1;2\n", encoding="utf-8")
    assert run("example_bulk_load", source=str(wrong)).of("") == {"load": "failed"}
    assert [status for status, *_ in loads(connection)] == ["failed"]

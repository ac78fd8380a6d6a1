from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run


def test_what_is_due_is_computed_and_shown(run: Run, loaded: str) -> None:
    ended = run("coverage", "--json", "--target", loaded)
    assert ended.code == 0
    rows = {row["dataset"]: row for row in ended.json()}
    assert set(rows) == {"catalog", "inventory", "variants"}
    assert (rows["catalog"]["lines"], rows["catalog"]["matched"], rows["catalog"]["unmatched"]) == (2, 1, 1)
    assert rows["variants"]["matched"] is None
    assert '"revenue": 22.5' in ended.out


def test_without_computing_it_shows_what_there_is(run: Run, loaded: str) -> None:
    ended = run("coverage", "--no-compute", "--target", loaded)
    assert (ended.code, ended.out) == (0, "")
    run("coverage", "--target", loaded)
    assert "catalog" in run("coverage", "--no-compute", "--target", loaded).out


def test_store_and_days_narrow_it(run: Run, loaded: str) -> None:
    for words in (["--store", "other"], ["--from", "2026-03-02"], ["--until", "2026-02-28"]):
        assert run("coverage", *words, "--json", "--target", loaded).json() == []
    assert (
        len(run("coverage", "--from", "2026-03-01", "--until", "2026-03-01", "--json", "--target", loaded).json()) == 3
    )


def test_the_page_is_one_file(run: Run, loaded: str, tmp_path: Path) -> None:
    page = tmp_path / "report" / "coverage.html"
    assert run("coverage", "--html", page, "--target", loaded).code == 0
    assert page.read_text().lower().startswith("<!doctype html>")


def test_days_in_the_wrong_order_end_with_2(run: Run, loaded: str) -> None:
    assert run("coverage", "--from", "2026-03-02", "--until", "2026-03-01", "--target", loaded).code == 2

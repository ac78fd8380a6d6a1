from __future__ import annotations

from typing import Any

from psycopg import Connection

from tests.dags.conftest import DAY, Run


def covered(connection: Connection[Any]) -> list[tuple[str, int]]:
    """The stores whose uploads have a coverage, and how many rows of it."""
    return connection.execute(
        "SELECT store, count(*) FROM commerce.coverage JOIN commerce.uploads USING (upload_id) GROUP BY 1 ORDER BY 1"
    ).fetchall()


def test_a_run_covers_all_that_is_due_and_the_next_one_ends_at_once(run: Run, connection: Connection[Any]) -> None:
    run(from_=DAY, until=DAY)
    first, second = run("commerce_coverage"), run("commerce_coverage")
    assert (first.state, first.of("")) == ("success", {"compute": "success"})
    assert first.xcoms["compute", ""]["uploads"] == 3
    assert (second.state, second.of("")) == ("success", {"compute": "skipped"})
    assert [store for store, _ in covered(connection)] == ["harbour-books", "nordic-lamps", "tiny-teas"]


def test_a_range_is_computed_again_for_one_store(run: Run) -> None:
    run(from_=DAY, until=DAY)
    run("commerce_coverage")
    again = run("commerce_coverage", from_=DAY, until=DAY, store="tiny-teas")
    assert again.xcoms["compute", ""]["uploads"] == 1


def test_half_a_range_is_refused_at_once(run: Run) -> None:
    outcome = run("commerce_coverage", from_=DAY)
    assert (outcome.state, outcome.of("")) == ("failed", {"compute": "failed"})

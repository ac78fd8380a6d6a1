"""Contracts without a key: each file owns its rows."""

from __future__ import annotations

from include.ledger.runs import RunSource
from include.loading.csv.job import LoadOptions
from include.pipelines.tables.contract import Merge, read_contract
from include.pipelines.tables.load import PIPELINE, TableRequest, load_table
from include.postgres.session import connect
from include.results import LoadResult, Status
from tests.pipelines.tables.conftest import Desk

EVENTS = "table: web.events\ncolumns:\n  at: {type: timestamp}\n  what: {type: text}\n"


def load(desk: Desk, name: str, text: str, contract: str = EVENTS, **options: bool) -> LoadResult:
    """Loads a file of that name."""
    read = read_contract(desk.write("contract.yaml", contract))
    request = TableRequest(str(desk.write(name, text)), read, options=LoadOptions(**options))
    return load_table(lambda: connect(desk.url), request, RunSource.command_line(PIPELINE))


def test_a_second_file_adds_its_rows_and_equal_rows_of_two_files_are_two(desk: Desk) -> None:
    load(desk, "ev1.csv", "at,what\n2026-01-01 10:00,open\n2026-01-01 11:00,open\n")
    result = load(desk, "ev2.csv", "at,what\n2026-01-01 10:00,open\n")
    assert (result.counts.inserted, result.counts.deleted) == (1, 0)
    assert desk.rows("SELECT source_file, row_number, what FROM web.events ORDER BY 1, 2") == [
        ("ev1.csv", 1, "open"),
        ("ev1.csv", 2, "open"),
        ("ev2.csv", 1, "open"),
    ]


def test_the_same_file_again_replaces_its_own_rows_alone(desk: Desk) -> None:
    load(desk, "ev1.csv", "at,what\n2026-01-01 10:00,open\n2026-01-01 11:00,open\n")
    load(desk, "ev2.csv", "at,what\n2026-01-01 10:00,open\n")
    assert load(desk, "ev1.csv", "at,what\n2026-01-01 10:00,open\n2026-01-01 11:00,open\n").status is Status.UNCHANGED
    result = load(desk, "ev1.csv", "at,what\n2026-01-01 10:00,shut\n", accept=True)
    assert (result.counts.updated, result.counts.deleted) == (1, 1)
    assert desk.rows("SELECT source_file, what FROM web.events ORDER BY 1") == [
        ("ev1.csv", "shut"),
        ("ev2.csv", "open"),
    ]


def test_append_and_a_key_tell_rows_apart_within_each_file(desk: Desk) -> None:
    keyed = "merge: append\nkey: [what]\n" + EVENTS
    load(desk, "ev1.csv", "at,what\n2026-01-01 10:00,a\n2026-01-01 11:00,b\n", keyed)
    load(desk, "ev2.csv", "at,what\n2026-01-02 10:00,a\n", keyed)
    assert desk.rows("SELECT source_file, what FROM web.events ORDER BY 1, 2") == [
        ("ev1.csv", "a"),
        ("ev1.csv", "b"),
        ("ev2.csv", "a"),
    ]


def test_without_a_word_a_key_replaces_and_no_key_appends(desk: Desk) -> None:
    assert read_contract(desk.write("c.yaml", EVENTS)).merge is Merge.APPEND
    assert read_contract(desk.write("c.yaml", f"key: [what]\n{EVENTS}")).merge is Merge.REPLACE

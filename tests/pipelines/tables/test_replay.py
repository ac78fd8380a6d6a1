from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.errors import SetupError, UsageError
from include.loading.replay.mended_file import read_mended
from include.loading.replay.outcome import ReplayOutcome
from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.reject_export import export_rejects
from include.pipelines.commerce.delivery.replay import ReplayOptions, replay
from include.pipelines.tables.contract import read_contract
from include.pipelines.tables.replay import replay_table
from include.postgres.session import connect
from include.settings import StoresFile
from tests.pipelines.tables.conftest import ARTICLES, Desk

CSV = "Artikelnr.;title;price\n001;Chair;10,50\n002;Table;dear\n003;Lamp;5,00\n,Nameless;1,00\n"
LINES = ARTICLES + "max_rejected_percent: 100\n"
BY_SHOP = LINES + "scope: shop\n"
UPSERT = LINES + "merge: upsert\n"
NO_KEY = LINES.replace("key: [article]\n", "")
ROWS = "SELECT article, title, price, source_line FROM erp.articles ORDER BY 1"
COUNTS = "SELECT rows_read, inserted, updated, unchanged, duplicates, rejected FROM ledger.current_loads"


def again(
    desk: Desk, contract: str = LINES, mended: Path | None = None, load: int = 1, **options: Any
) -> ReplayOutcome:
    return replay_table(
        lambda: connect(desk.url),
        Selection(load),
        read_contract(desk.write("contract.yaml", contract)),
        ReplayOptions("tester", **options),
        read_mended(mended) if mended else None,
    )


def mend(desk: Desk, *changes: tuple[str, str], load: int = 1) -> Path:
    """Exports the load's rejects and changes the text as a person would."""
    path = desk.folder / "mend.csv"
    path.unlink(missing_ok=True)
    export_rejects(desk.connection, Selection(load), path)
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def check_arithmetic(desk: Desk) -> None:
    assert desk.rows(
        "SELECT load_id FROM ledger.current_loads AS loads WHERE rejected <> (SELECT count(*) FROM ledger.rejects"
        " WHERE load_id = loads.load_id AND replay_id IS NULL)"
    ) == []  # fmt: skip


def test_a_mended_export_comes_back_and_the_ledger_says_so(desk: Desk) -> None:
    desk.load(CSV, LINES)
    tried = again(desk, mended=mend(desk, ("dear", "99,00")), dry_run=True)
    assert (tried.passed, tried.replay_id, len(desk.rows(ROWS))) == (1, None, 2)
    outcome = again(desk, mended=mend(desk, ("dear", "99,00")))
    assert (outcome.passed, [failure.code for failure in outcome.failures]) == (1, ["columns"])
    assert desk.rows(ROWS) == [
        ("001", "Chair", Decimal("10.50"), 2),
        ("002", "Table", Decimal("99.00"), 3),
        ("003", "Lamp", Decimal("5.00"), 4),
    ]
    assert desk.rows(COUNTS) == [(4, 3, 0, 0, 0, 1)]
    assert desk.rows("SELECT tried, passed, replayed_by, source FROM ledger.replays") == [(2, 1, "tester", "mend.csv")]
    check_arithmetic(desk)


def test_a_second_replay_changes_nothing(desk: Desk) -> None:
    desk.load(CSV, LINES)
    mended = mend(desk, ("dear", "99,00"))
    again(desk, mended=mended)
    before = (desk.rows(ROWS), desk.rows(COUNTS))
    outcome = again(desk, mended=mended)
    assert (outcome.passed, outcome.back) == (0, 1)
    assert (desk.rows(ROWS), desk.rows(COUNTS)) == before


def test_a_mended_contract_brings_back_the_recorded_texts(desk: Desk) -> None:
    desk.load(CSV, LINES)
    outcome = again(desk, LINES.replace("minimum: 0", "minimum: 0, null_words: [dear]"))
    assert outcome.passed == 1
    assert desk.rows(ROWS)[1] == ("002", "Table", None, 3)


def test_rows_without_a_key_keep_their_number_in_the_file(desk: Desk) -> None:
    text = 'Artikelnr.;title;price\n001;"Chair\nwith arms";10,50\n\n002;Table;dear\n003;Lamp;5,00\n'
    desk.load(text, NO_KEY)
    assert again(desk, NO_KEY, mend(desk, ("dear", "99,00"))).passed == 1
    assert desk.rows("SELECT row_number, article, source_line FROM erp.articles ORDER BY 1") == [
        (1, "001", 2),
        (3, "002", 5),
        (4, "003", 6),
    ]


def test_a_scope_takes_back_its_own_rejects_only(desk: Desk) -> None:
    desk.load(CSV, BY_SHOP, source="north")
    desk.load(CSV.replace("Table", "Desk"), BY_SHOP, source="south")
    assert again(desk, BY_SHOP, mend(desk, ("dear", "7,00"), load=2), load=2).passed == 1
    assert desk.rows("SELECT shop, title FROM erp.articles WHERE article = '002'") == [("south", "Desk")]
    check_arithmetic(desk)


@pytest.mark.parametrize(("mended", "price", "counted"), [("003", 5, (0, 1)), ("001", 99, (1, 0))])
def test_of_two_rows_with_one_key_the_later_one_of_the_file_wins(
    desk: Desk, mended: str, price: int, counted: tuple[int, int]
) -> None:
    desk.load(CSV, LINES)
    again(desk, mended=mend(desk, ("002;Table;dear", f"{mended};Table;99,00")))
    assert desk.rows(f"SELECT price FROM erp.articles WHERE article = '{mended}'") == [(price,)]
    assert desk.rows("SELECT updated, duplicates FROM ledger.current_loads") == [counted]
    check_arithmetic(desk)


def test_an_upsert_takes_back_what_no_row_of_another_delivery_could_be_newer_than(desk: Desk) -> None:
    desk.load("Artikelnr.;title;price\n002;Old;1,00\n007;Old;1,00\n008;Old;1,00\n009;Old;1,00\n", UPSERT)
    desk.load("Artikelnr.;title;price\n001;New;1,00\n002;New;dear\n009;New;dear\n010;New;dear\n", UPSERT)
    outcome = again(desk, UPSERT, mend(desk, ("dear", "2,00"), load=2), load=2)
    assert [(failure.line, failure.code) for failure in outcome.failures] == [(4, "stored_later")]
    assert desk.rows("SELECT article, title FROM erp.articles WHERE price = 2 ORDER BY 1") == [
        ("002", "New"),
        ("010", "New"),
    ]
    assert desk.rows("SELECT title FROM erp.articles WHERE article = '009'") == [("Old",)]
    # What the first replay wrote does not make the others look like rows of this delivery.
    assert [failure.code for failure in again(desk, UPSERT, mend(desk, ("dear", "2,00"), load=2), load=2).failures] == [
        "stored_later"
    ]
    check_arithmetic(desk)


def test_only_the_current_load_of_a_slice_takes_rejects_back(desk: Desk) -> None:
    desk.load(CSV, LINES)
    mended = mend(desk, ("dear", "99,00"))
    desk.load(CSV.replace("Lamp", "Bulb"), LINES)
    with pytest.raises(UsageError, match="no longer the current load"):
        again(desk, mended=mended)


def test_another_contract_and_none_are_refused_before_anything_changes(desk: Desk) -> None:
    desk.load(CSV, LINES)
    with pytest.raises(UsageError, match="another table or scope"):
        again(desk, LINES.replace("erp.articles", "erp.others"))
    with pytest.raises(UsageError, match="another table or scope"):
        again(desk, BY_SHOP)
    with pytest.raises(UsageError, match="has no profile"):
        again(desk, profile="erp")
    with pytest.raises(UsageError, match="loaded by a contract"):
        replay(lambda: connect(desk.url), Selection(1), StoresFile(), ReplayOptions("tester"))
    desk.connection.execute("DROP TABLE erp.articles")
    with pytest.raises(SetupError, match="not there any more"):
        again(desk)
    assert desk.rows("SELECT count(*) FROM ledger.replays") == [(0,)]

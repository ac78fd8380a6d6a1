from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest

from include.errors import BudgetError, FileError, HeldError, SetupError, UsageError
from include.postgres.session import connect
from include.results import Status
from include.settings import PROJECT_ROOT
from tests.pipelines.tables.conftest import ARTICLES, Desk

CSV = "Artikelnr.,title,price\n001,Chair,10.50\n002,Table,99\n"
BY_SHOP = ARTICLES + "scope: shop\n"
UPSERT = ARTICLES + "merge: upsert\n"
NO_KEY = ARTICLES.replace("key: [article]\n", "")


# A column of somebody else's that a new row would leave blank.
OTHER_COLUMN = """ADD COLUMN other integer DEFAULT 1;
ALTER TABLE erp.articles ALTER COLUMN other SET NOT NULL, ALTER COLUMN other DROP DEFAULT"""


def many(count: int, price: str = "1") -> str:
    return "Artikelnr.,title,price\n" + "".join(f"{number},T,{price}\n" for number in range(count))


def test_the_first_load_makes_the_table_and_fills_it(desk: Desk) -> None:
    result = desk.load(CSV)
    assert (result.status, result.counts.inserted, result.counts.balanced) == (Status.LOADED, 2, True)
    assert desk.rows("SELECT * FROM erp.articles ORDER BY 1") == [
        ("001", "Chair", Decimal("10.50"), 2),
        ("002", "Table", Decimal("99"), 3),
    ]


def test_the_ledger_has_the_load_with_source_table_and_facts(desk: Desk) -> None:
    desk.load(CSV)
    [(store, dataset, status, facts)] = desk.rows("SELECT store, dataset, status, facts FROM ledger.loads")
    assert (store, dataset, status) == ("erp", "erp.articles", "loaded")
    assert facts["parts"][0]["columns"] == {"article": "Artikelnr.", "title": "title", "price": "price"}
    assert desk.rows("SELECT pipeline, ended_at IS NOT NULL FROM ledger.runs") == [("tables", True)]


def test_the_same_bytes_change_nothing_and_a_changed_contract_loads_them_again(desk: Desk) -> None:
    desk.load(CSV)
    again, forced = desk.load(CSV), desk.load(CSV, force=True)
    other = desk.load(CSV, ARTICLES.replace("minimum: 0", "minimum: 50"))
    assert again.status is Status.UNCHANGED
    assert (forced.status, forced.counts.unchanged) == (Status.LOADED, 2)
    assert (other.counts.rejected, other.counts.deleted) == (1, 1)


def test_a_then_b_then_a_again_loads_three_times(desk: Desk) -> None:
    other = CSV.replace("99", "98")
    statuses = [desk.load(text).status for text in (CSV, other, CSV)]
    assert statuses == [Status.LOADED] * 3
    assert desk.rows("SELECT price FROM erp.articles WHERE article = '002'") == [(Decimal(99),)]


def test_a_table_that_somebody_took_away_is_made_and_filled_again(desk: Desk) -> None:
    desk.load(CSV)
    desk.connection.execute("DROP TABLE erp.articles")
    assert desk.load(CSV).counts.inserted == 2


def test_replace_deletes_what_is_gone_and_counts_truly(desk: Desk) -> None:
    desk.load(CSV)
    counts = desk.load("Artikelnr.,title,price\n001,Chair,11\n003,Lamp,5\n003,Lamp,6\n004,Bad,x\n").counts
    assert (counts.rows_read, counts.inserted, counts.updated, counts.deleted) == (4, 1, 1, 1)
    assert (counts.duplicates, counts.rejected, counts.balanced) == (1, 1, True)
    assert desk.rows("SELECT article, price FROM erp.articles ORDER BY 1") == [("001", 11), ("003", 6)]


def test_upsert_deletes_nothing(desk: Desk) -> None:
    desk.load(CSV, UPSERT)
    counts = desk.load("Artikelnr.,title,price\n002,Table,1\n003,Lamp,5\n", UPSERT).counts
    assert (counts.inserted, counts.updated, counts.deleted) == (1, 1, 0)
    assert desk.rows("SELECT count(*) FROM erp.articles") == [(3,)]


def test_each_source_is_the_truth_for_its_own_rows(desk: Desk) -> None:
    desk.load(CSV, BY_SHOP, source="north")
    desk.load("Artikelnr.,title,price\n001,Other,1\n", BY_SHOP, source="south")
    emptied = desk.load("Artikelnr.,title,price\n002,Table,99\n", BY_SHOP, source="north")
    assert emptied.counts.deleted == 1
    assert desk.rows("SELECT shop, article FROM erp.articles ORDER BY 1, 2") == [("north", "002"), ("south", "001")]


def test_a_scope_without_a_source_is_wrong_usage(desk: Desk) -> None:
    with pytest.raises(UsageError, match="--source"):
        desk.load(CSV, BY_SHOP)


def test_without_a_key_rows_go_by_their_number_and_none_is_a_duplicate(desk: Desk) -> None:
    text = "Artikelnr.,title,price\nA,x,1\nA,x,1\n"
    assert desk.load(text, NO_KEY).counts.inserted == 2
    shorter = desk.load("Artikelnr.,title,price\nA,x,1\n", NO_KEY)
    assert (shorter.counts.unchanged, shorter.counts.deleted) == (1, 1)


def test_a_table_of_nothing_but_keys_loads_again(desk: Desk) -> None:
    contract = "table: erp.pairs\nkey: [a, b]\ncolumns: {a: {type: identifier}, b: {type: integer}}\n"
    desk.load("a,b\nx,1\nx,2\n", contract)
    counts = desk.load("a,b\nx,2\nx,3\n", contract).counts
    assert (counts.inserted, counts.unchanged, counts.deleted) == (1, 1, 1)


def test_rejects_lie_in_the_ledger_with_line_column_and_text(desk: Desk) -> None:
    result = desk.load(CSV + "003,Lamp,dear\n,Nameless,1\n")
    assert result.counts.rejected == 2
    assert desk.rows("SELECT line, column_name, code, raw FROM ledger.rejects ORDER BY line") == [
        (4, "price", "not_a_number", "003,Lamp,dear"),
        (5, "article", "missing", ",Nameless,1"),
    ]


def test_a_delivery_that_would_delete_too_much_is_held_until_accepted(desk: Desk) -> None:
    desk.load(many(200))
    with pytest.raises(HeldError, match=r"200 rows.*150 would be deleted"):
        desk.load(many(50))
    assert desk.rows("SELECT count(*) FROM erp.articles") == [(200,)]
    accepted = desk.load(many(50), accept=True, accepted_by="ada")
    assert accepted.counts.deleted == 150
    assert desk.rows("SELECT status, accepted_by FROM ledger.loads ORDER BY load_id") == [
        ("loaded", None),
        ("held", None),
        ("loaded", "ada"),
    ]


def test_an_empty_file_is_held(desk: Desk) -> None:
    desk.load(CSV)
    with pytest.raises(HeldError, match="0 bytes"):
        desk.load("")


def test_more_rejects_than_the_budget_allows_leave_nothing_visible(desk: Desk) -> None:
    with pytest.raises(BudgetError, match="More than 0"):
        desk.load(CSV + "003,Lamp,dear\n", ARTICLES + "max_rejected_rows: 0\n")
    assert desk.rows("SELECT to_regclass('erp.articles')") == [(None,)]
    assert desk.rows("SELECT status, rejected FROM ledger.loads") == [("failed", 1)]


def test_a_dry_run_counts_and_leaves_no_trace_not_even_the_table(desk: Desk) -> None:
    result = desk.load(CSV, dry_run=True)
    assert (result.counts.inserted, result.load_id) == (2, None)
    assert desk.rows("SELECT to_regclass('erp.articles')") == [(None,)]
    assert desk.rows("SELECT count(*) FROM ledger.loads") == desk.rows("SELECT count(*) FROM ledger.runs") == [(0,)]


def test_a_missing_header_names_the_key_of_the_contract(desk: Desk) -> None:
    with pytest.raises(FileError, match=r"no header for article.*Set columns\.article\.aliases in the contract of erp"):
        desk.load("number,title\n1,x\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER COLUMN price TYPE numeric(10, 2)", r'ALTER COLUMN "price" TYPE numeric'),
        ("DROP COLUMN title", r'ADD COLUMN "title" text'),
        ("ALTER COLUMN title SET NOT NULL", r'ALTER COLUMN "title" DROP NOT NULL'),
        ("DROP CONSTRAINT articles_pkey", r'ADD UNIQUE \("article"\)'),
        (
            OTHER_COLUMN,
            r'"other" DROP NOT NULL',
        ),
    ],
)
def test_a_table_that_differs_is_refused_with_what_to_run_and_that_mends_it(
    desk: Desk, change: str, words: str
) -> None:
    desk.load(CSV)
    desk.connection.execute(f"ALTER TABLE erp.articles {change}".encode())
    with pytest.raises(SetupError, match=words) as caught:
        desk.load(CSV, force=True)
    desk.connection.execute(caught.value.remedy.removeprefix("Run: ").partition(";")[0].encode())
    assert desk.load(CSV, force=True).counts.rows_read == 2


def test_columns_that_the_contract_does_not_know_stay_as_they_are(desk: Desk) -> None:
    desk.load(CSV)
    desk.connection.execute("ALTER TABLE erp.articles ADD COLUMN note text")
    desk.connection.execute("UPDATE erp.articles SET note = 'mine'")
    desk.load(CSV.replace("10.50", "11"))
    assert desk.rows("SELECT DISTINCT note FROM erp.articles") == [("mine",)]


def test_two_first_loads_at_once_make_one_table_and_one_truth(desk: Desk) -> None:
    from include.ledger.runs import RunSource
    from include.pipelines.tables.contract import read_contract
    from include.pipelines.tables.load import TableRequest, load_table

    contract = read_contract(desk.write("contract.yaml", ARTICLES))
    files = [desk.write(f"{number}.csv", many(300, str(number))) for number in (1, 2)]
    ended: list[Any] = []

    def load(path: str) -> None:
        try:
            ended.append(
                load_table(lambda: connect(desk.url), TableRequest(path, contract), RunSource.command_line("tables"))
            )
        except Exception as error:  # shown by the assertion below
            ended.append(error)

    threads = [threading.Thread(target=load, args=(str(file),)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [getattr(result, "status", result) for result in ended] == [Status.LOADED] * 2
    assert len(desk.rows("SELECT DISTINCT price FROM erp.articles")) == 1


def test_the_shipped_sample_loads_whole_with_its_family(desk: Desk) -> None:
    samples = PROJECT_ROOT / "include" / "samples" / "tables"
    result = desk.load((samples / "artikel.csv").read_bytes(), (samples / "artikel.yaml").read_text(encoding="utf-8"))
    assert (result.counts.inserted, result.counts.duplicates, result.counts.rejected) == (7, 1, 0)
    assert desk.rows(
        "SELECT bestand FROM erp.artikel WHERE artikelnr IN ('0017', '0019', '0020') ORDER BY artikelnr"
    ) == [
        ({"Hamburg": 4},),
        ({"Hamburg": 36, "Köln": 40},),
        (None,),
    ]

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.errors import FileError, SetupError, UsageError
from include.ledger import retention
from include.pipelines.commerce import coverage
from include.pipelines.commerce.close import close_upload
from include.pipelines.commerce.mended import read_mended
from include.pipelines.commerce.reject_export import export_rejects
from include.pipelines.commerce.replay import ReplayOptions, ReplayOutcome, replay
from include.pipelines.commerce.replay_subject import Selection
from include.settings import StoreSettings, StoresFile
from include.writers.postgres_session import connect
from tests.pipelines.commerce.conftest import DAY, STORE, Shop
from tests.pipelines.commerce.test_load import CATALOG, orders

LINES = "SELECT order_id, line_no, quantity, sku, source_part, source_line FROM commerce.order_lines ORDER BY 1, 2"
CURRENT_COUNTS = (
    "SELECT dataset, rows_read, inserted, updated, unchanged, duplicates, rejected, folded FROM ledger.loads"
)


def again(
    shop: Shop, dataset: str, mended: Path | None = None, *, load_id: int | None = None, **options: object
) -> ReplayOutcome:
    selection = Selection(load_id) if load_id else Selection(store=STORE, day=DAY, dataset=dataset)
    wanted = ReplayOptions("tester", **options)  # type: ignore[arg-type]
    return replay(lambda: connect(shop.url), selection, shop.stores, wanted, read_mended(mended) if mended else None)


def mend(shop: Shop, dataset: str, path: Path, *changes: tuple[str, str]) -> Path:
    """Exports the rejects and changes the text as a person would."""
    path.unlink(missing_ok=True)
    export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset=dataset), path)
    text = path.read_bytes().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_bytes(text.encode())
    return path


def state(shop: Shop) -> list[object]:
    """All that a replay could change."""
    tables = ("catalog", "inventory", "variants", "orders", "order_lines")
    rows = [shop.rows(f"SELECT * FROM commerce.{table} ORDER BY 1, 2, 3") for table in tables]
    marks = shop.rows("SELECT load_id, sequence, replay_id FROM ledger.rejects ORDER BY 1, 2")
    return [*rows, counts(shop), marks]


def counts(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows(f"{CURRENT_COUNTS} ORDER BY load_id")


def check_arithmetic(shop: Shop) -> None:
    assert shop.rows(
        "SELECT load_id FROM ledger.current_loads AS loads WHERE rejected <> (SELECT count(*) FROM ledger.rejects"
        " WHERE load_id = loads.load_id AND replay_id IS NULL)"
    ) == []  # fmt: skip
    assert shop.value("SELECT count(*) FROM ledger.loads WHERE rejected < 0 OR folded < 0") == 0


def test_a_mended_line_gets_the_number_that_was_kept_for_it(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "7")))
    assert (outcome.passed, outcome.failures) == (1, ())
    assert shop.rows(LINES) == [("1", 1, 1, "a", 0, 2), ("1", 2, 7, "b", 0, 3), ("1", 3, 1, "c", 0, 4)]
    assert counts(shop) == [("orders", 3, 1, 0, 0, 0, 0, 2), ("order_lines", 3, 3, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_an_order_that_was_rejected_as_a_whole_comes_back_as_a_whole(shop: Shop, tmp_path: Path) -> None:
    text = orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,2,5,b,B", "2,2025-03-03,EUR,paid,1,5,c,C", "1,,,,3,5,d,D")
    shop.deliver("orders.csv", text)
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02"))
    # The person sends back the first row alone: the order's others come with it.
    mended.write_bytes(b"".join(mended.read_bytes().splitlines(keepends=True)[:2]))
    assert again(shop, "order_lines", mended).passed == 3
    assert [row[:4] for row in shop.rows(LINES)] == [
        ("1", 1, 1, "a"),
        ("1", 2, 2, "b"),
        ("1", 3, 3, "d"),
        ("2", 1, 1, "c"),
    ]
    assert shop.rows("SELECT order_id, created_at::date, source_line FROM commerce.orders ORDER BY 1") == [
        ("1", dt.date(2025, 3, 2), 2),
        ("2", dt.date(2025, 3, 3), 4),
    ]
    assert counts(shop) == [("orders", 4, 2, 0, 0, 0, 0, 2), ("order_lines", 4, 4, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_an_order_stays_away_while_its_first_row_fails(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "2")))
    assert [(failure.line, failure.column) for failure in outcome.failures] == [(2, "created_at"), (3, "order_id")]
    assert shop.value("SELECT count(*) FROM commerce.orders") == 0
    check_arithmetic(shop)


def test_a_header_comes_back_though_its_own_line_fails_again(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,many,5,a,A", "1,,,,2,5,b,B"))
    shop.load("orders")
    outcome = again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02")))
    assert (outcome.passed, [failure.column for failure in outcome.failures]) == (1, ["quantity"])
    assert [row[:2] for row in shop.rows(LINES)] == [("1", 2)]
    check_arithmetic(shop)
    # The recorded text is the delivered one, so the date is to be mended once more.
    mended = mend(shop, "orders", tmp_path / "m.csv", ("many", "9"), ("yesterday", "2025-03-02"))
    assert again(shop, "orders", mended).passed == 1
    assert [row[:3] for row in shop.rows(LINES)] == [("1", 1, 9), ("1", 2, 2)]
    assert counts(shop) == [("orders", 2, 1, 0, 0, 0, 0, 1), ("order_lines", 2, 2, 0, 0, 0, 0, 0)]
    check_arithmetic(shop)


def test_a_line_that_had_no_order_comes_after_all_of_the_order_it_is_given(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", ",,,,2,5,b,B", "1,,,,many,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", (",,,,2,5,b", "1,,,,2,5,b"))
    assert again(shop, "orders", mended).passed == 1
    assert [row[1:4] for row in shop.rows(LINES)] == [(1, 1, "a"), (3, 2, "b")]
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "4"))).passed == 1
    assert [row[1:4] for row in shop.rows(LINES)] == [(1, 1, "a"), (2, 4, "c"), (3, 2, "b")]
    check_arithmetic(shop)


def test_a_line_of_a_loaded_order_cannot_move_to_another(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("1,,,,many", "2,2025-03-03,,,1"))
    outcome = again(shop, "orders", mended)
    assert [failure.code for failure in outcome.failures] == ["order_changed"]
    assert shop.value("SELECT count(*) FROM commerce.orders") == 1
    check_arithmetic(shop)


def test_a_line_keeps_its_number_over_parts(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders-1.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B"))
    shop.deliver("orders-2.csv", orders("1,,,,1,5,c,C", "1,,,,many,5,d,D"))
    shop.load("orders")
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "6"))).passed == 2
    assert [row[1:] for row in shop.rows(LINES)] == [
        (1, 1, "a", 0, 2),
        (2, 6, "b", 0, 3),
        (3, 1, "c", 1, 2),
        (4, 6, "d", 1, 3),
    ]


def test_recorded_texts_are_read_again_under_a_mended_profile(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("inventory.csv", "handle,location,available\nlamp,Port,none\nshade,Port,3\n")
    shop.load("inventory")
    profile = tmp_path / "erp.yaml"
    profile.write_text("datasets: {inventory: {null_words: [none]}}\n")
    assert again(shop, "inventory").passed == 0
    outcome = again(shop, "inventory", profile=str(profile))
    assert (outcome.passed, outcome.failures) == (1, ())
    assert shop.rows("SELECT variant_id, available, source_line FROM commerce.inventory ORDER BY 1") == [
        ("lamp", None, 2),
        ("shade", 3, 3),
    ]
    kept = shop.rows(
        "SELECT replayed_by, source, sha256, profile, tried, passed, failed FROM ledger.replays ORDER BY 1, 6"
    )
    assert kept == [("tester", "recorded", None, "", 1, 0, 1), ("tester", "recorded", None, "erp", 1, 1, 0)]
    check_arithmetic(shop)


def test_the_forms_that_the_whole_file_decided_hold_for_what_comes_back(shop: Shop, tmp_path: Path) -> None:
    header = "order_id;created_at;quantity;unit_price\n"
    shop.deliver("orders.csv", header + "1;31/01/2025;1;5,50\n2;04/03/2025;many;1.234,50\n")
    shop.load("orders")
    assert again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "2"))).passed == 1
    assert shop.value("SELECT unit_price FROM commerce.order_lines WHERE order_id = '2'") == Decimal("1234.5")
    assert shop.value("SELECT created_at::date FROM commerce.orders WHERE order_id = '2'") == dt.date(2025, 3, 4)


def test_an_older_rejected_row_does_not_overwrite_a_newer_one_and_a_newer_one_does(shop: Shop, tmp_path: Path) -> None:
    text = CATALOG + "lamp,,Old,a,cheap\nlamp,,New,a,2\nshade,,Old,b,1\nshade,,New,b,cheap\n"
    shop.deliver("catalog.csv", text)
    shop.load("catalog")
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "9")))
    assert outcome.passed == 2
    assert shop.rows("SELECT variant_id, title, price, source_line FROM commerce.catalog ORDER BY 1") == [
        ("lamp", "New", 2, 3),
        ("shade", "New", 9, 5),
    ]
    assert counts(shop) == [("catalog", 4, 2, 1, 0, 1, 0, 0)]
    check_arithmetic(shop)


def test_which_row_is_newer_is_told_by_the_current_delivery(shop: Shop, tmp_path: Path) -> None:
    filler = "".join(f"filler-{number},,F,f{number},1\n" for number in range(5))
    shop.deliver("catalog.csv", CATALOG + filler + "lamp,,Lamp,a,2\n")
    shop.load("catalog")
    # The same row now stands on line 2, before the rejected one; it is unchanged.
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,2\nlamp,,Newer,a,cheap\n" + filler)
    shop.load("catalog")
    again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "3")))
    assert shop.rows("SELECT title, price FROM commerce.catalog WHERE variant_id = 'lamp'") == [("Newer", 3)]
    check_arithmetic(shop)


def test_a_products_values_come_from_its_first_row_whether_loaded_or_rejected(shop: Shop, tmp_path: Path) -> None:
    text = CATALOG + "lamp,Small,Lamp,a,1\nlamp,Large,,b,cheap\nshade,Small,Shade,c,dear\nshade,Large,,d,cheap\n"
    shop.deliver("catalog.csv", text)
    shop.load("catalog")
    assert again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "2"))).passed == 2
    assert shop.rows("SELECT variant_id, title FROM commerce.catalog ORDER BY 1") == [
        ("lamp/Large", "Lamp"),
        ("lamp/Small", "Lamp"),
        ("shade/Large", "Shade"),
    ]


def test_a_second_replay_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,yesterday,EUR,paid,1,5,a,A", "1,,,,2,5,b,B", "2,2025-03-03,EUR,paid,x,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("yesterday", "2025-03-02"))
    assert again(shop, "orders", mended).passed == 2
    before = state(shop)
    second = again(shop, "orders", mended)
    assert (second.passed, second.back, len(second.failures)) == (0, 2, 1)
    assert again(shop, "orders").passed == 0
    assert state(shop) == before


def test_the_history_stays_and_says_who_when_and_from_what(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\nshade,,Shade,b,dear\n")
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    outcome = again(shop, "catalog", mended)
    assert shop.rows("SELECT sequence, code, raw, replay_id FROM ledger.rejects ORDER BY 1") == [
        (1, "not_a_number", "lamp,,Lamp,a,cheap", outcome.replay_id),
        (2, "not_a_number", "shade,,Shade,b,dear", None),
    ]
    (row,) = shop.rows("SELECT replayed_by, source, sha256, tried, passed, failed, counts FROM ledger.replays")
    assert row == ("tester", "m.csv", read_mended(mended).sha256, 2, 1, 1, {"catalog": {"rows_read": 1, "inserted": 1}})
    assert shop.rows("SELECT sequence, column_name, code FROM ledger.replay_failures") == [(2, "price", "not_a_number")]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    before = state(shop)
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1")), dry_run=True)
    assert (outcome.passed, outcome.replay_id) == (1, None)
    assert state(shop) == before
    assert shop.value("SELECT count(*) FROM ledger.replays") == 0


def test_only_the_current_load_takes_records_back(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    (first,) = shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,dear\n")
    (second,) = shop.load("catalog")
    with pytest.raises(UsageError, match=rf"no longer the current load.*load {second.load_id} is"):
        again(shop, "catalog", load_id=first.load_id)
    with pytest.raises(UsageError, match=f"exported from load {first.load_id}"):
        again(shop, "catalog", mended)


def test_a_load_that_failed_takes_nothing_back(shop: Shop) -> None:
    shop.settings(max_rejected_rows=0)
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    with pytest.raises(FileError):
        shop.load("catalog")
    with pytest.raises(UsageError, match="is failed"):
        again(shop, "catalog", load_id=shop.ledger()[-1]["load_id"])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="No catalog"):
        again(shop, "catalog")


def test_a_load_from_before_places_were_noted_is_refused(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.migrations SET applied_at = now() + interval '1 day' WHERE name = 'replays'")
    with pytest.raises(SetupError, match="--force"):
        again(shop, "catalog")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("longshore_sequence", "number"), "no export of rejects"),
        (("handle,", "grip,"), "other columns"),
        ((",1,price", ",77,price"), "rejected no record 77"),
        ((",1,price", ",one,price"), "longshore_sequence is no number"),
        (("apostrophe", "both"), "longshore_guard"),
        (("cheap,", "cheap,,"), "line 2: longshore_guard"),
        (("lamp,,Lamp", "lamp,,Lamp,,,,,,,,,,,,,,"), "line 2.*cells expected"),
    ],
)
def test_a_file_that_is_no_sound_export_is_refused_by_name(
    shop: Shop, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    before = state(shop)
    mended = mend(shop, "catalog", tmp_path / "m.csv", change)
    with pytest.raises((UsageError, FileError), match=message):
        again(shop, "catalog", mended)
    assert state(shop) == before


def test_a_mended_text_that_is_more_than_one_record_is_rejected_alone(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + 'lamp,,"Lamp"x,a,1\nshade,,Shade,b,dear\n')
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ('""Lamp""x,a,1', '""Lamp,a,1'), ("dear", "2"))
    outcome = again(shop, "catalog", mended)
    assert (outcome.passed, [(failure.line, failure.code) for failure in outcome.failures]) == (1, [(2, "quoting")])
    assert shop.rows("SELECT variant_id FROM commerce.catalog") == [("shade",)]


def test_a_record_that_did_not_fit_the_header_is_mended_as_text_or_in_its_cells(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp\nshade,,Shade,with,commas,b,2\n")
    shop.load("catalog")
    mended = mend(
        shop,
        "catalog",
        tmp_path / "m.csv",
        ("shade,,Shade,with,commas,b,2", 'shade,,""Shade,with,commas"",b,2'),
        ("lamp,,Lamp", "lamp,,Lamp,a,1"),
    )
    assert again(shop, "catalog", mended).passed == 2
    assert shop.rows("SELECT variant_id, title, price FROM commerce.catalog ORDER BY 1") == [
        ("lamp", "Lamp", 1),
        ("shade", "Shade,with,commas", 2),
    ]


def test_a_row_that_a_person_left_blank_stays_rejected(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("lamp,,Lamp,a,cheap", ",,,,"))
    assert again(shop, "catalog", mended).passed == 0
    check_arithmetic(shop)


def test_a_record_that_folds_now_is_no_reject_any_more(shop: Shop, tmp_path: Path) -> None:
    shop.deliver(
        "catalog.csv",
        "Handle,Title,Option1 Value,Variant SKU,Variant Price,Image Src\nlamp,Lamp,,a,1,\nlamp,,,,cheap,x\n",
    )
    shop.load("catalog")
    outcome = again(shop, "catalog", mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "")))
    assert outcome.passed == 1
    check_arithmetic(shop)


def test_what_was_computed_from_the_load_is_due_again(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,1\n")
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,a,A"))
    shop.load("catalog")
    shop.load("orders")
    coverage.compute(shop.connection, coverage.due(shop.connection))
    assert coverage.due(shop.connection) == []
    again(shop, "orders", mend(shop, "orders", tmp_path / "m.csv", ("many", "7")))
    assert coverage.due(shop.connection) == [shop.upload_id]
    coverage.compute(shop.connection, coverage.due(shop.connection))
    assert coverage.due(shop.connection) == []
    assert shop.value("SELECT DISTINCT quantity FROM commerce.coverage") == 8


def test_two_replays_at_once_bring_each_record_back_once(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "".join(f"lamp-{number},,L,s{number},cheap\n" for number in range(40)))
    shop.settings(max_rejected_percent=100)
    shop.load("catalog")
    mended = mend(shop, "catalog", tmp_path / "m.csv", ("cheap", "1"))
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: again(shop, "catalog", mended), range(2)))
    assert sorted(outcome.passed for outcome in outcomes) == [0, 40]
    check_arithmetic(shop)


def test_texts_live_as_long_as_their_store_says_and_the_rest_stays(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\nshade,,Shade,b,dear\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.rejects SET recorded_at = now() - interval '10 days' WHERE sequence = 1")
    kept = StoresFile(stores={STORE: StoreSettings(reject_days=11)}, defaults=StoreSettings(reject_days=1))
    assert (retention.expired(shop.connection, kept), retention.prune(shop.connection, kept)) == (0, 0)
    short = StoresFile(stores={STORE: StoreSettings(reject_days=9)})
    assert (retention.expired(shop.connection, short), retention.prune(shop.connection, short, limit=1)) == (1, 1)
    assert shop.rows("SELECT sequence, line, code, raw IS NULL FROM ledger.rejects ORDER BY 1") == [
        (1, 2, "not_a_number", True),
        (2, 3, "not_a_number", False),
    ]
    assert retention.prune(shop.connection, short) == 0
    path = tmp_path / "m.csv"
    done = export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset="catalog"), path)
    assert (done.rows, done.expired) == (1, 1)
    assert again(shop, "catalog").expired == 1
    shop.connection.execute("UPDATE ledger.rejects SET raw = NULL")
    with pytest.raises(UsageError, match="time to live"):
        export_rejects(shop.connection, Selection(store=STORE, day=DAY, dataset="catalog"), tmp_path / "n.csv")


def test_an_export_made_in_time_can_come_back_though_the_texts_are_gone(shop: Shop, tmp_path: Path) -> None:
    shop.deliver("orders.csv", orders("1,2025-03-03,EUR,paid,1,5,a,A", "1,,,,many,5,b,B", "1,,,,1,5,c,C"))
    shop.load("orders")
    mended = mend(shop, "orders", tmp_path / "m.csv", ("many", "7"))
    shop.connection.execute("UPDATE ledger.rejects SET raw = NULL")
    assert again(shop, "orders", mended).passed == 1
    assert [row[:3] for row in shop.rows(LINES)] == [("1", 1, 1), ("1", 2, 7), ("1", 3, 1)]


def test_closing_an_upload_empties_what_is_too_old(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "lamp,,Lamp,a,cheap\n")
    shop.load("catalog")
    shop.connection.execute("UPDATE ledger.rejects SET recorded_at = now() - interval '31 days'")
    close_upload(lambda: connect(shop.url), shop.open())
    assert shop.value("SELECT raw FROM ledger.rejects") is None


CELL = st.text(alphabet="ab1=+-@',;\"\n\té ", max_size=6)
ORDER_ROW = st.tuples(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["2025-03-03", "", "yesterday"]),
    st.sampled_from(["1", "many"]),
    CELL,
)


STOCK_ROW = st.tuples(
    st.sampled_from(["a", "b", ""]), st.sampled_from(["Port", ""]), st.sampled_from(["1", "2", "many"]), CELL
)


def written(header: str, rows: list[tuple[str, ...]]) -> str:
    cells = (",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) for row in rows)
    return "".join(f"{line}\n" for line in (header, *cells))


def sound(text: str) -> str:
    return text.replace("many", "7").replace("yesterday", "2025-03-03")


def check_round_trip(
    shop: Shop, path: Path, dataset: str, header: str, parts: list[list[tuple[str, ...]]], *tables: str
) -> None:
    """Export, mend and replay give the rows that loading the mended files gives, in the same places."""
    files = {f"{dataset}-{number}.csv": written(header, rows) for number, rows in enumerate(parts)}
    states = []
    for change in (str, sound):
        for name, text in files.items():
            shop.deliver(name, change(text))
        shop.load(dataset, force=True, accept=True)
        if change is str and shop.ledger()[-1]["rejected"]:
            mend(shop, dataset, path)
            mended = path.with_name("sound.csv")
            mended.write_bytes(sound(path.read_bytes().decode()).encode())
            again(shop, dataset, mended)
        check_arithmetic(shop)
        states.append([shop.rows(f"{table} WHERE upload_id = %s ORDER BY 1, 2", shop.upload_id) for table in tables])
    assert states[0] == states[1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ORDER_ROW, min_size=1, max_size=7), parts=st.integers(1, 2))
def test_mended_order_lines_are_those_of_a_mended_file(
    shop: Shop, tmp_path: Path, rows: list[tuple[str, ...]], parts: int
) -> None:
    shop.settings(max_rejected_percent=100)
    check_round_trip(
        shop,
        tmp_path / "m.csv",
        "orders",
        "order_id,created_at,quantity,line_name,unit_price",
        [[(*row, "5") for row in rows[part::parts]] for part in range(parts)],
        "SELECT order_id, line_no, quantity, line_name, source_part, source_line FROM commerce.order_lines",
        "SELECT order_id, created_at, source_part, source_line FROM commerce.orders",
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(STOCK_ROW, min_size=1, max_size=7))
def test_mended_stock_is_that_of_a_mended_file(shop: Shop, tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    shop.settings(max_rejected_percent=100)
    check_round_trip(
        shop,
        tmp_path / "m.csv",
        "inventory",
        "handle,location,available,title",
        [rows],
        "SELECT variant_id, location, available, title, source_line FROM commerce.inventory",
    )

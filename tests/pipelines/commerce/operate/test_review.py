from __future__ import annotations

from collections.abc import Callable

import pytest

from include.errors import FileError, HeldError, UsageError
from include.ledger.attempts import resolve, states
from include.pipelines.commerce.delivery.load_delivery import Outcome, Request, load_delivery, locate
from include.pipelines.commerce.operate.review import Review, accept, review
from include.postgres.session import connect
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

NAME = f"{STORE}/{DAY}"
HEADER = "handle,title,price\n"


def catalog(rows: int, price: str = "1") -> str:
    return HEADER + "".join(f"lamp-{number},Lamp,{price}\n" for number in range(rows))


def look(shop: Shop, name: str = NAME) -> Review:
    return review(lambda: connect(shop.url), name, shop.stores)


def let_through(shop: Shop, name: str = NAME, **options: object) -> Outcome:
    return accept(lambda: connect(shop.url), name, shop.stores, accepted_by="operator", **options)  # type: ignore[arg-type]


def statuses(shop: Shop) -> dict[str, str]:
    (upload,) = states(shop.connection)
    return {name: attempt.status.value for name, attempt in upload.attempts.items()}


@pytest.fixture
def held(shop: Shop) -> Shop:
    """100 rows of a catalog are loaded; 40 of them, and one that is no price, are held."""
    shop.deliver("catalog.csv", catalog(100))
    shop.load("catalog")
    shop.deliver("catalog.csv", catalog(40, "2") + "lamp-40,Lamp,dear\n")
    with pytest.raises(HeldError):
        shop.load("catalog")
    return shop


def test_what_is_held_stands_beside_the_current_load_and_nothing_changes(held: Shop) -> None:
    before = held.ledger()
    (table,) = look(held).tables
    assert (table.rows_now, table.rows_then, table.same_bytes) == (100, 40, True)
    assert table.would is not None
    counts = table.would.counts
    assert (counts.updated, counts.deleted, counts.rejected, counts.rows_read) == (40, 60, 1, 41)
    assert table.would.reasons == {"not_a_number": 1}
    assert table.attempt.result.status is Status.HELD
    assert table.current is not None
    assert table.current.result.counts.inserted == 100
    assert held.ledger() == before
    assert held.value("SELECT count(*) FROM ledger.runs") == 2, "the dry run leaves no run behind"
    assert held.value("SELECT count(*) FROM commerce.catalog WHERE price = 1") == 100


def test_letting_it_through_loads_it_and_notes_who_and_when(held: Shop) -> None:
    (result,) = let_through(held).results
    assert (result.status, result.counts.deleted) == (Status.LOADED, 60)
    row = held.ledger()[-1]
    assert (row["accepted_by"], row["status"]) == ("operator", "loaded")
    assert row["recorded_at"] > held.ledger()[-2]["recorded_at"]
    assert held.value("SELECT count(*) FROM commerce.catalog") == 40
    assert statuses(held) == {"catalog": "loaded"}
    assert held.value("SELECT closed_at IS NOT NULL FROM commerce.uploads")


def test_what_was_let_through_is_not_held_any_more(held: Shop) -> None:
    let_through(held)
    with pytest.raises(UsageError, match=r"Nothing of harbour 2025-03-03 is held: catalog loaded"):
        let_through(held)


def test_only_what_is_held_is_loaded_and_only_the_dataset_that_was_asked_for(held: Shop) -> None:
    held.deliver("inventory.csv", "")
    held.deliver("variants.csv", "handle,title\nlamp,Lamp\n")
    with pytest.raises(HeldError):
        held.load("inventory")
    held.load("variants")
    outcome = let_through(held, dataset="inventory")
    assert [result.dataset for result in outcome.results] == ["inventory"]
    assert statuses(held) == {"catalog": "held", "inventory": "loaded", "variants": "loaded"}
    with pytest.raises(UsageError, match=r"variants of harbour 2025-03-03 is not held"):
        let_through(held, dataset="variants")
    assert [result.dataset for result in let_through(held).results] == ["catalog"]


def change_it(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(30))


def add_a_part(shop: Shop) -> None:
    shop.deliver("catalog-2.csv", catalog(1))


@pytest.mark.parametrize(
    ("what", "said", "rows"),
    [(change_it, r"changed: catalog\.csv", 30), (add_a_part, r"new: catalog-2\.csv", 40)],
)
def test_other_bytes_than_those_that_were_held_are_refused_unless_forced(
    held: Shop, what: Callable[[Shop], None], said: str, rows: int
) -> None:
    what(held)
    assert look(held).tables[0].same_bytes is False
    with pytest.raises(HeldError, match=rf"no longer those that were held \({said}\).*--force"):
        let_through(held)
    assert held.value("SELECT count(*) FROM commerce.catalog") == 100
    assert statuses(held) == {"catalog": "held"}
    let_through(held, force=True)
    assert held.value("SELECT count(*) FROM commerce.catalog") == rows


def test_files_that_are_gone_are_said_and_change_nothing(held: Shop) -> None:
    (held.landing / STORE / DAY.isoformat() / "catalog.csv").unlink()
    assert "not there any more" in look(held).remark
    with pytest.raises(FileError, match=r"not there any more.*load commerce FOLDER --accept"):
        let_through(held)


def test_an_upload_that_an_earlier_version_opened_says_how_to_load_it(held: Shop) -> None:
    held.connection.execute("UPDATE commerce.uploads SET url = NULL")
    with pytest.raises(FileError, match="does not know where"):
        let_through(held)
    assert "does not know where" in look(held).remark


def test_a_file_of_any_name_that_was_held_is_let_through_from_where_it_lies(shop: Shop) -> None:
    file = shop.deliver("export of monday.csv", "")
    request = Request(str(file), dataset="catalog")
    held = load_delivery(lambda: connect(shop.url), locate(request, shop.stores), request, shop.stores)
    assert [result.status for result in held.results] == [Status.HELD]
    assert [result.status for result in let_through(shop).results] == [Status.LOADED]


def test_orders_over_their_budget_are_shown_and_let_through_with_their_lines(shop: Shop) -> None:
    shop.settings(over_budget="hold")
    lines = "".join(f"{n},2025-03-03,{'x' if n < 9 else 1},5\n" for n in range(100))
    shop.deliver("orders.csv", "order_id,created_at,quantity,unit_price\n" + lines)
    with pytest.raises(HeldError):
        shop.load("orders")
    header, order_lines = look(shop).tables
    assert (header.dataset, header.rows_then) == ("orders", 100)
    assert (order_lines.dataset, order_lines.rows_then) == ("order_lines", 91)
    assert order_lines.would is not None
    assert order_lines.would.reasons == {"not_an_integer": 9}
    assert [result.counts.rejected for result in let_through(shop).results] == [0, 9]


def test_a_failed_attempt_is_tried_too_and_says_whether_it_would_load_now(shop: Shop) -> None:
    shop.deliver("catalog.csv", "no,such\n1,2\n")
    with pytest.raises(FileError):
        shop.load("catalog")
    (table,) = look(shop).tables
    assert table.would is not None
    assert (table.would.status, table.rows_then) == (Status.FAILED, None)
    shop.deliver("catalog.csv", catalog(2))
    (table,) = look(shop).tables
    assert (table.rows_then, table.same_bytes) == (2, False)


def test_what_waits_for_nobody_is_not_read_again(shop: Shop) -> None:
    shop.deliver("catalog.csv", catalog(2))
    shop.load("catalog")
    (table,) = look(shop).tables
    assert (table.would, table.same_bytes, table.rows_now, table.rows_then) == (None, None, 2, None)


def test_an_upload_goes_by_its_id_the_first_signs_of_it_or_store_and_day(held: Shop) -> None:
    for name in (held.upload_id, held.upload_id.upper(), held.upload_id[:6], NAME, f"{NAME}/"):
        assert resolve(held.connection, name).upload_id == held.upload_id


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("0000", "no upload '0000'"),
        ("harbour/2025-03-04", "no upload"),
        ("harbour/monday", "no day"),
        ("abc", "at least the first 4 signs"),
        ("harbour", "STORE/YYYY-MM-DD"),
    ],
)
def test_a_name_that_means_nothing_says_what_names_there_are(held: Shop, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        resolve(held.connection, name)


def test_a_prefix_that_means_several_uploads_names_them(shop: Shop) -> None:
    for number, store in enumerate(("north", "south")):
        shop.connection.execute(
            "INSERT INTO commerce.uploads (upload_id, store, day) VALUES (%s, %s, '2025-03-03')",
            [f"abcd0000-0000-5000-8000-00000000000{number}", store],
        )
    with pytest.raises(UsageError, match=r"abcd0000.*north/2025-03-03.*south/2025-03-03"):
        resolve(shop.connection, "abcd")


def test_what_was_delivered_again_and_loaded_is_not_listed_as_held(held: Shop) -> None:
    assert [upload.names(Status.HELD) for upload in states(held.connection, held=True)] == [("catalog",)]
    held.deliver("catalog.csv", catalog(100))
    held.load("catalog")
    assert states(held.connection, held=True) == []
    assert [upload.rows for upload in states(held.connection)] == [100]


def test_bytes_that_were_held_though_they_are_loaded_leave_a_name_too(shop: Shop) -> None:
    shop.deliver("catalog.csv", "")
    shop.load("catalog", accept=True, accepted_by="somebody else")
    with pytest.raises(HeldError):
        shop.load("catalog", force=True)
    let_through(shop)
    assert shop.ledger()[-1]["accepted_by"] == "operator"

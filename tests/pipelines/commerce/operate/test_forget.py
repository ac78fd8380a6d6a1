from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid

import pytest

from include.errors import UsageError
from include.pipelines.commerce.coverage import compute as coverage
from include.pipelines.commerce.delivery.extract import brings_news
from include.pipelines.commerce.delivery.upload_id import Delivery, lock_name, upload_id
from include.pipelines.commerce.operate import forget
from include.postgres.session import connect, lock
from include.results import Status
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

CATALOG = "variant_id,title,sku,price\n"
ORDERS = "order_id,created_at,currency,quantity,unit_price,sku,email\n"
NEXT_DAY = DAY + dt.timedelta(days=1)


def _with_addresses(shop: Shop) -> str:
    """A profile that asks for the column, which is not loaded otherwise."""
    profile = shop.landing / "mail.yaml"
    profile.write_text("name: mail\ndatasets:\n  orders:\n    personal: [email]\n", encoding="utf-8")
    return str(profile)


def deliver(shop: Shop, day: dt.date, prefix: str, email: str = "ann@example.com") -> None:
    """A catalog with a reject, and two orders, the second one without a sound quantity."""
    shop.deliver("catalog.csv", f"{CATALOG}{prefix}1,Lamp,L-1,9.50\n{prefix}2,Shade,L-2,dear\n", day)
    orders = f"{prefix}1,2025-03-03 08:00,EUR,1,9.50,L-1,{email}\n{prefix}2,2025-03-03 09:00,EUR,two,1.00,L-1,{email}\n"
    shop.deliver("orders.csv", ORDERS + orders, day)
    shop.load("catalog", day)
    shop.load("orders", day, profile=_with_addresses(shop))


@pytest.fixture
def two_days(shop: Shop) -> Shop:
    """Two uploads with coverage; the later one has no catalog of its own."""
    shop.settings(max_rejected_percent=100)
    deliver(shop, DAY, "a")
    shop.deliver("orders.csv", f"{ORDERS}b1,2025-03-04 08:00,EUR,1,9.50,L-1,bob@example.com\n", NEXT_DAY)
    shop.load("orders", NEXT_DAY, profile=_with_addresses(shop))
    coverage.compute(shop.connection, coverage.due(shop.connection))
    return shop


def forget_all(shop: Shop, **selection: object) -> list[forget.Forgetting]:
    found = forget.find_uploads(shop.connection, forget.Selection(**selection))  # type: ignore[arg-type]
    return forget.forget_uploads(lambda: connect(shop.url), [one.subject for one in found], "somebody")


def forget_person(shop: Shop, address: str) -> list[forget.Forgetting]:
    pattern = forget.address_pattern(address)
    found = forget.find_person(shop.connection, pattern)
    return forget.forget_person(lambda: connect(shop.url), [one.subject for one in found], pattern, "somebody")


def test_every_table_with_rows_of_uploads_is_emptied(shop: Shop) -> None:
    rows = shop.rows(
        "SELECT c.table_name FROM information_schema.columns AS c JOIN information_schema.tables AS t"
        " USING (table_schema, table_name) WHERE c.table_schema = 'commerce' AND c.column_name = 'upload_id'"
        " AND t.table_type = 'BASE TABLE' AND c.table_name <> 'uploads'"
    )
    assert {row[0] for row in rows} == set(forget.TABLES), "add the new table to commerce/operate/forget.py"


def test_rows_coverage_and_rejects_texts_go_and_an_event_says_who_did_it(two_days: Shop) -> None:
    (done,) = forget_all(two_days, upload_id=two_days.upload_id)
    assert done.rows == {
        **{"catalog": 1, "inventory": 0, "variants": 0, "orders": 2, "order_lines": 1},
        **{"bundles": 0, "coverage": 3, "reject texts": 2},
    }
    for table in forget.TABLES:
        assert two_days.value(f"SELECT count(*) FROM commerce.{table} WHERE upload_id = %s", two_days.upload_id) == 0
    assert two_days.value("SELECT count(raw) FROM ledger.rejects") == 0
    assert two_days.value("SELECT count(reason) FROM ledger.rejects") == 2, "line, column and reason stay"
    (event,) = two_days.rows("SELECT kind, upload_id, store, day, actor, rows FROM ledger.events")
    assert event == ("upload forgotten", uuid.UUID(two_days.upload_id), STORE, DAY, "somebody", done.rows)


def test_what_would_go_is_what_then_goes(two_days: Shop) -> None:
    (would,) = forget.find_uploads(two_days.connection, forget.Selection(upload_id=two_days.upload_id))
    assert two_days.value("SELECT count(*) FROM commerce.catalog") == 1, "a look changes nothing"
    (done,) = forget_all(two_days, upload_id=two_days.upload_id)
    assert done == would


def test_the_views_show_the_newest_upload_that_is_left(shop: Shop) -> None:
    shop.settings(max_rejected_percent=100)
    deliver(shop, DAY, "a")
    deliver(shop, NEXT_DAY, "b")
    forget_all(shop, upload_id=upload_id(STORE, NEXT_DAY))
    assert shop.rows("SELECT day, variant_id FROM commerce.current_catalog") == [(DAY, "a1")]
    assert shop.rows("SELECT day, order_id FROM commerce.current_orders") == [(DAY, "a1"), (DAY, "a2")]


def test_later_uploads_that_were_compared_with_it_are_due_and_know_nothing_afterwards(two_days: Shop) -> None:
    later = upload_id(STORE, NEXT_DAY)
    assert coverage.due(two_days.connection) == []
    forget_all(two_days, upload_id=two_days.upload_id)
    assert coverage.due(two_days.connection) == [later], "the forgotten one itself is not wanted any more"
    coverage.compute(two_days.connection, [later])
    figures = "SELECT reference_upload_id, matched FROM commerce.coverage WHERE upload_id = %s AND dataset = 'catalog'"
    assert two_days.rows(figures, later) == [(None, None)]
    assert coverage.due(two_days.connection) == []


def test_what_was_forgotten_is_not_found_again(two_days: Shop) -> None:
    forget_all(two_days, upload_id=two_days.upload_id)
    assert forget.find_uploads(two_days.connection, forget.Selection(upload_id=two_days.upload_id)) == []
    assert forget_all(two_days, upload_id=two_days.upload_id) == []
    assert two_days.value("SELECT count(*) FROM ledger.events") == 1


@pytest.mark.parametrize(
    ("selection", "days"),
    [
        ({}, [DAY, NEXT_DAY]),
        ({"store": STORE}, [DAY, NEXT_DAY]),
        ({"store": "other"}, []),
        ({"before": NEXT_DAY}, [DAY]),
        ({"before": DAY}, []),
        ({"store": STORE, "before": NEXT_DAY}, [DAY]),
    ],
)
def test_uploads_are_found_by_store_and_age(two_days: Shop, selection: dict[str, object], days: list[dt.date]) -> None:
    found = forget.find_uploads(two_days.connection, forget.Selection(**selection))  # type: ignore[arg-type]
    assert [one.subject.day for one in found] == days


def test_a_held_and_a_failed_delivery_are_forgotten_with_their_texts(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG + "v1,Lamp,L-1,dear\n" * 120)
    with pytest.raises(Exception, match="rejected"):
        shop.load("catalog")
    (done,) = forget_all(shop, store=STORE)
    assert done.rows["reject texts"] == 120
    assert [row["status"] for row in shop.ledger()] == ["forgotten"]


def test_forgotten_bytes_are_no_news_for_a_scheduled_run_and_load_when_a_person_asks(two_days: Shop) -> None:
    forget_all(two_days, upload_id=two_days.upload_id)
    delivery = Delivery(STORE, DAY, str(two_days.landing / STORE / DAY.isoformat()))
    assert not brings_news(two_days.connection, delivery, two_days.stores)
    (result,) = two_days.load("catalog")
    assert (result.status, result.counts.inserted) == (Status.LOADED, 1)
    assert two_days.value("SELECT count(*) FROM commerce.current_catalog") == 1


def test_other_bytes_in_the_place_of_forgotten_ones_are_news(two_days: Shop) -> None:
    forget_all(two_days, upload_id=two_days.upload_id)
    two_days.deliver("catalog.csv", CATALOG + "v9,Lamp,L-1,1\n")
    assert brings_news(
        two_days.connection, Delivery(STORE, DAY, str(two_days.landing / STORE / DAY.isoformat())), two_days.stores
    )


def test_it_waits_for_a_load_of_the_same_upload(two_days: Shop) -> None:
    with connect(two_days.url) as other:
        with other.transaction():
            lock(other, lock_name(two_days.upload_id, "orders"))
            thread = threading.Thread(target=forget_all, args=[two_days], kwargs={"upload_id": two_days.upload_id})
            thread.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not other.execute(waiting).fetchone()[0]:  # type: ignore[index] # bounded by the test's timeout
                thread.join(0.02)
                assert thread.is_alive(), "it did not wait"
            assert other.execute("SELECT count(*) FROM commerce.catalog").fetchone() == (1,)
        thread.join(30)
        assert other.execute("SELECT count(*) FROM commerce.catalog").fetchone() == (0,)


def test_an_upload_that_cannot_be_forgotten_wholly_is_left_wholly(two_days: Shop) -> None:
    two_days.connection.execute("DROP TABLE ledger.events")
    with pytest.raises(Exception, match="events"):
        forget_all(two_days, upload_id=two_days.upload_id)
    assert two_days.value("SELECT count(*) FROM commerce.catalog") == 1
    assert "forgotten" not in {row["status"] for row in two_days.ledger()}


def test_a_persons_address_goes_out_of_orders_and_the_whole_text_out_of_rejects(two_days: Shop) -> None:
    (done,) = forget_person(two_days, " Ann@Example.com ")
    assert done.rows == {"orders": 2, "reject texts": 1}
    rows = two_days.rows("SELECT order_id, email, (SELECT count(*) FROM commerce.order_lines) FROM commerce.orders")
    assert sorted(rows) == [("a1", None, 2), ("a2", None, 2), ("b1", "bob@example.com", 2)]
    assert two_days.rows("SELECT raw ~ 'ann@' FROM ledger.rejects WHERE raw IS NOT NULL") == [(False,)]
    assert forget_person(two_days, "ann@example.com") == []


def test_the_address_is_neither_logged_nor_stored(two_days: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        forget_person(two_days, "ann@example.com")
    assert "person-forgotten" in caplog.text
    assert "ann@" not in caplog.text
    dumped = two_days.rows(
        "SELECT to_jsonb(events)::text FROM ledger.events UNION ALL SELECT to_jsonb(loads)::text FROM ledger.loads"
        " UNION ALL SELECT to_jsonb(rejects)::text FROM ledger.rejects"
    )
    assert not any("ann@" in row[0] for row in dumped)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("ann@example.com", True),
        ('1,"Ann <ANN@example.com>",2', True),
        ("write to ann@example.com.", True),
        ("joann@example.com", False),
        ("j.ann@example.com", False),
        ("ann@example.com.au", False),
        ("ann@example.community", False),
        ("annxexample.com", False),
        ("ann@examplexcom", False),
    ],
)
def test_an_address_is_found_by_itself_and_not_within_a_longer_one(shop: Shop, text: str, held: bool) -> None:
    assert shop.value("SELECT lower(%s) ~ %s", text, forget.address_pattern("ann@example.com")) is held


@pytest.mark.parametrize("text", ["", "ann", "@example.com", "ann@", "a b@example.com", "a@b@c"])
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        forget.address_pattern(text)
    assert len(text) < 2 or text not in str(refused.value)

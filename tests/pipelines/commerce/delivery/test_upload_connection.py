"""An upload of several datasets goes over one connection, and over another one where that is lost."""

from __future__ import annotations

from psycopg import Connection
from psycopg.rows import TupleRow

from include.pipelines.commerce.delivery.load_delivery import Outcome, Request, load_delivery, locate
from include.postgres.session import connect
from include.results import Status
from tests.breaking_proxy import BreakingProxy
from tests.pipelines.commerce.conftest import DAY, STORE, Shop

CATALOG = "variant_id,title\n1,Lamp\n"
INVENTORY = "variant_id,available\n1,5\n"


def load(shop: Shop, url: str) -> tuple[Outcome, list[Connection[TupleRow]]]:
    opened: list[Connection[TupleRow]] = []

    def remembered() -> Connection[TupleRow]:
        opened.append(connect(url))
        return opened[-1]

    request = Request(str(shop.landing / STORE / DAY.isoformat()))
    outcome = load_delivery(remembered, locate(request, shop.stores), request, shop.stores)
    assert all(connection.closed for connection in opened)
    return outcome, opened


def states(outcome: Outcome) -> dict[str, Status]:
    return {result.dataset: result.status for result in outcome.results if result.status is not Status.SKIPPED}


def test_all_datasets_go_over_one_connection(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG)
    shop.deliver("inventory.csv", INVENTORY)
    outcome, opened = load(shop, shop.url)
    assert states(outcome) == {"catalog": Status.LOADED, "inventory": Status.LOADED}
    assert len(opened) == 1


def test_a_dataset_that_fails_leaves_the_next_one_a_connection_without_its_transaction(shop: Shop) -> None:
    shop.deliver("catalog.csv", 'Handle,Title\nlamp,"Lamp\n')
    shop.deliver("inventory.csv", INVENTORY)
    outcome, _ = load(shop, shop.url)
    assert states(outcome) == {"catalog": Status.FAILED, "inventory": Status.LOADED}
    assert shop.value("SELECT count(*) FROM commerce.uploads WHERE closed_at IS NOT NULL") == 1


def test_a_commit_that_was_not_heard_of_is_asked_about_over_another_connection(shop: Shop) -> None:
    shop.deliver("catalog.csv", CATALOG)
    shop.deliver("inventory.csv", INVENTORY)
    with BreakingProxy(shop.url) as proxy:
        proxy.cut_at_commit()
        outcome, opened = load(shop, proxy.url)
    assert proxy.cuts == 1
    assert states(outcome) == {"catalog": Status.UNCHANGED, "inventory": Status.LOADED}
    assert shop.value("SELECT count(*) FROM commerce.catalog") == 1
    assert len(opened) == 2

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.dags.conftest import DAY, STORES, Run

SUCCESS, FAILED, SKIPPED, HELD_BACK = "success", "failed", "skipped", "upstream_failed"
BROKEN = 'Handle,Title,Variant Price\nlamp,"Lamp,9.00\n'


def loads(connection: Connection[Any], store: str) -> dict[str, str]:
    """The ledger's last word on each dataset of a store."""
    return dict(
        connection.execute(
            "SELECT DISTINCT ON (dataset) dataset, status FROM ledger.loads WHERE store = %s"
            " ORDER BY dataset, load_id DESC",
            [store],
        ).fetchall()
    )


def test_three_stores_are_loaded_by_one_run(run: Run, connection: Connection[Any]) -> None:
    outcome = run(from_=DAY, until=DAY)
    assert outcome.state == SUCCESS
    assert [delivery["store"] for delivery in outcome.xcoms["discover", ""]] == list(STORES)
    assert loads(connection, "tiny-teas") == dict.fromkeys(
        ("catalog", "inventory", "order_lines", "orders", "variants"), "loaded"
    )
    tables = connection.execute(
        "SELECT (SELECT count(DISTINCT upload_id) FROM commerce.catalog), (SELECT count(*) FROM commerce.uploads WHERE"
        " closed_at IS NOT NULL)"
    ).fetchone()
    assert tables == (3, 3)


def test_a_dataset_that_was_not_delivered_is_skipped_and_the_run_stays_green(run: Run) -> None:
    outcome = run(from_=DAY, until=DAY, store="harbour-books")
    assert outcome.of("harbour-books") == {
        "open": SUCCESS,
        "catalog": SUCCESS,
        "inventory": SUCCESS,
        "orders": SUCCESS,
        "variants": SKIPPED,
        "close": SUCCESS,
    }
    assert outcome.state == SUCCESS


def test_one_store_with_a_broken_file_stops_no_other_store_and_the_run_is_red(
    run: Run, landing: Path, connection: Connection[Any]
) -> None:
    (landing / "nordic-lamps" / DAY / "catalog.csv").write_text(BROKEN)
    outcome = run(from_=DAY, until=DAY)
    assert outcome.of("nordic-lamps") == {
        "open": SUCCESS,
        "catalog": FAILED,
        "inventory": SUCCESS,
        "orders": HELD_BACK,
        "variants": HELD_BACK,
        "close": FAILED,
    }
    assert {outcome.of(store)["close"] for store in ("harbour-books", "tiny-teas")} == {SUCCESS}
    assert loads(connection, "nordic-lamps") == {"catalog": "failed", "inventory": "loaded"}
    assert outcome.state == FAILED


def test_a_failure_of_the_last_datasets_is_not_hidden_by_close(run: Run, landing: Path) -> None:
    (landing / "nordic-lamps" / DAY / "orders.csv").write_text(BROKEN)
    outcome = run(from_=DAY, until=DAY, store="nordic-lamps")
    assert (outcome.of("nordic-lamps")["orders"], outcome.of("nordic-lamps")["close"]) == (FAILED, FAILED)
    assert outcome.xcoms["close", "nordic-lamps"]["failed"] == ["order_lines", "orders"]
    assert outcome.state == FAILED


def test_an_upload_that_could_not_be_opened_makes_the_run_red(run: Run, landing: Path) -> None:
    outcome = run(folder=str(landing / "tiny-teas" / "2025-03-09"))
    assert outcome.of("tiny-teas") == {
        "open": FAILED,
        "catalog": HELD_BACK,
        "inventory": HELD_BACK,
        "orders": HELD_BACK,
        "variants": HELD_BACK,
        "close": FAILED,
    }
    assert outcome.state == FAILED


def test_a_task_that_died_without_a_word_to_the_ledger_makes_the_run_red(run: Run, connection: Connection[Any]) -> None:
    connection.execute("ALTER TABLE ledger.rejects RENAME TO away")
    connection.execute("ALTER TABLE ledger.loads RENAME TO loads_of_before")
    connection.execute("CREATE VIEW ledger.loads AS SELECT * FROM ledger.loads_of_before")
    connection.execute("CREATE RULE nothing AS ON INSERT TO ledger.loads DO INSTEAD NOTHING")
    outcome = run(from_=DAY, until=DAY, store="nordic-lamps")
    assert outcome.xcoms["close", "nordic-lamps"]["stopped"] == [
        f"upload.{name}.load" for name in ("catalog", "inventory", "orders", "variants")
    ]
    assert outcome.state == FAILED


def test_a_held_dataset_leaves_the_rest_loaded_and_the_run_red_until_a_person_lets_it_through(
    run: Run, landing: Path, connection: Connection[Any]
) -> None:
    (landing / "tiny-teas" / DAY / "inventory.csv").write_bytes(b"")
    held = run(from_=DAY, until=DAY, store="tiny-teas")
    assert held.of("tiny-teas") == {
        "open": SUCCESS,
        "catalog": SUCCESS,
        "inventory": SKIPPED,
        "orders": SUCCESS,
        "variants": SUCCESS,
        "close": FAILED,
    }
    assert held.state == FAILED
    assert held.xcoms["close", "tiny-teas"]["held"] == ["inventory"]

    accepted = run(from_=DAY, until=DAY, store="tiny-teas", accept=True)
    assert accepted.state == SUCCESS
    by = connection.execute("SELECT accepted_by FROM ledger.loads WHERE accepted_by IS NOT NULL").fetchall()
    assert ("dag_test",) in by


def test_what_a_person_lets_through_from_the_command_line_is_green_in_the_next_run(
    run: Run, landing: Path, tmp_path: Path, environment: Callable[..., None], migrated_database: str
) -> None:
    from include.pipelines.commerce.operate.review import accept
    from include.postgres.session import connect
    from include.settings import read_stores

    stores = tmp_path / "stores.yaml"
    stores.write_text("stores: {tiny-teas: {over_budget: hold, max_rejected_rows: 0}}")
    environment(LONGSHORE_STORES_FILE=str(stores))
    with (landing / "tiny-teas" / DAY / "inventory.csv").open("a") as file:
        file.write("one cell\n")
    held = run(from_=DAY, until=DAY)
    assert (held.of("tiny-teas")["inventory"], held.of("tiny-teas")["orders"]) == (SKIPPED, SUCCESS)
    assert {held.of(store)["close"] for store in ("harbour-books", "nordic-lamps")} == {SUCCESS}
    assert held.state == FAILED

    outcome = accept(lambda: connect(migrated_database), f"tiny-teas/{DAY}", read_stores(stores), accepted_by="ada")
    assert [(result.dataset, result.counts.rejected) for result in outcome.results] == [("inventory", 1)]
    assert run(from_=DAY, until=DAY).state == SUCCESS


def test_a_second_run_of_the_same_bytes_changes_nothing_and_force_loads_them_again(
    run: Run, connection: Connection[Any]
) -> None:
    statuses = []
    for force in (False, False, True):
        outcome = run(from_=DAY, until=DAY, store="harbour-books", force=force)
        statuses.append({result["status"] for result in outcome.xcoms["orders", "harbour-books"]})
    assert statuses == [{"loaded"}, {"unchanged"}, {"loaded"}]
    assert connection.execute("SELECT count(*) FROM commerce.uploads").fetchone() == (1,)


def test_a_run_that_nobody_gave_days_takes_what_is_new_of_the_week_before(
    run: Run, landing: Path, connection: Connection[Any]
) -> None:
    # Runs of these tests are made on 2030-01-01.
    (landing / "tiny-teas" / DAY).rename(landing / "tiny-teas" / "2029-12-27")
    (landing / "harbour-books" / DAY).rename(landing / "harbour-books" / "2029-12-20")
    first, second = run(), run()
    assert [(found["store"], found["day"]) for found in first.xcoms["discover", ""]] == [("tiny-teas", "2029-12-27")]
    assert second.xcoms["discover", ""] == []


def test_a_run_for_more_uploads_than_airflow_maps_fails_early_and_says_to_narrow_it(
    run: Run, tmp_path: Path, environment: Callable[..., None]
) -> None:
    many = tmp_path / "many"
    for number in range(1025):
        (many / f"store-{number}" / DAY).mkdir(parents=True)
    environment(LONGSHORE_LANDING=str(many))
    outcome = run(from_=DAY, until=DAY)
    assert outcome.of("")["discover"] == FAILED
    assert outcome.state == FAILED


def test_the_first_run_brings_an_empty_database_to_the_newest_schema(
    run: Run, database: str, environment: Callable[..., None]
) -> None:
    environment(AIRFLOW_CONN_LONGSHORE_POSTGRES=database)
    assert run(from_=DAY, until=DAY, store="harbour-books").state == SUCCESS


def test_close_tells_the_asset_which_upload_it_was_and_keeps_silent_where_it_is_partial(
    run: Run, landing: Path
) -> None:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    (landing / "nordic-lamps" / DAY / "catalog.csv").write_text(BROKEN)
    outcome = run(from_=DAY, until=DAY)
    with create_session() as session:
        events = session.query(AssetEvent).filter_by(source_run_id=outcome.run_id).all()
        told = sorted((event.extra["store"], event.extra["day"]) for event in events)
    assert told == [("harbour-books", DAY), ("tiny-teas", DAY)]


def test_one_folder_is_loaded_wherever_it_lies(
    run: Run, landing: Path, tmp_path: Path, connection: Connection[Any]
) -> None:
    folder = tmp_path / "elsewhere"
    (landing / "tiny-teas" / DAY).rename(folder)
    outcome = run(folder=str(folder), store="corner-shop", from_="2025-02-01")
    assert outcome.state == SUCCESS
    assert connection.execute("SELECT store, day::text FROM commerce.uploads").fetchall() == [
        ("corner-shop", "2025-02-01")
    ]


def test_days_without_a_delivery_make_a_green_run_that_loads_nothing(run: Run) -> None:
    outcome = run(from_="2024-01-01", until="2024-01-31")
    assert outcome.state == SUCCESS
    assert outcome.xcoms["discover", ""] == []


def test_the_name_of_an_instance_is_its_store_and_day_and_its_link_leads_to_close(run: Run) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    outcome = run(from_=DAY, until=DAY, store="harbour-books")
    with create_session() as session:
        instances = session.query(TaskInstance).filter_by(run_id=outcome.run_id).all()
        names = {instance.rendered_map_index for instance in instances if instance.map_index >= 0}
        link = session.query(XComModel).filter_by(
            run_id=outcome.run_id, task_id="upload.catalog.load", key="_link_UploadLink"
        )
        assert names == {f"harbour-books {DAY}"}
        assert "/tasks/upload.close/mapped/0/xcom" in link.one().value

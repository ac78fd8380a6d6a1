from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.errors import UsageError
from include.pipelines.commerce.delivery.extract import Window
from include.pipelines.commerce.delivery.upload_id import Delivery

NOBODY_ASKED: dict[str, Any] = {"store": None, "from": None, "until": None, "folder": None}


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def dag_run(run_type: str, run_after: str, logical_date: str | None = None, days: tuple[str, str] | None = None) -> Any:
    """A run as tasks see it in their context."""
    from airflow.sdk.api.datamodels._generated import DagRun

    return DagRun.model_validate(
        {
            "dag_id": "commerce_to_postgres",
            "run_id": "some run",
            "run_type": run_type,
            "state": "running",
            "run_after": moment(run_after),
            "logical_date": logical_date and moment(logical_date),
            "data_interval_start": days and moment(days[0]),
            "data_interval_end": days and moment(days[1]),
            "start_date": None,
            "end_date": None,
            "consumed_asset_events": [],
            "partition_key": None,
        }
    )


JANUARY_9 = ("2025-01-09", "2025-01-10")
SCHEDULED = dag_run("scheduled", "2025-01-10", "2025-01-09", JANUARY_9)
BACKFILL = dag_run("backfill", "2025-03-01 11:00", "2025-01-09", JANUARY_9)
BY_HAND = dag_run("manual", "2025-01-10 11:00", "2025-01-10 11:00", JANUARY_9)
WITHOUT_LOGICAL_DATE = dag_run("manual", "2025-01-10 11:00")
WOKEN = dag_run("asset_triggered", "2025-01-10 23:59:59")


def resolve(run: Any, **params: Any) -> Any:
    from longshore.window import resolve

    return resolve(NOBODY_ASKED | {name.rstrip("_"): value for name, value in params.items()}, run)


def days(first: str, last: str) -> Window:
    return Window(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize(
    ("run", "window", "settle", "lookback"),
    [
        pytest.param(SCHEDULED, days("2025-01-09", "2025-01-09"), True, True, id="scheduled"),
        pytest.param(BACKFILL, days("2025-01-09", "2025-01-09"), False, False, id="backfill"),
        pytest.param(BY_HAND, days("2025-01-09", "2025-01-10"), False, True, id="by hand"),
        pytest.param(WITHOUT_LOGICAL_DATE, days("2025-01-09", "2025-01-10"), False, True, id="no logical date"),
        pytest.param(WOKEN, days("2025-01-09", "2025-01-10"), False, True, id="woken by an asset"),
    ],
)
def test_a_run_that_nobody_gave_days_takes_those_of_its_kind(
    run: Any, window: Window, settle: bool, lookback: bool
) -> None:
    request = resolve(run)
    assert (request.window, request.settle, request.lookback) == (window, settle, lookback)


@pytest.mark.parametrize("run", [BACKFILL, BY_HAND, WITHOUT_LOGICAL_DATE], ids=["backfill", "by hand", "no date"])
def test_named_days_go_before_those_of_the_run_and_look_back_at_nothing(run: Any) -> None:
    request = resolve(run, from_="2024-12-01", until="2024-12-24", store="tiny-teas")
    assert (request.window, request.lookback) == (days("2024-12-01", "2024-12-24"), False)
    assert (request.store, request.delivery) == ("tiny-teas", None)


def test_a_first_day_alone_reaches_to_the_day_of_the_run_and_a_last_day_alone_is_that_day() -> None:
    assert resolve(WITHOUT_LOGICAL_DATE, from_="2025-01-05").window == days("2025-01-05", "2025-01-10")
    assert resolve(WITHOUT_LOGICAL_DATE, until="2025-01-05").window == days("2025-01-05", "2025-01-05")


def test_days_are_counted_in_utc_whatever_the_offset_of_the_moment() -> None:
    late = dt.datetime(2025, 1, 10, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    run = WITHOUT_LOGICAL_DATE.model_copy(update={"run_after": late})
    assert resolve(run).window == days("2025-01-08", "2025-01-09")


@pytest.mark.parametrize(
    ("params", "delivery"),
    [
        ({"folder": "s3://bucket/in/tiny-teas/2025-01-07/"}, ("tiny-teas", "2025-01-07")),
        ({"folder": "/in/tiny-teas/2025-01-07", "store": "other"}, ("other", "2025-01-07")),
        ({"folder": "/in/tiny-teas/2025-01-07", "from_": "2025-02-01"}, ("tiny-teas", "2025-02-01")),
        ({"folder": "upload", "store": "tiny-teas", "until": "2025-02-01"}, ("tiny-teas", "2025-02-01")),
    ],
)
def test_a_folder_says_whose_and_of_which_day_it_is_unless_the_parameters_do(
    params: dict[str, str], delivery: tuple[str, str]
) -> None:
    store, day = delivery
    expected = Delivery(store, dt.date.fromisoformat(day), params["folder"])
    assert resolve(WITHOUT_LOGICAL_DATE, **params).delivery == expected


@pytest.mark.parametrize(
    ("params", "named", "remedy"),
    [
        ({"from_": "01/02/2025"}, "'from'", "2025-01-31"),
        ({"from_": "2025-02-01", "until": "2025-01-01"}, "2025-01-01", "Swap"),
        ({"folder": "/in/tiny-teas/latest"}, "/in/tiny-teas/latest", "give `from`"),
        ({"folder": "2025-01-07"}, "2025-01-07", "give `store`"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_the_remedy(
    params: dict[str, str], named: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(WITHOUT_LOGICAL_DATE, **params)
    assert named in caught.value.what
    assert remedy in caught.value.remedy

from __future__ import annotations

import datetime as dt
import io
import json
import urllib.error
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from include.errors import SetupError, TransientError, UsageError
from include.stack.backfill import DAG, PRESENT, DayRun, Range, Reprocess, backfill

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 3)
PARAMETERS = {"store": None, "from": None, "until": None, "folder": None, "force": False, "accept": False}


class Airflow:
    """The answers of Airflow's REST API that a backfill needs: each look at the runs ends those that run."""

    def __init__(self, *, paused: bool = False) -> None:
        self.paused = paused
        self.outcome = "success"
        self.runs: dict[str, dict[str, Any]] = {}
        self.confs: list[dict[str, Any]] = []
        self.most_active = 0
        self.conflicts = 0

    def __call__(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        address = urlsplit(path)
        answers = {
            ("GET", f"/api/v2/dags/{DAG}/details"): self._details,
            ("POST", "/api/v2/backfills/dry_run"): self._plan,
            ("POST", "/api/v2/backfills"): self._backfill,
            ("GET", f"/api/v2/dags/{DAG}/dagRuns"): self._list,
            ("POST", f"/api/v2/dags/{DAG}/dagRuns"): self._trigger,
        }
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        return answers[method, address.path](query | (body or {}))

    def add(self, run_id: str, state: str, logical_date: str | None = None) -> dict[str, Any]:
        self.runs[run_id] = {"dag_run_id": run_id, "state": state, "logical_date": logical_date}
        return self.runs[run_id]

    def _details(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"is_paused": self.paused, "params": {name: {"value": value} for name, value in PARAMETERS.items()}}

    def _plan(self, body: dict[str, Any]) -> dict[str, Any]:
        first, last = (dt.datetime.fromisoformat(body[name][:10]) for name in ("from_date", "to_date"))
        days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
        dates = [f"{day.date()}T00:00:00Z" for day in days]
        present = {run["logical_date"] for run in self.runs.values()}
        keep = body["reprocess_behavior"] == "none"
        return {"backfills": [{"logical_date": date} for date in dates if not (keep and date in present)]}

    def _backfill(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.conflicts:
            self.conflicts -= 1
            answer = io.BytesIO(json.dumps({"detail": "already a running backfill"}).encode())
            raise urllib.error.HTTPError("http://127.0.0.1", 409, "Conflict", Message(), answer)
        self.confs.append(body["dag_run_conf"])
        for run in self._plan(body)["backfills"]:
            self.add(f"backfill__{run['logical_date']}", "queued", run["logical_date"])
        return {"id": 1}

    def _trigger(self, body: dict[str, Any]) -> dict[str, Any]:
        self.confs.append(body["conf"])
        run = self.add(body["dag_run_id"], "queued")
        self.most_active = max(self.most_active, sum(run["state"] == "queued" for run in self.runs.values()))
        return dict(run)

    def _list(self, query: dict[str, Any]) -> dict[str, Any]:
        prefix = query.get("run_id_pattern", "%").rstrip("%")
        if query.get("run_type") == "backfill":
            return {"dag_runs": [run for run in self.runs.values() if run["state"] == "queued"]}
        found = [dict(run) for name, run in self.runs.items() if name.startswith(prefix)]
        for run in self.runs.values():
            run["state"] = self.outcome if run["state"] == "queued" else run["state"]
        return {"dag_runs": found[int(query["offset"]) :][: int(query["limit"])]}


def follow(airflow: Airflow, **wanted: Any) -> list[DayRun]:
    return list(backfill(airflow, Range(FIRST, LAST, **wanted), poll_s=0))[-1]


def states(runs: list[DayRun]) -> list[str]:
    return [run.state for run in runs]


def test_every_day_of_the_range_gets_a_run_with_a_complete_conf() -> None:
    airflow = Airflow()
    runs = follow(airflow)
    assert [(run.day.day, run.state) for run in runs] == [(1, "success"), (2, "success"), (3, "success")]
    assert airflow.confs == [PARAMETERS]


def test_a_second_backfill_leaves_the_runs_alone() -> None:
    airflow = Airflow()
    follow(airflow)
    assert states(follow(airflow)) == [PRESENT] * 3
    assert len(airflow.confs) == 1


def test_a_backfill_that_has_ended_but_is_not_yet_closed_is_waited_for() -> None:
    airflow = Airflow()
    airflow.conflicts = 1
    assert states(follow(airflow)) == ["success"] * 3


def test_a_backfill_that_is_still_at_work_is_not_waited_for() -> None:
    airflow = Airflow()
    airflow.conflicts = 1
    airflow.add("backfill__2020-01-01", "queued", "2020-01-01T00:00:00Z")
    with pytest.raises(SetupError, match="already a running"):
        follow(airflow)


def test_failed_runs_end_the_watch_too() -> None:
    airflow = Airflow()
    airflow.outcome = "failed"
    assert states(follow(airflow)) == ["failed"] * 3


def test_more_runs_than_one_answer_holds_are_all_seen() -> None:
    airflow = Airflow()
    runs = list(backfill(airflow, Range(FIRST, FIRST + dt.timedelta(days=249)), poll_s=0))[-1]
    assert states(runs) == ["success"] * 250


def test_runs_made_by_hand_within_the_range_are_not_taken_for_a_day() -> None:
    airflow = Airflow()
    airflow.add("manual__1", "failed", "2026-03-02T09:30:00Z")
    assert states(follow(airflow)) == ["success"] * 3


def test_one_store_gets_a_run_a_day_with_a_complete_conf() -> None:
    airflow = Airflow()
    assert states(follow(airflow, store="acme", force=True)) == ["success"] * 3
    days = ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert airflow.confs == [PARAMETERS | {"store": "acme", "from": day, "until": day, "force": True} for day in days]


def test_one_stores_runs_are_no_more_at_once_than_allowed() -> None:
    airflow = Airflow()
    assert states(follow(airflow, store="acme", max_active_runs=2)) == ["success"] * 3
    assert airflow.most_active == 2


@pytest.mark.parametrize(
    ("outcome", "reprocess", "again"),
    [
        ("success", "none", False),
        ("success", "failed", False),
        ("success", "completed", True),
        ("failed", "none", False),
        ("failed", "failed", True),
        ("failed", "completed", True),
    ],
)
def test_one_stores_days_run_again_as_airflows_own_backfill_would(
    outcome: str, reprocess: Reprocess, again: bool
) -> None:
    airflow = Airflow()
    airflow.outcome = outcome
    follow(airflow, store="acme")
    runs = follow(airflow, store="acme", reprocess=reprocess)
    assert states(runs) == [outcome if again else PRESENT] * 3
    assert len(airflow.runs) == (6 if again else 3)


@pytest.mark.parametrize("stores", [("a_b", "a_b__c"), ("a_b__c", "a_b")])
def test_stores_of_similar_names_do_not_share_runs(stores: tuple[str, str]) -> None:
    airflow = Airflow()
    assert [states(follow(airflow, store=store)) for store in stores] == [["success"] * 3] * 2


def test_a_paused_dag_is_refused_since_its_runs_would_wait_for_ever() -> None:
    with pytest.raises(SetupError, match="unpause"):
        follow(Airflow(paused=True))


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(UsageError):
        Range(LAST, FIRST)


@pytest.mark.parametrize(
    ("code", "kind"), [(404, SetupError), (409, SetupError), (422, UsageError), (400, UsageError), (500, SetupError)]
)
def test_airflows_own_words_are_passed_on(code: int, kind: type[Exception]) -> None:
    def refuse(_method: str, _path: str, _body: dict[str, Any] | None) -> dict[str, Any]:
        answer = io.BytesIO(json.dumps({"detail": "no such thing"}).encode())
        raise urllib.error.HTTPError("http://127.0.0.1", code, "Refused", Message(), answer)

    with pytest.raises(kind, match="no such thing"):
        list(backfill(refuse, Range(FIRST, LAST)))


def test_an_airflow_that_answers_no_more_is_a_transient_error() -> None:
    def vanish(_method: str, _path: str, _body: dict[str, Any] | None) -> dict[str, Any]:
        raise urllib.error.URLError("Connection refused")

    with pytest.raises(TransientError):
        list(backfill(vanish, Range(FIRST, LAST)))

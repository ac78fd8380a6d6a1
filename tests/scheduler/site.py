"""A whole stack at work: what a person would do to it (deliver, trigger, clear, kill) and what they would look at."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg import Connection

from include.pipelines.commerce.delivery.upload_id import upload_id
from include.stack.lifecycle import Stack
from include.stack.readiness import AirflowApi

COMMERCE, COVERAGE = "commerce_to_postgres", "commerce_coverage"
BUNDLES, GRAPH = "commerce_bundles", "commerce_product_graph"

ENDED = frozenset({"success", "failed"})

# Seconds. A run takes 5-20 on two quiet cores; other tests may be at work beside it.
TIMEOUT_S = 150.0
POLL_S = 0.2

# A file that was last changed so long ago (seconds) is settled for every store of these tests.
LONG_AGO_S = 2 * 3600.0

CATALOG = "variant_id,title,sku,price\nv-1,Lamp,L-1,10.00\nv-2,Bulb,B-1,2.50\n"
INVENTORY = "variant_id,location,available\nv-1,Shop,4\nv-2,Shop,9\n"
UNCLOSED = 'order_id,created_at,quantity,unit_price,line_name\nO-1,2025-01-01 10:00:00,1,1.00,"never closed\n'


def orders(*numbers: int, price: str = "10.00") -> str:
    """Orders of one line each."""
    lines = [f"O-{number},2025-01-01 10:00:00,EUR,1,{price},v-1,L-1" for number in numbers]
    return "\n".join(["order_id,created_at,currency,quantity,unit_price,variant_id,sku", *lines, ""])


@dataclass(frozen=True)
class Run:
    """A run as it is at one moment; `tasks` holds the states of each store's tasks, by "<store> <day>" and name."""

    run_id: str
    record: Mapping[str, Any]
    uploads: tuple[str, ...]
    tasks: Mapping[tuple[str, str], Mapping[str, Any]]

    @property
    def state(self) -> str:
        return str(self.record["state"])

    def states(self, upload: str) -> dict[str, str]:
        """The states of one upload's tasks by name, such as {"open": "success", "orders": "skipped"}."""
        return {name: str(task["state"]) for (owner, name), task in self.tasks.items() if owner == upload}


class Site:
    """A stack of the tests' own, with the project's DAGs.

    Args:
        stack: started or about to be.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.api = AirflowApi(stack.airflow)
        self.landing = stack.home / "landing"

    def deliver(self, store: str, day: dt.date, files: Mapping[str, str], *, settled: bool = True) -> Path:
        """Writes files into the folder of a delivery, which is settled or was changed just now."""
        folder = self.landing / store / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        if settled:
            self.settle(folder)
        return folder

    def settle(self, folder: Path) -> None:
        """Lets time pass over a delivery's files: nobody has changed them for a while."""
        moment = time.time() - LONG_AGO_S
        for file in folder.iterdir():
            os.utime(file, (moment, moment))

    def withdraw(self, *stores: str) -> None:
        """Takes all deliveries of stores away, so that later runs do not look at them; what is loaded stays."""
        for store in stores:
            shutil.rmtree(self.landing / store)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.api.call(method, f"/api/v2{path}", body)

    def pause(self, dag: str, paused: bool) -> None:
        """Pauses a DAG, or wakes it; what would have woken a paused one is lost to it."""
        self.call("PATCH", f"/dags/{dag}", {"is_paused": paused})

    def trigger(self, dag: str = COMMERCE, /, **conf: Any) -> str:
        """Starts a run by hand without a logical date; parameters by name, `from_` too. Returns its id."""
        conf = {name.rstrip("_"): value for name, value in conf.items()}
        made = self.call("POST", f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})
        return str(made["dag_run_id"])

    def clear(self, run_id: str) -> None:
        """Makes the same run again, from its start."""
        self.call("POST", f"/dags/{COMMERCE}/dagRuns/{quote(run_id)}/clear", {"dry_run": False})

    def again(self, run_id: str) -> Run:
        """The run, made again, at its end."""
        self.clear(run_id)
        return self.ended(run_id)

    def clear_upload(self, run_id: str, index: int) -> None:
        """Clears `open` of one upload with all that follows it, as the manual of the DAG says."""
        self._clear_tasks(run_id, task_ids=[["upload.open", index]], include_downstream=True, only_failed=False)

    def clear_failed(self, run_id: str) -> None:
        """Clears what failed of a run."""
        self._clear_tasks(run_id, only_failed=True)

    def _clear_tasks(self, run_id: str, **which: Any) -> None:
        self.call("POST", f"/dags/{COMMERCE}/clearTaskInstances", {"dry_run": False, "dag_run_id": run_id, **which})

    def ended(self, run_id: str, dag: str = COMMERCE) -> Run:
        """Waits for the end of a run."""
        until(
            lambda: self.call("GET", f"/dags/{dag}/dagRuns/{quote(run_id)}")["state"] in ENDED, f"the end of {run_id}"
        )
        return self.run(run_id, dag)

    def run(self, run_id: str, dag: str = COMMERCE) -> Run:
        """The run as it is now."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}"
        instances = self.call("GET", f"{path}/taskInstances?limit=1000")["task_instances"]
        found = []
        if any((task["task_id"], task["state"]) == ("discover", "success") for task in instances):
            found = self.call("GET", f"{path}/taskInstances/discover/xcomEntries/return_value")["value"]
        uploads = tuple(f"{delivery['store']} {delivery['day']}" for delivery in found)
        tasks = {
            (uploads[task["map_index"]] if task["map_index"] >= 0 else "", _name(task["task_id"])): task
            for task in instances
            if task["map_index"] < len(uploads) and task["state"] != "removed"
        }
        return Run(run_id, self.call("GET", path), uploads, tasks)

    def runs(self, dag: str = COMMERCE, run_type: str = "") -> list[dict[str, Any]]:
        """All runs of a DAG, the oldest first."""
        wanted = f"&run_type={run_type}" if run_type else ""
        return list(self.call("GET", f"/dags/{dag}/dagRuns?limit=100&order_by=run_after{wanted}")["dag_runs"])

    def log(self, run_id: str, task: str, index: int = -1, dag: str = COMMERCE) -> str:
        """What the last try of a task has said."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances/{task}"
        instance = self.call("GET", f"{path}/{index}" if index >= 0 else path)
        answer = self.call("GET", f"{path}/logs/{instance['try_number']}?full_content=true&map_index={index}")
        return "\n".join(_said(event) for event in answer["content"])

    def connect(self) -> AbstractContextManager[Connection[Any]]:
        """A connection to the database that loads write to; each statement is a transaction of its own."""
        return Connection.connect(self.stack.postgres.url("longshore"), autocommit=True)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def loads(self, store: str, day: dt.date, dataset: str) -> list[str]:
        """The status of every load of a dataset, the oldest first."""
        query = "SELECT status FROM ledger.loads WHERE upload_id = %s AND dataset = %s ORDER BY load_id"
        return [status for (status,) in self.rows(query, upload_id(store, day), dataset)]

    def lines(self, store: str, day: dt.date) -> dict[str, str]:
        """The price of each order's line, by the order's number."""
        query = "SELECT order_id, unit_price FROM commerce.order_lines WHERE upload_id = %s ORDER BY order_id"
        return {order: f"{price:.2f}" for order, price in self.rows(query, upload_id(store, day))}


def _name(task_id: str) -> str:
    return task_id.removeprefix("upload.").removesuffix(".load")


def _said(event: Mapping[str, Any]) -> str:
    """An event of a log, with the messages of its exceptions."""
    errors = [str(error["exc_value"]) for error in event.get("error_detail") or ()]
    return "\n".join([str(event["event"]), *errors])


def until(condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> Any:
    """Waits until the condition gives something."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}"
        time.sleep(POLL_S)
    return found

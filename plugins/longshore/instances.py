"""The other tasks of the same instance of a mapped group: how they are, and waiting for those that come before.

Where a run is cleared and its mapped group finds more to do than before, Airflow (3.3.2) starts a task's new instances
together with its first old one, without looking at what each of them waits for. A load could begin before its upload
is open, and `close` before the loads have ended: green, with something held or failed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRescheduleException

from include.log import line, logger

if TYPE_CHECKING:
    from airflow.sdk import Context

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def states(context: Context, tasks: Iterable[str]) -> dict[str, str]:
    """The states of tasks in this instance by id; "" for one that has none yet. Tasks without this instance lack."""
    instance = context["ti"]
    found = instance.get_task_states(
        dag_id=instance.dag_id, run_ids=[instance.run_id], task_ids=list(tasks), map_index=instance.map_index
    ).get(instance.run_id, {})
    return {name.removesuffix(f"_{instance.map_index}"): str(state or "") for name, state in found.items()}


def wait_for_upstream(context: Context) -> None:
    """Hands the task back to the scheduler where a task before it in this instance is not through.

    Raises:
        AirflowRescheduleException: Airflow asks about all dependencies before it starts the task again; no try is used.
    """
    if (context["ti"].map_index or 0) < 0:
        return
    before = states(context, context["task"].upstream_task_ids)
    waiting = sorted(name for name, state in before.items() if state not in FINISHED)
    if waiting:
        logger("instances").warning(line("too-early", waits_for=",".join(waiting)))
        raise AirflowRescheduleException(dt.datetime.now(dt.UTC))  # type: ignore[no-untyped-call]

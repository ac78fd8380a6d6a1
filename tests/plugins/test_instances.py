from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

RUN = "some run"


def context(map_index: int = 3, **found: str | None) -> Any:
    """Of a task after `open` and `load`; the states of both as Airflow gives them, by id and map index."""

    def get_task_states(**asked: Any) -> dict[str, dict[str, str | None]]:
        assert (asked["run_ids"], asked["map_index"]) == ([RUN], map_index)
        return {RUN: {f"upload.{name}_{map_index}": state for name, state in found.items()}} if found else {}

    instance = SimpleNamespace(
        dag_id="commerce_to_postgres", run_id=RUN, map_index=map_index, get_task_states=get_task_states
    )
    return {"ti": instance, "task": SimpleNamespace(upstream_task_ids={"upload.open", "upload.load"})}


def test_states_are_those_of_the_own_instance_by_the_tasks_own_ids() -> None:
    from longshore.instances import states

    assert states(context(open="success", load=None), ["upload.open"]) == {"upload.open": "success", "upload.load": ""}


@pytest.mark.parametrize("state", [None, "scheduled", "running", "up_for_retry", "restarting"])
def test_a_task_that_was_started_too_early_goes_back_to_the_scheduler(state: str | None) -> None:
    from longshore.instances import wait_for_upstream

    with pytest.raises(AirflowRescheduleException):
        wait_for_upstream(context(open="success", load=state))


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "upstream_failed", "removed"])
def test_a_task_goes_on_where_all_before_it_is_through(state: str) -> None:
    from longshore.instances import wait_for_upstream

    wait_for_upstream(context(open="success", load=state))


def test_nothing_is_asked_outside_of_a_mapped_group() -> None:
    from longshore.instances import wait_for_upstream

    wait_for_upstream(context(map_index=-1, open="running"))


def test_a_task_that_airflow_made_no_instance_of_is_not_waited_for() -> None:
    from longshore.instances import wait_for_upstream

    wait_for_upstream(context(open="success"))

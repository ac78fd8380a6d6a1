from __future__ import annotations

import datetime as dt
import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import SetupError, TransientError


def load_operator(**changes: Any) -> Any:
    from longshore.operators.commerce import LoadDatasetOperator

    return LoadDatasetOperator(task_id="load", upload={}, dataset="orders", **changes)


@pytest.mark.parametrize(("timeout", "timeout_ms"), [(None, 0), (dt.timedelta(minutes=2), 120_000)])
def test_the_timeout_of_the_task_reaches_the_database_in_milliseconds(
    timeout: dt.timedelta | None, timeout_ms: int
) -> None:
    assert load_operator(execution_timeout=timeout).statement_timeout_ms == timeout_ms


def options(**params: Any) -> Any:
    return load_operator()._options({"params": params, "dag_run": SimpleNamespace(triggering_user_name="ada")})


def test_the_ledger_learns_who_let_a_delivery_through_and_nobody_else() -> None:
    assert (options(accept=True).accept, options(accept=True).accepted_by) == (True, "ada")
    assert (options(force=True).force, options(force=True).accepted_by) == (True, None)


def test_a_held_upload_says_how_to_look_at_it_and_to_let_it_through(caplog: pytest.LogCaptureFixture) -> None:
    from airflow.sdk.exceptions import AirflowFailException
    from longshore.operators.commerce import CloseUploadOperator

    said: list[dict[str, Any]] = []
    context: Any = {"ti": SimpleNamespace(xcom_push=lambda **pushed: said.append(pushed))}
    summary = {"store": "harbour", "day": "2025-03-03", "held": ["catalog"], "failed": [], "stopped": []}
    summary["reasons"] = {"The file has 0 bytes.": ["catalog"]}
    remedy = r"held: catalog .*uploads show harbour/2025-03-03.*uploads accept harbour/2025-03-03.*`accept`"
    with pytest.raises(AirflowFailException, match=remedy):
        CloseUploadOperator(task_id="close", upload=None)._fail_unless_whole(summary, context)
    assert said[0]["value"] == summary
    assert caplog.messages[0] == "catalog: The file has 0 bytes."
    assert "`./longshore uploads show harbour/2025-03-03`" in " ".join(caplog.messages)


def test_operators_take_keywords_only_and_template_what_comes_from_other_tasks() -> None:
    from longshore.operators import commerce, tables

    named = {**vars(commerce), **vars(tables)}
    operators = [value for name, value in named.items() if name.endswith("Operator")]
    for operator in operators:
        kinds = {parameter.kind for parameter in list(inspect.signature(operator.__init__).parameters.values())[1:]}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}, operator.__name__
        assert isinstance(operator.template_fields, tuple), operator.__name__


def test_killing_a_task_that_has_not_connected_yet_opens_no_connection() -> None:
    operator = load_operator()
    operator.on_kill()
    assert "hook" not in vars(operator)


def test_the_bulk_load_takes_its_connection_and_templates_what_names_a_delivery() -> None:
    from longshore.operators.tables import BulkLoadOperator

    operator = BulkLoadOperator(task_id="load", contract="c.yaml", source="s3://in/{{ ds }}.csv", conn_id="other")
    assert operator.hook.get_conn_id() == "other"
    assert operator.hook is operator.hook
    assert BulkLoadOperator.template_fields == ("contract", "source", "source_name", "day")


def test_what_fails_because_the_task_is_killed_is_tried_again_and_nothing_else() -> None:
    operator = load_operator()
    with pytest.raises(SetupError), operator.outcomes():
        raise SetupError("The statement was cancelled.", "Raise the timeout.")
    operator.on_kill()
    with pytest.raises(TransientError, match="told to end"), operator.outcomes():
        raise SetupError("The statement was cancelled.", "Raise the timeout.")


@pytest.mark.parametrize(("map_index", "place"), [(-1, "upload.close"), (3, "upload.close/mapped/3")])
def test_the_link_of_a_load_leads_to_what_became_of_its_upload(map_index: int, place: str) -> None:
    from longshore.links import UploadLink

    key = SimpleNamespace(
        dag_id="commerce_to_postgres",
        run_id="manual__2025-01-10T11:00:00+00:00",
        task_id="upload.orders.load",
        map_index=map_index,
    )
    link = UploadLink().get_link(load_operator(), ti_key=key)
    assert link == f"/dags/commerce_to_postgres/runs/manual__2025-01-10T11%3A00%3A00%2B00%3A00/tasks/{place}/xcom"

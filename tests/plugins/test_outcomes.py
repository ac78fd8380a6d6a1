from __future__ import annotations

import inspect

import pytest

from include import errors
from include.errors import HeldError, LongshoreError, RowError, TransientError

OURS = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, LongshoreError)]
FINAL = [error for error in OURS if not issubclass(error, TransientError)]


def decision(error: BaseException) -> str:
    from longshore.outcomes import RETRY_POLICY

    return RETRY_POLICY.evaluate(error, try_number=1, max_tries=4).action.value


def test_a_bad_moment_is_tried_again_with_the_waits_of_the_task() -> None:
    from longshore.outcomes import RETRIES, RETRY_POLICY

    decided = RETRY_POLICY.evaluate(TransientError("The server restarts."), try_number=1, max_tries=4)
    assert (decided.action.value, decided.retry_delay) == ("retry", None)
    assert RETRIES["retries"] > 0
    assert RETRIES["retry_exponential_backoff"] == 2


@pytest.mark.parametrize("error", FINAL, ids=lambda error: error.__name__)
def test_every_other_error_of_ours_fails_at_once(error: type[LongshoreError]) -> None:
    assert decision(error("What was found.", "What to do.")) == "fail"


def test_a_task_that_ran_out_of_time_is_not_run_for_as_long_again() -> None:
    from airflow.sdk.exceptions import AirflowTaskTimeout

    assert decision(AirflowTaskTimeout("Timeout")) == "fail"


@pytest.mark.parametrize("error", [OSError("reset"), KeyError("name"), MemoryError()], ids=repr)
def test_errors_of_others_follow_the_rule_of_airflow(error: BaseException) -> None:
    assert decision(error) == "default"


def test_what_is_held_is_skipped_with_its_message() -> None:
    from airflow.sdk.exceptions import AirflowSkipException
    from longshore.outcomes import outcomes

    with pytest.raises(AirflowSkipException, match=r"0 bytes.*Let it through"), outcomes():
        raise HeldError("The file has 0 bytes.", "Let it through with `accept`.")


def test_other_errors_pass_unchanged() -> None:
    from longshore.outcomes import outcomes

    with pytest.raises(RowError, match="row"), outcomes():
        raise RowError("A row is at fault.")


@pytest.mark.parametrize("kind", [HeldError, RowError])
def test_the_log_says_what_and_why_in_lines_that_its_page_shows_whole(
    kind: type[LongshoreError], caplog: pytest.LogCaptureFixture
) -> None:
    from longshore.outcomes import LOG_LINE, outcomes

    command = "`./longshore uploads show harbour-books/2025-03-05`"
    what, remedy = (
        "The header is not that of the last delivery. " * 5,
        f"{'See what it would change. ' * 4}{command} " * 3,
    )
    with pytest.raises(Exception, match="header"), outcomes():
        raise kind(what, remedy)
    assert max(map(len, caplog.messages)) <= LOG_LINE
    assert " ".join(caplog.messages).split() == f"{what} {remedy}".split()
    assert sum(command in line for line in caplog.messages) == 3

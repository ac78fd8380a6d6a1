"""What an error of Longshore means to Airflow: the one place that knows both trees.

TransientError       the task is tried again, each time after twice the wait
HeldError            the task is skipped; `close` turns the run red in the end
any other of ours    the task fails at once: a retry would say the same
execution_timeout    the same: a retry would run as long
anything else        Airflow's own rule: again, as often as `retries` says
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.errors import HeldError, LongshoreError, TransientError

# The first rule that matches wins. `retry_delay` is left to the task, so that Airflow doubles it.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(TransientError, RetryAction.RETRY, reason="The moment was bad; the same is done again."),
        RetryRule(LongshoreError, RetryAction.FAIL, reason="A retry cannot help; the message says what does."),
        RetryRule(
            AirflowTaskTimeout, RetryAction.FAIL, reason="It would run out of time again: raise execution_timeout."
        ),
    ]
)

# Four more tries after 15, 30, 60 and 120 seconds: a database that restarts is back within them, and a file that is
# still being written has a chance to be whole.
RETRIES: dict[str, Any] = {
    "retries": 4,
    "retry_delay": dt.timedelta(seconds=15),
    "retry_exponential_backoff": 2,
    "max_retry_delay": dt.timedelta(minutes=5),
    "retry_policy": RETRY_POLICY,
}


@contextmanager
def outcomes() -> Iterator[None]:
    """Turns the errors that are no failures of a task into what Airflow calls them."""
    try:
        yield
    except HeldError as held:
        raise AirflowSkipException(str(held)) from held

"""What an error of Longshore means to Airflow: the one place that knows both trees.

TransientError       the task is tried again, each time after twice the wait
HeldError            the task is skipped; `close` turns the run red in the end
any other of ours    the task fails at once: a retry would say the same
execution_timeout    the same: a retry would run as long
anything else        Airflow's own rule: again, as often as `retries` says
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.errors import HeldError, LongshoreError, TransientError
from include.log import logger

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


# Characters: Airflow's page of a log does not wrap, and on a screen of 1,600 pixels cuts off what is longer.
LOG_LINE = 100

# Stands for the blanks of a command while its line is wrapped.
KEPT_BLANK = "\0"


@contextmanager
def outcomes() -> Iterator[None]:
    """Turns the errors that are no failures of a task into what Airflow calls them; says all of ours in the log."""
    try:
        with said():
            yield
    except HeldError as held:
        raise AirflowSkipException(str(held)) from held


@contextmanager
def said() -> Iterator[None]:
    """Says in the task's log what went wrong and what to do: Airflow's page cuts an error's own text off."""
    try:
        yield
    except LongshoreError as error:
        say(error.what)
        say(error.remedy)
        raise


def say(text: str) -> None:
    """Warns in the task's log, in lines that its page shows whole; what stands in backticks stays on one line."""
    kept = re.sub("`[^`]*`", lambda command: command[0].replace(" ", KEPT_BLANK), text)
    for line in textwrap.wrap(kept, LOG_LINE, break_long_words=False, break_on_hyphens=False):
        logger("task").warning(line.replace(KEPT_BLANK, " "))

"""Loggers of the project, and the form of its lines: `event key=value ...`, for people and machines alike."""

from __future__ import annotations

import json
import logging


def logger(name: str) -> logging.Logger:
    """The logger `longshore.<name>`; Airflow and the command line decide where its lines go."""
    return logging.getLogger(f"longshore.{name}")


def line(event: str, **fields: object) -> str:
    """One line in logfmt: values with blanks or quotes stand in JSON's quotes. Fields keep their order.

    >>> line("load", dataset="orders", rows=259, ms=12.5)
    'load dataset=orders rows=259 ms=12.5'
    """
    return " ".join([event, *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    text = str(value)
    return json.dumps(text) if not text or any(sign in text for sign in ' "=\n') else text

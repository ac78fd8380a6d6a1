"""Names of forms in which dates are written: `%d-%b-%y`, `%Y%m%d`, `epoch`, `epoch_ms`."""

from __future__ import annotations

import datetime as dt

# Microseconds of one unit.
UNIT_US = {"epoch": 1_000_000, "epoch_ms": 1_000}

# A day whose year, month and day are different numbers.
SAMPLE_DAY = dt.date(2001, 2, 3)


def is_format(form: str) -> bool:
    """Whether it is a form of dates: one of the epochs, or one that names year, month and day."""
    if form in UNIT_US:
        return True
    try:
        return parsed(SAMPLE_DAY.strftime(form), form).date() == SAMPLE_DAY
    except ValueError:
        return False


def parsed(text: str, form: str) -> dt.datetime:
    """The moment of a text in that form, in UTC where it names an offset; ValueError where it is none."""
    moment = dt.datetime.strptime(text, form)  # local times get their zone from the caller
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment

"""Local times of a zone -> moments.

Arrow's own `assume_timezone` is an hour off in summers after 2037 (it does not apply a zone's last rule) and needs the
system's zone database; Python's zoneinfo does better on both counts.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Integers = np.ndarray[Any, np.dtype[np.int64]]

MOMENT = pa.timestamp("us", tz="UTC")
LOCAL = pa.timestamp("us")

EPOCH = dt.datetime(1970, 1, 1)
MICROSECOND = dt.timedelta(microseconds=1)
DAY_US = 86_400_000_000
NO_MOMENT = np.iinfo(np.int64).min

# Days whose offset is kept per process: ten years of deliveries in a few zones.
CACHED_DAYS = 16_384


def to_moments(local: pa.TimestampArray, zone: str) -> pa.TimestampArray:
    """Reads local times (years 1 to 9999) in a zone.

    An hour that exists twice (clocks go back) is taken as the first of the two; one that does not exist (clocks go
    forward) becomes null, as null does.
    """
    if zone == "UTC":
        return local.cast(MOMENT)
    absent = pc.is_null(local).to_numpy(zero_copy_only=False)
    times = pc.fill_null(local.cast(pa.int64()), 0).to_numpy()
    days = times // DAY_US
    known = np.sort(pc.unique(pa.array(days)).to_numpy())
    offsets = np.array([_day_offset(zone, int(day)) for day in known], np.int64)[np.searchsorted(known, days)]
    moments = times - offsets
    changing = np.flatnonzero((offsets == NO_MOMENT) & ~absent)
    moments[changing] = [_moment(zone, int(time)) for time in times[changing]]
    return pa.array(moments, pa.int64(), mask=absent | (moments == NO_MOMENT)).view(MOMENT)


@lru_cache(maxsize=CACHED_DAYS)
def _day_offset(zone: str, day: int) -> int:
    """The zone's offset on a day in microseconds; NO_MOMENT where it changes within the day."""
    start = EPOCH.replace(tzinfo=ZoneInfo(zone)) + dt.timedelta(days=day)
    end = start.replace(hour=23, minute=59, second=59, microsecond=999_999)
    offsets = {moment.replace(fold=fold).utcoffset() for moment in (start, end) for fold in (0, 1)}
    return _microseconds(offsets.pop()) if len(offsets) == 1 else NO_MOMENT


def _moment(zone: str, time: int) -> int:
    local = EPOCH + time * MICROSECOND
    aware = local.replace(tzinfo=ZoneInfo(zone))
    moment = aware.astimezone(dt.UTC)
    exists = moment.astimezone(aware.tzinfo).replace(tzinfo=None) == local
    return _microseconds(moment.replace(tzinfo=None) - EPOCH) if exists else NO_MOMENT


def _microseconds(delta: dt.timedelta | None) -> int:
    return (delta or dt.timedelta()) // MICROSECOND

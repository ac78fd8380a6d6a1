"""Time is counted once: to the innermost phase."""

from __future__ import annotations

import time

import pytest

from include.timing import Stopwatch


def test_a_phase_within_another_is_not_counted_twice() -> None:
    stopwatch = Stopwatch()
    with stopwatch.phase("begin"):
        for _ in stopwatch.each("read", iter(range(3))):
            time.sleep(0.002)
        with stopwatch.phase("read"):
            time.sleep(0.02)
    assert stopwatch.phases["read"] >= 20
    assert stopwatch.phases["begin"] >= 6
    assert sum(stopwatch.phases.values()) <= stopwatch.ms


def test_a_phase_that_ends_with_an_error_is_counted() -> None:
    stopwatch = Stopwatch()
    with pytest.raises(ValueError, match="broken"), stopwatch.phase("copy"):
        raise ValueError("broken")
    with stopwatch.phase("copy"):
        time.sleep(0.002)
    assert stopwatch.phases["copy"] >= 2

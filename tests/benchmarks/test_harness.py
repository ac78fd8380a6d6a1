"""What the harness measures is what its cases did."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.harness import FIGURES, Case, Row, measure, timed_row

SHORT_S, LONG_S = 0.05, 0.15
BYTES = 80 * 1024 * 1024


def short(_work: object) -> None:
    time.sleep(SHORT_S)


def long(_work: object) -> None:
    time.sleep(LONG_S)


def clocked(_work: object) -> float:
    return 7.0


def busy(_work: object) -> None:
    until = time.process_time() + SHORT_S
    while time.process_time() < until:
        pass


def program(_work: object) -> None:
    subprocess.run([sys.executable, "-c", f"held = b'x' * {BYTES}"], check=True)


def fail(_work: object) -> None:
    raise ValueError("the reason")


def note(work: str) -> None:
    with Path(work).open("a", encoding="utf-8") as file:
        file.write("prepared\n")


def note_ready(work: str) -> None:
    time.sleep(LONG_S)
    with Path(work).open("a", encoding="utf-8") as file:
        file.write("ready\n")


def measured(*cases: Case, work: object = None, rounds: int = 1) -> dict[str, Row]:
    rows = measure("bench", cases, work, rows=3, rounds=rounds, server_pid=None)
    return {row.case: row for row in rows}


def test_a_ratio_is_that_of_the_times_and_decides_whether_the_bar_is_met() -> None:
    rows = measured(
        Case("long", long), Case("met", short, reference="long", bar=0.9), Case("not", long, None, None, "met", 1.1)
    )
    assert rows["long"].ratio is None
    assert rows["met"].ratio is not None and rows["met"].ratio < 0.9
    assert rows["met"].met and not rows["met"].fails_check
    assert rows["not"].fails_check


def test_seconds_that_miss_their_bar_are_shown_and_fail_no_check() -> None:
    row = measured(Case("slow", short, bar=0.001))["slow"]
    assert row.met is False
    assert not row.fails_check


def test_a_case_may_clock_a_part_of_itself_and_has_no_cpu_then() -> None:
    row = measured(Case("own", clocked))["own"]
    assert (row.median_s, row.client_cpu_s) == (7.0, None)


def test_cpu_is_that_of_the_work_and_memory_that_of_the_programs_it_starts() -> None:
    rows = measured(Case("busy", busy), Case("idle", short), Case("program", program))
    assert rows["busy"].client_cpu_s and rows["idle"].client_cpu_s is not None
    assert rows["busy"].client_cpu_s >= SHORT_S * 0.9 > rows["idle"].client_cpu_s
    assert rows["program"].peak_mb and rows["busy"].peak_mb
    assert rows["program"].peak_mb > BYTES / 1024 / 1024 > rows["busy"].peak_mb
    assert rows["busy"].server_cpu_s is None


def test_preparing_and_getting_ready_come_before_the_clock_in_every_round(tmp_path: Path) -> None:
    log = tmp_path / "log"
    row = measured(Case("case", short, note, note_ready), work=str(log), rounds=2)["case"]
    assert log.read_text(encoding="utf-8") == "prepared\nready\n" * 3
    assert row.min_s is not None and row.min_s < LONG_S


def test_a_case_that_fails_ends_the_benchmark_with_its_reason() -> None:
    with pytest.raises(RuntimeError, match="the reason"):
        measured(Case("bad", fail))


def test_a_case_that_hangs_ends_the_benchmark() -> None:
    with pytest.raises(TimeoutError, match="did not end within"):
        measured(Case("hangs", long, timeout_s=0.01))


def test_json_holds_the_figures_without_the_note() -> None:
    row = timed_row("bench", "case", [1.0, 3.0, 2.0], bar=2.5, note="words")
    assert tuple(row.as_json()) == FIGURES == (
        *("bench", "case", "rows", "median_s", "min_s", "max_s", "client_cpu_s", "server_cpu_s", "peak_mb"),
        *("ratio", "bar", "met"),
    )  # fmt: skip
    assert (row.median_s, row.min_s, row.max_s, row.met) == (2.0, 1.0, 3.0, True)

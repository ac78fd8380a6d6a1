"""Cases measured in interleaved rounds, each in a process of its own: wall, CPU of client and server, peak memory.

A case is a function of this package that does the work once. Rounds go through all cases in turn, so a machine that
drifts slows all of them alike; ratios are taken within a round, and their median is what bars are held against.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

# Seconds that one case may take; a case that hangs ends the benchmark instead of the day.
CASE_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Case:
    """One way of doing the work.

    `prepare` runs before each round and is not measured, `run` is. Both get the benchmark's input. `reference` names
    the case that `ratio` is taken to, `bar` is the largest ratio allowed; None where there is none.
    """

    name: str
    run: Callable[[Any], None]
    prepare: Callable[[Any], None] | None = None
    reference: str | None = None
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall and CPU in seconds, the largest resident memory of the client's process in MB."""

    wall_s: float
    client_cpu_s: float
    server_cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a benchmark's result; None where a case has no such figure.

    `bar` is a ratio where `ratio` is one, else seconds: those are shown, and only ratios are checked.
    """

    bench: str
    case: str
    rows: int | None
    median_s: float
    min_s: float
    max_s: float
    client_cpu_s: float | None
    server_cpu_s: float | None
    peak_mb: float | None
    ratio: float | None
    bar: float | None
    met: bool | None

    def as_json(self) -> dict[str, Any]:
        """The row as `bench --json` prints it."""
        return asdict(self)


def measure(bench: str, cases: Sequence[Case], work: Any, rows: int, rounds: int, server_pid: int) -> list[Row]:
    """Runs all cases in turn, once to warm up and then `rounds` times.

    Args:
        bench: the benchmark's name.
        cases: what to compare.
        work: their input; it goes to another process, so it must pickle.
        rows: rows that one run handles.
        rounds: counted rounds.
        server_pid: the database server's process, whose CPU (with that of its children) is counted.
    """
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for number in range(rounds + 1):
        for case in cases:
            if case.prepare:
                case.prepare(work)
            sample = _sample(case, work, server_pid)
            if number:
                samples[case.name].append(sample)
    return [_row(bench, case, samples, rows) for case in cases]


def _sample(case: Case, work: Any, server_pid: int) -> Sample:
    before = _server_cpu(server_pid)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(case.run, work, sender))
    process.start()
    sender.close()
    if not receiver.poll(CASE_TIMEOUT_S):
        process.kill()
        raise TimeoutError(f"The case {case.name} did not end within {CASE_TIMEOUT_S} s.")
    wall_s, client_cpu_s, peak_mb = json.loads(receiver.recv())
    process.join()
    return Sample(wall_s, client_cpu_s, _server_cpu(server_pid) - before, peak_mb)


def _measured(run: Callable[[Any], None], work: Any, sender: Any) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    run(work)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = (time.perf_counter() - started, time.process_time() - cpu, usage.ru_maxrss / 1024)
    sender.send(json.dumps(figures))


def _server_cpu(pid: int) -> float:
    """Seconds of CPU of the server, its living and its ended backends."""
    server = psutil.Process(pid)
    own = server.cpu_times()
    living = (_cpu(child) for child in server.children(recursive=True))
    return own.user + own.system + own.children_user + own.children_system + sum(living)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _row(bench: str, case: Case, samples: Mapping[str, Sequence[Sample]], rows: int) -> Row:
    own = samples[case.name]
    walls = [sample.wall_s for sample in own]
    ratio = _ratio(own, samples[case.reference]) if case.reference else None
    return Row(
        bench=bench,
        case=case.name,
        rows=rows,
        median_s=round(statistics.median(walls), 3),
        min_s=round(min(walls), 3),
        max_s=round(max(walls), 3),
        client_cpu_s=round(statistics.median(sample.client_cpu_s for sample in own), 3),
        server_cpu_s=round(statistics.median(sample.server_cpu_s for sample in own), 3),
        peak_mb=round(max(sample.peak_mb for sample in own), 1),
        ratio=ratio,
        bar=case.bar,
        met=None if case.bar is None or ratio is None else ratio <= case.bar,
    )


def _ratio(own: Sequence[Sample], reference: Sequence[Sample]) -> float:
    pairs = zip(own, reference, strict=True)
    return round(statistics.median(mine.wall_s / theirs.wall_s for mine, theirs in pairs), 3)

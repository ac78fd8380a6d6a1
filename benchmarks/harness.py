"""Cases measured in interleaved rounds, each in a process of its own: wall, CPU of client and server, peak memory.

A case is a function of this package that does the work once. Rounds go through all cases in turn, so a machine that
drifts slows all of them alike; ratios are taken within a round, and their median is what bars are held against. The
first round warms caches and is left out.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import psutil

# Seconds that one run of a case may take; a case that hangs ends the benchmark instead of the day.
CASE_TIMEOUT_S = 900

# What a ratio is taken of: the wall clock, or the largest resident memory.
Measured = Literal["wall_s", "peak_mb"]


@dataclass(frozen=True, slots=True)
class Case:
    """One way of doing the work.

    All callables get the benchmark's input (`work`); `run` and `ready` are sent to a new process, so they and the input
    must pickle (functions of a module, `functools.partial` of such).

    Attributes:
        name: "<group>: <way>" where a benchmark has several groups that are not compared with each other.
        run: what is measured. Returns None, or its own seconds where only a part of it counts.
        prepare: runs before each round in the benchmark's process, not measured.
        ready: runs before the clock in the process of `run`: imports, and what "warm" means. Its memory counts.
        reference: the case of the same `measure` that `ratio` is taken to.
        bar: the largest ratio allowed where there is a reference, else seconds (or MB), which are shown, not checked.
        measured: what ratio and bar are about.
        rows: rows that one run handles, where that is not the benchmark's number.
        note: what the table's reader must know of this case, such as what it guarantees; a line under the table.
        timeout_s: seconds after which a run is given up.
    """

    name: str
    run: Callable[[Any], float | None]
    prepare: Callable[[Any], None] | None = None
    ready: Callable[[Any], None] | None = None
    reference: str | None = None
    bar: float | None = None
    measured: Measured = "wall_s"
    rows: int | None = None
    note: str = ""
    timeout_s: float = CASE_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: wall and CPU in seconds, the largest resident memory of the client in MB.

    The client is the case's process with the programs that it starts; `server_cpu_s` is None without a server. A case
    that clocks a part of its work has no CPU: nobody knows which share of it was that part's.
    """

    wall_s: float
    client_cpu_s: float | None
    server_cpu_s: float | None
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a benchmark's result; None where a case has no such figure.

    `bar` is a ratio where `ratio` is one, else seconds (or MB): those are shown, and only ratios are checked.
    """

    bench: str
    case: str
    rows: int | None = None
    median_s: float | None = None
    min_s: float | None = None
    max_s: float | None = None
    client_cpu_s: float | None = None
    server_cpu_s: float | None = None
    peak_mb: float | None = None
    ratio: float | None = None
    bar: float | None = None
    met: bool | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row as `bench --json` prints it: figures, without the note."""
        return {name: getattr(self, name) for name in FIGURES}

    @property
    def fails_check(self) -> bool:
        """Whether `--check` fails because of it: a ratio above its bar."""
        return self.ratio is not None and self.met is False


FIGURES = tuple(field.name for field in fields(Row) if field.name != "note")


def measure(
    bench: str,
    cases: Sequence[Case],
    work: Any,
    *,
    rows: int | None,
    rounds: int,
    server_pid: int | Sequence[int] | None,
    warm_up: bool = True,
) -> list[Row]:
    """Runs all cases in turn, once to warm up and then `rounds` times.

    Args:
        bench: the benchmark's name.
        cases: what to compare.
        work: their input; it goes to another process, so it must pickle.
        rows: rows that one run handles, where the case does not say.
        rounds: counted rounds.
        server_pid: the database server's process, whose CPU (with that of its children) is counted; or several ones'.
        warm_up: whether the first round is left out.

    Raises:
        RuntimeError: a case raised; the message holds its traceback.
        TimeoutError: a case did not end in time.
    """
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    pids = (server_pid,) if isinstance(server_pid, int) else tuple(server_pid or ())
    for number in range(0 if warm_up else 1, rounds + 1):
        for case in cases:
            if case.prepare:
                case.prepare(work)
            sample = _sample(case, work, pids)
            if number:
                samples[case.name].append(sample)
    return [_row(bench, case, samples, rows) for case in cases]


def timed_row(
    bench: str,
    case: str,
    seconds: Sequence[float],
    *,
    rows: int | None = None,
    bar: float | None = None,
    note: str = "",
) -> Row:
    """The row of a case that was clocked elsewhere; `bar` is in seconds and shown only."""
    median = statistics.median(seconds)
    return Row(
        bench=bench,
        case=case,
        rows=rows,
        median_s=round(median, 4),
        min_s=round(min(seconds), 4),
        max_s=round(max(seconds), 4),
        bar=bar,
        met=None if bar is None else median <= bar,
        note=note,
    )


def _sample(case: Case, work: Any, server_pids: Sequence[int]) -> Sample:
    before = _server_cpu(server_pids)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(case, work, sender))
    process.start()
    sender.close()
    try:
        answer = _answer(case, receiver)
    finally:
        process.kill()
        process.join()
    after = _server_cpu(server_pids)
    partly = answer["client_cpu_s"] is None
    server_cpu_s = None if before is None or after is None or partly else after - before
    return Sample(answer["wall_s"], answer["client_cpu_s"], server_cpu_s, answer["peak_mb"])


def _answer(case: Case, receiver: Any) -> dict[str, Any]:
    if not receiver.poll(case.timeout_s):
        raise TimeoutError(f"The case {case.name!r} did not end within {case.timeout_s:g} s.")
    try:
        answer: dict[str, Any] = json.loads(receiver.recv())
    except EOFError:
        answer = {"error": "its process ended without an answer"}
    if "error" in answer:
        raise RuntimeError(f"The case {case.name!r} failed:\n{answer['error']}")
    return answer


def _measured(case: Case, work: Any, sender: Any) -> None:
    try:
        if case.ready:
            case.ready(work)
        started, cpu = time.perf_counter(), _client_cpu()
        own = case.run(work)
        figures = {"wall_s": own, "client_cpu_s": None}
        if own is None:
            figures = {"wall_s": time.perf_counter() - started, "client_cpu_s": _client_cpu() - cpu}
        sender.send(json.dumps({**figures, "peak_mb": _peak_mb()}))
    except BaseException:
        sender.send(json.dumps({"error": traceback.format_exc()}))
    finally:
        sender.close()


def _client_cpu() -> float:
    """Seconds of CPU of this process and of the programs that it started and that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_mb() -> float:
    """The largest resident memory of this process or of one program that it started.

    Not getrusage of itself: a process inherits the peak of the one that forked it.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _server_cpu(pids: Sequence[int]) -> float | None:
    """Seconds of CPU of the servers, their living and their ended backends."""
    return sum(map(_tree_cpu, pids)) if pids else None


def _tree_cpu(pid: int) -> float:
    server = psutil.Process(pid)
    own = server.cpu_times()
    living = (_cpu(child) for child in server.children(recursive=True))
    return float(own.user + own.system + own.children_user + own.children_system + sum(living))


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _row(bench: str, case: Case, samples: Mapping[str, Sequence[Sample]], rows: int | None) -> Row:
    own = samples[case.name]
    walls = [sample.wall_s for sample in own]
    ratio = _ratio(own, samples[case.reference], case.measured) if case.reference else None
    value = statistics.median(getattr(sample, case.measured) for sample in own) if ratio is None else ratio
    return Row(
        bench=bench,
        case=case.name,
        rows=rows if case.rows is None else case.rows,
        median_s=round(statistics.median(walls), 4),
        min_s=round(min(walls), 4),
        max_s=round(max(walls), 4),
        client_cpu_s=_median([sample.client_cpu_s for sample in own]),
        server_cpu_s=_median([sample.server_cpu_s for sample in own]),
        peak_mb=round(max(sample.peak_mb for sample in own), 1),
        ratio=ratio,
        bar=case.bar,
        met=None if case.bar is None else value <= case.bar,
        note=case.note,
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None


def _ratio(own: Sequence[Sample], reference: Sequence[Sample], measured: Measured) -> float:
    pairs = zip(own, reference, strict=True)
    return round(statistics.median(getattr(mine, measured) / getattr(theirs, measured) for mine, theirs in pairs), 3)

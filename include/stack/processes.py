"""Processes of one stack: found by a mark in their environment, ended with all their children."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

# Every process that the supervisor starts, and whatever those start, carries this variable with the stack's home. It
# identifies a process better than a pid file: it survives lost records, reused pids and a clock that was set.
MARK = "LONGSHORE_STACK"

POLL_S = 0.1

# Seconds that the kernel may take to remove a killed process (it may wait for a disk).
KILLED_S = 5.0


def marked_processes(home: Path) -> list[psutil.Process]:
    """All living processes of the stack in `home`, except the calling one."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and is_marked(process, home)]


def marked_beneath(folder: Path) -> list[psutil.Process]:
    """All living processes of stacks whose home lies in the folder or beneath it, except the calling one."""
    others = (process for process in psutil.process_iter() if process.pid != os.getpid())
    return [process for process in others if (mark := _mark(process)) and Path(mark).is_relative_to(folder)]


def marked_process(pid: int, home: Path) -> psutil.Process | None:
    """The process with this pid, if it belongs to the stack in `home` and lives."""
    try:
        process = psutil.Process(pid)
    except (psutil.NoSuchProcess, ValueError):
        return None
    return process if is_marked(process, home) else None


def is_marked(process: psutil.Process, home: Path) -> bool:
    """Whether the process lives and carries the mark of the stack in `home`."""
    return _mark(process) == str(home)


def _mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, "")) if is_alive(process) else ""
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still runs; one that ended and that its parent has not yet buried does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def with_children(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes and all that descend from them, each once."""
    found: dict[int, psutil.Process] = {}
    for process in processes:
        try:
            family = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        found.update((member.pid, member) for member in family)
    return list(found.values())


def end_processes(processes: list[psutil.Process], grace_s: float) -> list[psutil.Process]:
    """Asks the processes to end (SIGTERM) and kills those that still live after `grace_s` seconds.

    Returns:
        Those that had to be killed.
    """
    for process in processes:
        _signal(process, signal.SIGTERM)
    return kill_late(processes, grace_s)


def kill_late(processes: list[psutil.Process], patience_s: float) -> list[psutil.Process]:
    """Kills those processes that do not end by themselves within `patience_s` seconds, and returns them."""
    late = wait_for_end(processes, patience_s)
    for process in late:
        _signal(process, signal.SIGKILL)
    wait_for_end(late, KILLED_S)
    return late


def wait_for_end(processes: list[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Waits until the processes have ended; returns those that live on after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    alive = [process for process in processes if is_alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_S)
        alive = [process for process in alive if is_alive(process)]
    return alive


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)

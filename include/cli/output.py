"""What every command shares: where words and results go, progress, and the exit codes."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from include import errors

if TYPE_CHECKING:
    from rich.console import Console

    from include.results import LoadResult


class ExitCode(IntEnum):
    """What a command's exit code says to a script."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    LOADED_WITH_REJECTS = 3
    HELD = 4
    INTERRUPTED = 130  # the shells' own: 128 + SIGINT


class Panel(StrEnum):
    """The headings of the help page."""

    STACK = "The stack"
    DATA = "Data"
    DEVELOPMENT = "Development"


# Looked up along an error's ancestors: the nearest one that is listed decides.
EXIT_CODES: dict[type[BaseException], ExitCode] = {
    errors.UsageError: ExitCode.WRONG_USAGE,
    errors.HeldError: ExitCode.HELD,
    errors.LongshoreError: ExitCode.FAILED,
    KeyboardInterrupt: ExitCode.INTERRUPTED,
    Exception: ExitCode.FAILED,
}

# When several results end one command, the worst decides.
SEVERITY = (
    ExitCode.DONE,
    ExitCode.LOADED_WITH_REJECTS,
    ExitCode.HELD,
    ExitCode.WRONG_USAGE,
    ExitCode.FAILED,
    ExitCode.INTERRUPTED,
)


def words() -> Console:
    """For people: standard error, so that standard output holds results only."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def results() -> Console:
    """For results that people read as tables: standard output."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(value: Any) -> None:
    """Prints one JSON document on standard output; dates and paths become text."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """Shows what is going on, with the seconds it takes; yields the function that says what it is now.

    On a terminal one line that is replaced, elsewhere (a log, CI) one line for each change.
    """
    console = words()
    if not console.is_terminal:
        console.print(first, markup=False)
        yield lambda text: console.print(text, markup=False)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(first)
        yield lambda text: bar.update(task, description=text)


def exit_code_of(loads: Iterable[LoadResult]) -> ExitCode:
    """The exit code that says how these loads ended: the worst of them."""
    return worst(_load_exit_code(load) for load in loads)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that a script most needs to know of; DONE where there is none."""
    return max(codes, key=SEVERITY.index, default=ExitCode.DONE)


def _load_exit_code(load: LoadResult) -> ExitCode:
    by_status = {"failed": ExitCode.FAILED, "held": ExitCode.HELD}
    rejects = ExitCode.LOADED_WITH_REJECTS if load.counts.rejected else ExitCode.DONE
    return by_status.get(load.status.value, rejects)


def report_error(error: BaseException) -> ExitCode:
    """Says what went wrong and what to do next, on standard error; with a traceback only where LONGSHORE_DEBUG=1."""
    if os.environ.get("LONGSHORE_DEBUG") == "1":
        traceback.print_exception(error)
    else:
        what, remedy = _explained(error)
        words().print(f"[bold red]error:[/] {_literal(what)}")
        if remedy:
            words().print(f"       {_literal(remedy)}")
    return exit_code_for(error)


def exit_code_for(error: BaseException) -> ExitCode:
    """The exit code of a command that ended with this error."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), ExitCode.FAILED)


def _explained(error: BaseException) -> tuple[str, str]:
    if isinstance(error, errors.LongshoreError):
        return error.what, error.remedy
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted.", ""
    return (
        f"Unexpected {type(error).__name__}: {error}",
        "This is a defect of Longshore. Run it again with LONGSHORE_DEBUG=1 and report the traceback.",
    )


def _literal(text: str) -> str:
    from rich.markup import escape

    return escape(text)

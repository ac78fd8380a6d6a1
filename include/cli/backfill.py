"""`backfill`: days of the past, through the running Airflow."""

from __future__ import annotations

import datetime as dt
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from include.cli.output import ExitCode, Panel, print_json, words, worst
from include.cli.rows import print_table
from include.cli.target import connector
from include.errors import SetupError, UsageError

if TYPE_CHECKING:
    from include.stack.backfill import Call, DayRun, Range

HELP = """Load the deliveries of past days through the running Airflow.

\b
  ./longshore backfill 2026-01-01 2026-01-31
  ./longshore backfill 2026-01-01 2026-01-31 --store sunrise
  ./longshore backfill 2026-01-01 2026-01-31 --reprocess completed

\b
One run of the DAG commerce_to_postgres for each day, both days included.
Days that have a run already are left alone unless --reprocess says so; what
is loaded already is not loaded again unless --force. Ctrl-C stops watching,
the runs go on.

\b
Needs ./longshore up. Exit code: 0 all runs succeeded, 1 one failed, 3 rows
were rejected, 4 a delivery is held.
"""

REPROCESS = ("none", "completed", "failed")
FORMATS = ["%Y-%m-%d"]
SUMS = (
    *("day", "dataset", "status", "uploads", "rows_read"),
    *("inserted", "updated", "unchanged", "deleted", "rejected"),
)


def backfill(
    first: Annotated[dt.datetime, typer.Argument(metavar="FROM", formats=FORMATS, help="First day, YYYY-MM-DD.")],
    last: Annotated[dt.datetime, typer.Argument(metavar="UNTIL", formats=FORMATS, help="Last day, included.")],
    store: Annotated[str | None, typer.Option("--store", metavar="NAME", help="Only this store.")] = None,
    max_active_runs: Annotated[int, typer.Option("--max-active-runs", min=1, help="Runs at once.")] = 4,
    reprocess: Annotated[
        str,
        typer.Option(
            "--reprocess", metavar="WHICH", help="Days to run again: none, completed (failed ones too), failed."
        ),
    ] = "none",
    force: Annotated[bool, typer.Option("--force", help="Load again although these bytes are loaded.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """See HELP."""
    from include.stack.backfill import Range

    if reprocess not in REPROCESS:
        raise UsageError(f"--reprocess is {reprocess!r}.", f"Choose one of {', '.join(REPROCESS)}.")
    wanted = Range(first.date(), last.date(), store, max_active_runs, reprocess, force)  # type: ignore[arg-type]
    runs = _watch(_call(), wanted)
    loads = _loads(runs)
    if json:
        print_json({"days": [_as_json(run) for run in runs], "loads": loads})
    else:
        _print(runs, loads)
    raise typer.Exit(worst(_exit_code(run, loads) for run in runs))


def _call() -> Call:
    """Calls of the running stack's Airflow, signed in, and again where the token has run out."""
    from include.stack.lifecycle import stack
    from include.stack.readiness import AirflowApi

    own = stack()
    if not own.status().ready:
        raise SetupError("Airflow is not running, or not ready yet.", "Start it first: ./longshore up")
    api = AirflowApi(own.airflow)
    api.sign_in()

    def call(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            return api.call(method, path, body)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
        api.sign_in()
        return api.call(method, path, body)

    return call


def _watch(call: Call, wanted: Range) -> list[DayRun]:
    from include.stack.backfill import backfill as follow

    runs: list[DayRun] = []
    try:
        with _progress(len(wanted.days)) as report:
            for runs in follow(call, wanted):
                report(runs)
    except KeyboardInterrupt:
        words().print("Runs that were started go on; see them in the web interface.")
        raise
    return runs


@contextmanager
def _progress(days: int) -> Iterator[Callable[[list[DayRun]], None]]:
    """A bar over the days on a terminal, elsewhere one line for each day that has ended."""
    console = words()
    if console.is_terminal:
        with _bar(days) as report:
            yield report
        return
    told: set[dt.date] = set()

    def report_lines(runs: list[DayRun]) -> None:
        for run in runs:
            if run.ended and run.day not in told:
                told.add(run.day)
                console.print(f"{run.day} {run.state}", markup=False)

    yield report_lines


@contextmanager
def _bar(days: int) -> Iterator[Callable[[list[DayRun]], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=words(), transient=True) as bar:
        task = bar.add_task("starting", total=days)

        def report(runs: list[DayRun]) -> None:
            running = [run.day.isoformat() for run in runs if run.state == "running"]
            bar.update(task, description=", ".join(running) or "queued", completed=sum(run.ended for run in runs))

        yield report


def _loads(runs: list[DayRun]) -> list[dict[str, Any]]:
    """What the ledger holds of the runs; nothing where no run has loaded anything yet."""
    from include.ledger.explain import sums
    from include.migrations.steps import applied
    from include.settings import settings

    with connector(settings().target) as connect, connect() as connection:
        if not applied(connection):
            return []
        return sums(connection, "airflow", [run.run_id for run in runs if run.run_id])


def _print(runs: list[DayRun], loads: list[dict[str, Any]]) -> None:
    print_table(("day", "run", "run id"), [(run.day, run.state, run.run_id) for run in runs])
    if any(run.state == "present" for run in runs):
        words().print(
            "present: left as it was, with what it loaded before; --reprocess completed runs it again, once ended"
        )
    typer.echo()
    if loads:
        print_table(SUMS, [[load[name] for name in SUMS] for load in loads])
    else:
        words().print("The ledger holds no load of these runs: nothing was delivered for these days.")
    for line in _next_steps(runs, loads):
        words().print(line, markup=False)


def _next_steps(runs: list[DayRun], loads: list[dict[str, Any]]) -> Iterator[str]:
    """What to type where not all went well."""
    if any(load["status"] == "held" for load in loads):
        yield "Held for a person: ./longshore uploads list --held"
    for run in runs:
        if _exit_code(run, loads) is ExitCode.FAILED:
            yield f"What failed: ./longshore report --day {run.day}"
    if any(load["rejected"] for load in loads):
        yield "Rejected rows: ./longshore rejects list"


def _as_json(run: DayRun) -> dict[str, str]:
    return {"day": run.day.isoformat(), "state": run.state, "run_id": run.run_id}


def _exit_code(run: DayRun, loads: list[dict[str, Any]]) -> ExitCode:
    of_day = [load for load in loads if load["day"] == run.day]
    statuses = {load["status"] for load in of_day}
    if run.state == "failed":
        return ExitCode.HELD if "held" in statuses and "failed" not in statuses else ExitCode.FAILED
    return ExitCode.LOADED_WITH_REJECTS if any(load["rejected"] for load in of_day) else ExitCode.DONE


def register(app: typer.Typer) -> None:
    """Adds `backfill`."""
    app.command("backfill", rich_help_panel=Panel.DATA, help=HELP)(backfill)

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from include import errors
from include.cli import app, output
from include.cli.output import ExitCode
from include.results import Counts, LoadResult, Status

# None of these may be imported before a command runs: they take 0.1 to 4 s.
HEAVY = {"airflow", "duckdb", "fsspec", "matplotlib", "pandas", "psycopg", "pyarrow", "pydantic", "sqlalchemy", "yaml"}


def load(status: Status = Status.LOADED, rejected: int = 0) -> LoadResult:
    return LoadResult("orders", status, Counts(rows_read=rejected, rejected=rejected))


def test_help_imports_nothing_that_is_slow() -> None:
    program = "import sys; from include.cli.app import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    slow = HEAVY & {name.partition(".")[0] for name in done.stderr.split()}
    assert not slow, f"import {', '.join(slow)} inside the commands that need them"


def test_help_lists_the_commands_in_the_order_in_which_they_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--help"]) == ExitCode.DONE
    page = capsys.readouterr().out
    positions = [page.index(f"│ {name} ") for name in ("up", "down", "status", "logs", "test")]
    assert positions == sorted(positions)


@pytest.mark.parametrize("words", [["no-such-noun"], ["up", "--no-such-option"], ["logs", "no-such-process"]])
def test_wrong_usage_is_exit_code_2_and_says_what_is_wrong(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(words) == ExitCode.WRONG_USAGE
    assert "no-such" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("a"), ExitCode.WRONG_USAGE),
        (errors.HeldError("a"), ExitCode.HELD),
        (errors.BudgetError("a"), ExitCode.FAILED),
        (errors.LongshoreError("a"), ExitCode.FAILED),
        (ValueError("a"), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: ExitCode) -> None:
    assert output.exit_code_for(error) == code


def test_an_error_is_told_with_its_remedy_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LONGSHORE_DEBUG", raising=False)
    assert output.report_error(errors.SetupError("No [such] table.", "Run the migrations.")) == ExitCode.FAILED
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.strip() for line in told.err.splitlines()] == ["error: No [such] table.", "Run the migrations."]


def test_the_traceback_is_there_for_those_who_ask(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_DEBUG", "1")
    try:
        raise errors.SetupError("No such table.")
    except errors.SetupError as error:
        output.report_error(error)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("loads", "code"),
    [
        ([], ExitCode.DONE),
        ([load(), load(Status.UNCHANGED), load(Status.SKIPPED)], ExitCode.DONE),
        ([load(), load(rejected=1)], ExitCode.LOADED_WITH_REJECTS),
        ([load(rejected=1), load(Status.HELD)], ExitCode.HELD),
        ([load(Status.HELD), load(Status.FAILED, rejected=3)], ExitCode.FAILED),
    ],
)
def test_the_worst_load_decides_the_exit_code(loads: list[LoadResult], code: ExitCode) -> None:
    assert output.exit_code_of(loads) == code


def test_status_as_json_speaks_on_standard_output_alone_and_holds_no_password(
    capsys: pytest.CaptureFixture[str], environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(LONGSHORE_HOME=str(tmp_path))
    assert app.main(["status", "--json"]) == ExitCode.FAILED
    told = capsys.readouterr()
    status = json.loads(told.out)
    assert (status["running"], status["ready"], told.err) == (False, False, "")
    assert [process["name"] for process in status["processes"]] == [
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
    ]


def test_down_where_nothing_runs_says_so(
    capsys: pytest.CaptureFixture[str], environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(LONGSHORE_HOME=str(tmp_path))
    assert app.main(["down"]) == ExitCode.DONE
    assert "Nothing was running." in capsys.readouterr().out


def test_logs_shows_the_end_of_each_log(
    capsys: pytest.CaptureFixture[str], environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(LONGSHORE_HOME=str(tmp_path))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "scheduler.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "logs" / "triggerer.log").write_text("four\n")
    assert app.main(["logs", "-n", "2"]) == ExitCode.DONE
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["scheduler", "two"],
        ["scheduler", "three"],
        ["triggerer", "four"],
    ]
    assert app.main(["logs", "scheduler", "-n", "1"]) == ExitCode.DONE
    assert capsys.readouterr().out == "three\n"

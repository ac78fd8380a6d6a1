from __future__ import annotations

import subprocess
import sys

import pytest

from include.cli.rows import cell_text, encode, print_table
from tests.cli.conftest import Run


def test_rows_are_a_list_of_objects_with_every_digit(run: Run, database: str) -> None:
    ended = run(
        "query",
        "SELECT 1 AS a, 12345678901234567890.10 AS n, 9007199254740993 AS b, date '2026-03-01' AS d,"
        " timestamptz '2026-03-01 10:00+00' AS t, ARRAY[1.10, 2] AS l, '{\"k\": 1.10}'::jsonb AS j, NULL AS x,"
        " true AS y, 'NaN'::numeric AS nan, '\\x00ff'::bytea AS r",
        "--json",
        "--target",
        database,
    )
    assert ended.code == 0
    assert '"n": 12345678901234567890.10,' in ended.out
    assert '"l": [1.10, 2]' in ended.out
    assert '"j": {"k": 1.10}' in ended.out
    (row,) = ended.json()
    assert (row["a"], row["b"], row["d"], row["x"], row["y"]) == (1, 9007199254740993, "2026-03-01", None, True)
    assert (row["nan"], row["r"]) == ("NaN", "00ff")
    assert row["t"].startswith("2026-03-01T10:00:00")


def test_no_rows_are_an_empty_list(run: Run, database: str) -> None:
    assert run("query", "SELECT 1 AS a WHERE false", "--json", "--target", database).json() == []


def test_a_table_shows_every_cell_whole(run: Run, database: str) -> None:
    ended = run("query", "SELECT repeat('x', 300) AS long, 5 AS number", "--target", database)
    assert ended.code == 0
    assert "x" * 300 + "       5" in ended.out
    assert "1 row" in ended.err


def test_several_statements_are_refused(run: Run, database: str) -> None:
    ended = run("query", "SELECT 1; SELECT 2", "--target", database)
    assert (ended.code, ended.out) == (2, "")
    assert "several statements" in ended.err


def test_nothing_is_written_unless_asked_for(run: Run, database: str) -> None:
    refused = run("query", "CREATE TABLE mine (a integer)", "--target", database)
    assert refused.code == 2
    assert "--write" in refused.err
    assert run("query", "CREATE TABLE mine (a integer)", "--write", "--target", database).code == 0
    assert run("query", "TABLE mine", "--json", "--target", database).json() == []


@pytest.mark.parametrize("statement", ["SELEC 1", "SELECT * FROM no_such_table"])
def test_a_statement_that_is_wrong_ends_with_2(run: Run, database: str, statement: str) -> None:
    ended = run("query", statement, "--target", database)
    assert ended.code == 2
    assert "PostgreSQL refuses" in ended.err


def test_columns_of_one_name_cannot_be_an_object(run: Run, database: str) -> None:
    ended = run("query", "SELECT 1 AS a, 2 AS a", "--json", "--target", database)
    assert (ended.code, ended.out) == (2, "")


def test_json_needs_a_statement(run: Run, database: str) -> None:
    assert run("query", "--json", "--target", database).code == 2


def test_without_a_statement_psql_reads_standard_input(database: str) -> None:
    script = (
        "SELECT 'rows: ' || count(*) FROM pg_database WHERE datname = current_database();\nCREATE TABLE t (a int);\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", "query", "--target", database],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "rows: 1" in done.stdout
    assert "read-only transaction" in done.stderr


def test_the_password_is_no_argument_of_psql(database: str) -> None:
    program = "SELECT 1;\n\\! tr '\\0' ' ' < /proc/$PPID/cmdline\n"
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", "query", "--target", database],
        input=program,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "psql" in done.stdout
    assert database not in done.stdout


def test_cells_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a"], [["\x1b[2J\n"]])
    assert "\x1b" not in capsys.readouterr().out
    assert cell_text("\x1b[2J") == "\\x1b[2J"


def test_an_empty_table_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_table(["a", "long name"], []) == 0
    assert capsys.readouterr().out == "a  long name\n-  ---------\n"


def test_infinite_numbers_are_text_in_json() -> None:
    assert encode([float("inf"), float("nan"), 1.5]) == '["inf", "nan", 1.5]'

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from include.cli.app import main
from include.errors import HeldError
from tests.pipelines.tables.conftest import ARTICLES, Desk

HEADER = "article,title,price\n"
BY_SOURCE = f"{ARTICLES}scope: source\n"


@pytest.fixture
def desk(migrated_database: str, connection: Connection[Any], tmp_path: Path) -> Desk:
    return Desk(migrated_database, tmp_path, connection)


def commands(message: str) -> list[list[str]]:
    """The words of each command that the message gives, without the program's name."""
    return [shlex.split(found) for found in re.findall(r"`\./longshore ([^`]+)`", message)]


@pytest.mark.parametrize(("contract", "source"), [(ARTICLES, None), (BY_SOURCE, "north wharf")])
def test_each_command_that_a_held_table_advises_can_be_run_and_the_last_one_lets_it_through(
    desk: Desk, contract: str, source: str | None
) -> None:
    desk.load(f"{HEADER}1,Lamp,1\n2,Shade,2\n", contract, source=source)
    with pytest.raises(HeldError) as held:
        desk.load("", contract, source=source)
    ((noted,),) = desk.rows("SELECT message FROM ledger.loads WHERE status = 'held'")
    assert noted == str(held.value), "the ledger advises what the person is told"
    file = str(desk.folder / "contract.yaml")
    look, accept = [[file if word == "CONTRACT" else word for word in words] for words in commands(noted)]
    assert main([*look, "--target", desk.url]) == 0
    assert desk.rows("SELECT count(*) FROM erp.articles") == [(2,)]
    assert main([*accept, "--target", desk.url]) == 0
    assert desk.rows("SELECT count(*) FROM erp.articles") == [(0,)]


def test_an_empty_file_is_held_with_the_count_of_rows_that_the_load_before_read(desk: Desk) -> None:
    with pytest.raises(HeldError, match="none of it was loaded before"):
        desk.load("")
    desk.load(f"{HEADER}1,Lamp,1\n2,Shade,2\n3,Cord,dear\n", f"{ARTICLES}max_rejected_percent: 50\n")
    with pytest.raises(HeldError, match="the load before read 3 rows"):
        desk.load("")


def test_a_table_is_not_held_because_its_file_has_another_name_than_the_one_before(desk: Desk) -> None:
    desk.load(f"{HEADER}1,Lamp,1\n")
    file = desk.write("later.csv", f"{HEADER}1,Lamp,2\n")
    words = ["load", "table", str(file), "--contract", str(desk.folder / "contract.yaml"), "--target", desk.url]
    assert main(words) == 0
    assert desk.rows("SELECT price::int FROM erp.articles") == [(2,)]

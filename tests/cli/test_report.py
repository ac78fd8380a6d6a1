from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import CATALOG, FAULTY_ORDERS, INVENTORY, ORDERS, Deliver, Ended, Run

DAY = "2026-03-01"
Report = Callable[..., Ended]


@pytest.fixture
def report(run: Run, database: str, tmp_path: Path, environment: Callable[..., None]) -> Report:
    """Asks about the day, after each file was loaded; `acme` alone is listed."""
    stores = tmp_path / "stores.yaml"
    stores.write_text("stores: {acme: {}}")
    environment(LONGSHORE_STORES_FILE=str(stores), LONGSHORE_LANDING=str(tmp_path))

    def ask(*words: str) -> Ended:
        run("load", "commerce", tmp_path / "acme" / DAY, "--target", database)
        return run("report", "--day", DAY, *words, "--target", database)

    return ask


def test_all_is_well_and_says_so(report: Report, deliver: Deliver) -> None:
    deliver(catalog=CATALOG, inventory=INVENTORY, orders=ORDERS)
    ended = report()
    assert (ended.code, "Nothing to do." in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("files", "code", "title", "command"),
    [
        ({"orders": FAULTY_ORDERS}, 3, "Rejected rows", "./longshore rejects list --load 4"),
        ({"catalog": ""}, 4, "Held for a person", f"./longshore uploads show acme/{DAY}"),
        ({"catalog": "no,such\n1,2\n"}, 1, "Failed", f"./longshore uploads show acme/{DAY}"),
    ],
)
def test_what_is_to_be_looked_at_decides_the_exit_code_and_names_the_next_command(
    report: Report, deliver: Deliver, files: dict[str, str], code: int, title: str, command: str
) -> None:
    deliver(**{"catalog": CATALOG, "inventory": INVENTORY, "orders": ORDERS, **files})
    ended = report()
    assert ended.code == code
    assert title in ended.out
    assert command in ended.out


def test_what_is_late_ends_with_1_whatever_else_there_is(report: Report, deliver: Deliver) -> None:
    deliver(catalog="", orders=FAULTY_ORDERS)
    ended = report("--json")
    assert ended.code == 1
    facts = ended.json()
    assert [finding["kind"] for finding in facts["findings"]] == ["late", "held", "rejects"]
    assert facts["findings"][0]["datasets"] == ["inventory"]
    (store,) = facts["stores"]
    assert (store["store"], store["state"], store["missing"]) == ("acme", "late", ["inventory"])
    assert "3 times the median" in facts["slow_rule"]


def test_a_database_without_a_ledger_says_to_load_first(run: Run, database: str) -> None:
    ended = run("report", "--target", database)
    assert (ended.code, "longshore load commerce" in ended.err) == (1, True)

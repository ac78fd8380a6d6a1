from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.cli.app import main

CATALOG = "variant_id,handle,title,sku,price\nv1,lamp,Lamp,L-1,10.50\nv2,lamp,Lamp,L-2,12\n"
INVENTORY = "variant_id,location,available\nv1,Shop,3\nv2,Shop,0\n"
ORDERS = (
    "order_id,created_at,currency,quantity,unit_price,variant_id\n"
    "#1,2026-03-01 10:00:00,EUR,1,10.50,v1\n"
    "#1,,,2,12.00,v2\n"
    "#2,2026-03-01 11:00:00,EUR,1,12.00,v9\n"
)
# The second record's quantity is no number.
FAULTY_ORDERS = ORDERS.replace("#1,,,2,", "#1,,,two,")


@dataclass(frozen=True)
class Ended:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]
Deliver = Callable[..., Path]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""

    def command(*words: object) -> Ended:
        capfd.readouterr()
        code = main([str(word) for word in words])
        said = capfd.readouterr()
        return Ended(int(code), said.out, said.err)

    return command


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Writes a delivery's files (without their suffix, dashes as underscores) and returns its folder."""

    def write(store: str = "acme", day: str = "2026-03-01", **files: str) -> Path:
        folder = tmp_path / store / day
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def loaded(run: Run, deliver: Deliver, database: str) -> str:
    """URL of a database that holds one delivery with a reject: loads 1 to 5 (4 is order_lines)."""
    folder = deliver(catalog=CATALOG, inventory=INVENTORY, orders=FAULTY_ORDERS)
    assert run("load", "commerce", folder, "--target", database).code == 3
    return database

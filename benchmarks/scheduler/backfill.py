"""Backfills the days of UCI Online Retail through Airflow, and compares the tables with the files.

    ./longshore up
    PYTHONPATH=. .venv/bin/python -m benchmarks.scheduler.backfill FOLDER [--max-active-runs 2] [--json]

FOLDER holds one file a day, named <YYYY-MM-DD>.csv (databricks/Spark-The-Definitive-Guide, data/retail-data/by-day,
CC BY 4.0). They are laid out as deliveries of the store `online-retail`, all days from the first to the last are
backfilled, days without a file too, and then once more with `--reprocess completed`, which must change nothing.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from include.postgres.session import connect
from include.settings import PROJECT_ROOT, settings
from include.stack.postgres import target_url

STORE = "online-retail"

# Exit codes of `longshore backfill` that mean that all days were loaded (with rejects or without).
LOADED = (0, 3)


@dataclass(frozen=True, slots=True)
class Sums:
    """What must be the same in the files and in the tables. `money` is quantity times unit price."""

    days: int
    lines: int
    quantity: int
    money: Decimal


def measure(folder: Path, max_active_runs: int) -> dict[str, Any]:
    """Lays out, backfills twice and compares.

    Raises:
        SystemExit: a backfill failed, or the tables and rejects do not add up to the files.
    """
    files = sorted(folder.glob("????-??-??.csv"))
    days = [dt.date.fromisoformat(file.stem) for file in files]
    lay_out(files)
    first_s = backfill(days, max_active_runs, "none")
    written = loads()
    again_s = backfill(days, max_active_runs, "completed")
    delivered, stored = sums_of_files(files), sums_of_tables()
    if (delivered, loads()["changed"]) != (stored, written["changed"]):
        raise SystemExit(f"The files hold {delivered}, the tables {stored}; loads {written}, then {loads()}.")
    return {
        "calendar_days": (days[-1] - days[0]).days + 1,
        **asdict(stored),
        "rejected": written["rejected"],
        "backfill_s": round(first_s, 1),
        "again_s": round(again_s, 1),
    }


def lay_out(files: Iterable[Path]) -> None:
    """Copies each day's file to where a delivery of that day lies."""
    for file in files:
        folder = settings().home / "landing" / STORE / file.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / "orders.csv")


def backfill(days: list[dt.date], max_active_runs: int, reprocess: str) -> float:
    """Runs the backfill through the command line; returns its seconds."""
    command = [PROJECT_ROOT / "longshore", "backfill", days[0].isoformat(), days[-1].isoformat()]
    options = ["--max-active-runs", str(max_active_runs), "--reprocess", reprocess, "--json"]
    started = time.perf_counter()
    done = subprocess.run([*command, *options], check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in LOADED:
        raise SystemExit(f"The backfill ended with exit code {done.returncode}.")
    return time.perf_counter() - started


def sums_of_files(files: Iterable[Path]) -> Sums:
    """The files' own sums, read with Python's csv module."""
    days = lines = quantity = 0
    money = Decimal(0)
    for file in files:
        days += 1
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                lines += 1
                quantity += int(row["Quantity"])
                money += int(row["Quantity"]) * Decimal(row["UnitPrice"])
    return Sums(days, lines, quantity, money)


def sums_of_tables() -> Sums:
    """The same sums of the store's order lines."""
    query = (
        "SELECT count(DISTINCT upload_id), count(*), sum(quantity)::bigint, sum(quantity * unit_price)"
        " FROM commerce.order_lines JOIN commerce.uploads USING (upload_id) WHERE store = %s"
    )
    with connect(target_url()) as connection:
        return Sums(*connection.execute(query, [STORE]).fetchall()[0])


def loads() -> dict[str, int]:
    """How many loads changed anything, and how many rows were rejected."""
    query = (
        "SELECT count(*) FILTER (WHERE inserted + updated + deleted > 0), coalesce(sum(rejected), 0)::bigint"
        " FROM ledger.loads WHERE store = %s AND dataset = 'order_lines'"
    )
    with connect(target_url()) as connection:
        changed, rejected = connection.execute(query, [STORE]).fetchall()[0]
    return {"changed": changed, "rejected": rejected}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-active-runs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.folder, arguments.max_active_runs)
    if arguments.json:
        json.dump(result, sys.stdout, default=str)
        return
    for name, value in result.items():
        print(f"{name:14} {value}")


if __name__ == "__main__":
    main()

"""Figures kept as a dated file, with what a reader needs to know of the machine and nothing that names it."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import Row

FOLDER = Path(__file__).parent / "results"


def save(rows: Sequence[Row], asked_rows: int, rounds: int, folder: Path = FOLDER) -> Path:
    """Writes <folder>/<YYYY-MM-DD>.json; what other benchmarks left in the file of the same day stays.

    Args:
        rows: what was measured.
        asked_rows: the number of rows that was asked for.
        rounds: counted rounds.
        folder: where to; made where absent.
    """
    today = dt.datetime.now(dt.UTC).date().isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{today}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"asked": {}, "figures": []}
    asked = {"rows": asked_rows, "rounds": rounds, "load_average": [round(load, 2) for load in os.getloadavg()]}
    benches = dict.fromkeys(row.bench for row in rows)
    document = {
        "day": today,
        "machine": machine(),
        "asked": kept["asked"] | dict.fromkeys(benches, asked),
        "figures": [
            *(figure for figure in kept["figures"] if figure["bench"] not in benches),
            *({**row.as_json(), "note": row.note} for row in rows),
        ],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """Cores, memory and versions; no names and no paths."""
    from include.stack.cluster import server_version

    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": server_version(),
    }

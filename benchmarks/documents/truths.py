"""Where the collections lie that documents are measured with, and how they are read."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = "LONGSHORE_SHARED_DATA"


def truths() -> Path:
    """The folder of the collections; SystemExit where it is missing."""
    candidates = [os.environ.get(SHARED), ROOT.parent / "shared" / "data", ROOT.parents[1] / "shared" / "data"]
    found = next(
        (Path(folder) / "truths" for folder in candidates if folder and (Path(folder) / "truths").is_dir()), None
    )
    if found is None:
        raise SystemExit(f"bench documents: no collections; name their folder by {SHARED}")
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    """All objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def grades(folder: Path) -> dict[str, dict[str, float]]:
    """Of each question, the documents that answer it and how well."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for line in lines(folder / "qrels.jsonl"):
        found[line["query"]][line["doc"]] = line["grade"]
    return found

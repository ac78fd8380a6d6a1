"""Runs one way of one peer in the venv that called it: `python -m benchmarks.peers SCRIPT WAY`, the work on stdin.

The imports of the script come before the clock. The seconds go to the file `seconds` in the work's folder, since some
peers print.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path

from benchmarks.peers.work import PeerWork


def main() -> None:
    """Imports, reads the work, does it, writes down its seconds."""
    script, way = sys.argv[1:]
    load = getattr(import_module(f"benchmarks.peers.others.{script}"), way)
    work = PeerWork(**json.load(sys.stdin))
    started = time.perf_counter()
    load(work)
    seconds = time.perf_counter() - started
    (Path(work.folder) / "seconds").write_text(str(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()

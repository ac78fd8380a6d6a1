"""pgloader: its own CSV reader, COPY in batches that are halved around a bad row, two writers at work."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers.work import BATCH_ROWS, COLUMNS, SCHEMA, TABLE, PeerWork

COMMAND = """LOAD CSV
    FROM '{file}' ({fields})
    INTO {url}
    TARGET TABLE {schema}.{table} ({fields})
    WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote,
         fields terminated by ',', batch rows = {batch_rows}, prefetch rows = {prefetch_rows},
         workers = 4, concurrency = 2
    SET timezone TO 'UTC';
"""

# pgloader's default is 25,000 rows a batch, and it holds the batches of the queue in memory.
BATCHES_AHEAD = 10


def append(work: PeerWork) -> None:
    """Batches commit by themselves; bad rows go to files beside."""
    folder = Path(work.folder)
    command = folder / "lines.load"
    command.touch(mode=0o600)  # the password stands in it
    command.write_text(
        COMMAND.format(
            file=work.file,
            fields=", ".join(COLUMNS),
            url=work.url,
            schema=SCHEMA,
            table=TABLE,
            batch_rows=BATCH_ROWS * 2,
            prefetch_rows=BATCH_ROWS * 2 * BATCHES_AHEAD,
        ),
        encoding="utf-8",
    )
    words = folder / "pgloader.log"
    done = subprocess.run(
        ["pgloader", "--root-dir", str(folder), "--logfile", str(words), str(command)],
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "said.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        raise SystemExit(f"pgloader ended with exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")

"""pgloader: its own CSV reader, COPY in batches that are cut around a bad row."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers.work import COLUMNS, SCHEMA, TABLE, PeerWork

COMMAND = """LOAD CSV
    FROM '{file}' ({fields})
    INTO {url}
    TARGET TABLE {schema}.{table} ({fields})
    WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote,
         fields terminated by ',', batch rows = {batch_rows}, prefetch rows = {prefetch_rows},
         workers = 2, concurrency = 1
    SET timezone TO 'UTC';
"""

# Rows of a batch, and rows read ahead. On two cores one writer with twice the default batch of 25,000 was the fastest
# of what was tried (2 and 4 workers; 20,000 and 50,000 rows).
BATCH = 50_000
AHEAD = 500_000


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
            batch_rows=BATCH,
            prefetch_rows=AHEAD,
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

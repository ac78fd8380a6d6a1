r"""psql's `\copy`: the client sends the file's bytes, the server parses them into a typed table."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers.work import SCHEMA, TABLE, PeerWork


def append(work: PeerWork) -> None:
    """One COPY in one transaction; it knows no variables, so the file is given by a link of a plain name."""
    link = Path(work.folder) / "lines.csv"
    link.unlink(missing_ok=True)
    link.symlink_to(work.file)
    copy = rf"\copy {SCHEMA}.{TABLE} FROM 'lines.csv' (FORMAT csv, HEADER)"
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", copy]
    subprocess.run(command, cwd=work.folder, env=work.libpq_environment(), check=True)

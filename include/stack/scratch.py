"""Homes that live as long as one command, such as a test session, and leave nothing behind, however it ends."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from include.errors import TransientError
from include.stack.postgres import EmbeddedPostgres
from include.stack.processes import end_processes, marked_beneath, with_children
from include.stack.state import file_lock, make_folder

# Seconds that processes of a home that is given up may take to end by themselves: nothing of theirs is kept.
GRACE_S = 2.0


@contextmanager
def scratch_home(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in `parent` for the length of the block; those of killed commands before it are removed as well.

    Args:
        parent: made where absent.
        prefix: what the folders of this kind begin with.
    """
    make_folder(parent)
    for old in parent.glob(f"{prefix}*"):
        with suppress(TransientError), file_lock(_lock_of(old), timeout_s=0):  # nobody holds it: its command is dead
            remove_home(old)
    home = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    with file_lock(_lock_of(home)):
        try:
            yield home
        finally:
            remove_home(home)


def remove_home(home: Path) -> None:
    """Ends every process and server at work in the folder or beneath it, then deletes it."""
    end_processes(with_children(marked_beneath(home)), GRACE_S)
    for pid_file in list(home.rglob("postmaster.pid")):  # the walk would stumble over what is deleted
        EmbeddedPostgres(pid_file.parents[1]).destroy()
    shutil.rmtree(home, ignore_errors=True)


def _lock_of(home: Path) -> Path:
    return home / "in-use.lock"

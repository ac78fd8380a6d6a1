"""What the stack remembers between commands: files that are whole or absent, private where they must be, and locks."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.errors import SetupError, TransientError

# Seconds between two looks at a lock that another process holds: short beside what is done under it (1 s and more).
LOCK_POLL_S = 0.1


@contextmanager
def file_lock(path: Path, timeout_s: float = 180.0) -> Iterator[None]:
    """Holds an exclusive lock on `path` for the length of the block; the kernel frees it when the process dies.

    Raises:
        TransientError: another process held it for `timeout_s` seconds.
        SetupError: the lock file cannot be written.
    """
    make_folder(path.parent)
    try:
        handle = path.open("a+")
    except PermissionError as error:
        raise SetupError(
            f"{path} cannot be written by this user.", "Use the user that made it, or set LONGSHORE_HOME."
        ) from error
    with handle:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(handle.fileno()):
            if time.monotonic() > deadline:
                raise TransientError(
                    f"Another command of this project has held {path} for {timeout_s:.0f} s.", "Let it end, try again."
                )
            time.sleep(LOCK_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_folder(folder: Path, mode: int = 0o755) -> Path:
    """The folder, made with its parents where absent.

    Raises:
        SetupError: a parent is no folder or cannot be written.
    """
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror}.", "Set LONGSHORE_HOME to a folder you can write."
        ) from error
    return folder


def write_private(path: Path, text: str) -> None:
    """Writes the file in one step, readable by its owner only (mode 0600)."""
    make_folder(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    Path(name).replace(path)


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as JSON in one step (mode 0600)."""
    write_private(path, json.dumps(value, indent=1) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty where the file is absent or holds none (it is made again then)."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}

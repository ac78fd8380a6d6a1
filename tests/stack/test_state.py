from __future__ import annotations

import multiprocessing
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from include.errors import SetupError, TransientError
from include.stack.state import file_lock, make_folder, read_json, write_json, write_private

HOLDER = """
import pathlib, sys, time
from include.stack.state import file_lock
with file_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _add_one(folder: Path, times: int) -> None:
    for _ in range(times):
        with file_lock(folder / "lock"):
            count = read_json(folder / "count.json").get("count", 0)
            write_json(folder / "count.json", {"count": count + 1})


def test_what_is_done_under_the_lock_is_done_by_one_process_at_a_time(tmp_path: Path) -> None:
    workers = [multiprocessing.Process(target=_add_one, args=(tmp_path, 20)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert read_json(tmp_path / "count.json") == {"count": 60}


def test_a_lock_that_is_not_given_back_in_time_is_named(tmp_path: Path) -> None:
    second = file_lock(tmp_path / "lock", timeout_s=0.2)
    with file_lock(tmp_path / "lock"), pytest.raises(TransientError, match="lock"), second:
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with file_lock(tmp_path / "lock", timeout_s=5):
        pass


def test_a_private_file_is_readable_by_its_owner_only_and_leaves_no_draft(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "first")
    write_private(tmp_path / "secret", "second")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_text() == "second"


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_file_that_holds_no_object_counts_as_absent(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert read_json(tmp_path / "state.json") == {}


def test_a_folder_that_cannot_be_made_names_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="LONGSHORE_HOME"):
        make_folder(tmp_path / "file" / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

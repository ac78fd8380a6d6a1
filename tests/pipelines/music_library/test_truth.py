"""The bars on the readers' truth."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from benchmarks.music_library.passages import chapters, cue_sheets
from benchmarks.music_library.truth import fields
from include.errors import FileError
from include.pipelines.music_library.database.write import write
from include.pipelines.music_library.prepare import prepare
from include.pipelines.music_library.prepared import PreparedFile


def test_98_percent_of_fields_on_which_readers_agree_are_right(truth: Path) -> None:
    found = list(fields(truth))
    assert len(found) > 1000
    assert sum(field.right for field in found) / len(found) >= 0.98


def test_95_percent_of_cue_sheets_and_chapters_are_read_as_expected(truth: Path) -> None:
    found = [*cue_sheets(truth), *chapters(truth)]
    assert len(found) > 30
    assert sum(case.right for case in found) / len(found) >= 0.95


def test_all_files_are_stored_and_a_second_time_change_nothing(truth: Path, library: Connection[Any]) -> None:
    files = [(str(path.relative_to(truth)), file) for path, file in readable(truth / "files")]
    first = write(library, "truth", files)
    again = write(library, "truth", files)
    assert (first.files, first.written["passages"]) == (len(files), first.passages)
    assert set(again.written.values()) | set(again.deleted.values()) == {0}


def readable(folder: Path) -> Iterator[tuple[Path, PreparedFile]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with contextlib.suppress(FileError):
            yield path, prepare(path)


def test_every_broken_file_is_refused(truth: Path) -> None:
    cases = [json.loads(line) for line in (truth / "broken.jsonl").read_text(encoding="utf-8").splitlines()]
    for case in cases:
        with pytest.raises(FileError):
            prepare(truth / "files" / case["file"])

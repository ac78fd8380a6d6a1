"""How many of the 145 documents are read right: encodings, headings, main text, and defects as their line says."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.documents.truths import lines, truths
from include.errors import FileError
from include.pipelines.documents.formats.decoding import Decoded, decode
from include.pipelines.documents.formats.document import ReadFile
from include.pipelines.documents.formats.html import read_html
from include.pipelines.documents.formats.read import read_file

Line = Mapping[str, Any]

BAR = 0.95

# Words of the main text that agree with the expected ones, as F1 of the two bags of words.
MAIN_TEXT = 0.9

# Defects that must be refused; all others must be read.
REFUSED = ("reject",)


def measure() -> tuple[int, int, list[str]]:
    """Documents read right, all documents, and what is wrong with the others."""
    folder = truths() / "documents"
    truth = lines(folder / "truth.jsonl")
    faults = [f"{line['path']}: {fault}" for line in truth if (fault := _fault(folder, line))]
    return len(truth) - len(faults), len(truth), faults


def _fault(folder: Path, line: Line) -> str | None:
    path = folder / line["path"]
    try:
        read = read_file(path, line["path"])
    except FileError as error:
        return None if str(line.get("expect", "")).startswith(REFUSED) else str(error)
    if str(line.get("expect", "")).startswith(REFUSED) and " or " not in line["expect"]:
        return "read, and should be refused"
    checks: tuple[Callable[[Path, Line, ReadFile], str | None], ...] = (
        _text,
        _headings,
        _main,
        _records,
        _lines,
        _source,
    )
    return next((fault for check in checks if (fault := check(folder, line, read))), None)


def _text(folder: Path, line: Line, read: ReadFile) -> str | None:
    if "text_sha256" not in line or line["format"] == "jsonl":
        return None
    text = decode((folder / line["path"]).read_bytes(), line["path"]).text
    digests = {
        hashlib.sha256(unicodedata.normalize("NFC", one).encode()).hexdigest() for one in (text, f"\ufeff{text}")
    }
    return None if line["text_sha256"] in digests else f"decoded as {read.documents[0].encoding}"


def _headings(folder: Path, line: Line, read: ReadFile) -> str | None:
    if "headings" not in line:
        return None
    found = [(heading.level, " ".join(heading.text.split())) for heading in read.documents[0].headings]
    wanted = [(level, " ".join(text.split())) for level, text in line["headings"]]
    return None if found == wanted else f"{len(found)} headings, {len(wanted)} expected, or other words"


def _main(folder: Path, line: Line, read: ReadFile) -> str | None:
    if "main_text" not in line:
        return None
    expected = read_html(Decoded((folder / line["main_text"]).read_text(encoding="utf-8"), "utf-8"), "expected").text
    share = agreement(read.documents[0].text, expected)
    return None if share >= MAIN_TEXT else f"main text agrees by {share:.2f}"


def agreement(one: str, other: str) -> float:
    """F1 of two texts' words, as bags."""
    found, wanted = (Counter(re.findall(r"\w+", text)) for text in (one, other))
    return 2 * (found & wanted).total() / ((found.total() + wanted.total()) or 1)


def _records(folder: Path, line: Line, read: ReadFile) -> str | None:
    count = len(read.documents)
    return None if line.get("records", count) == count else f"{count} records"


def _lines(folder: Path, line: Line, read: ReadFile) -> str | None:
    if "lines" not in line:
        return None
    refused = {reject.line for reject in read.rejects}
    wrong = [
        number
        for number, expected in enumerate(line["lines"], 1)
        if (expected.startswith("reject") and number not in refused)
        or (expected.startswith("accept ") and number in refused and " or " not in expected)
    ]
    return f"lines {wrong}" if wrong else None


def _source(folder: Path, line: Line, read: ReadFile) -> str | None:
    """A document with a defect has no character that stands for a wrong one, nor a NUL."""
    text = json.dumps([document.text for document in read.documents], ensure_ascii=False)
    return "it holds NUL or replacement characters" if line.get("made_by") and re.search("\\\\u0000|\0", text) else None

"""Open rejects of a current load as a CSV that a person can mend and a replay reads again."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from include.errors import SetupError, UsageError
from include.ledger.replays import OpenReject, open_rejects
from include.loading.replay.cells import ADDED, Guard, guarded, guarded_raw
from include.loading.replay.reader import quoted
from include.loading.replay.subject import Selection
from include.pipelines.commerce.delivery.replay_subject import find_subject
from include.readers.record_bounds import split_raw, split_record

# Marks by Python's name of the encoding; UTF-8's is part of the codec utf-8-sig.
MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}

# Codes of records whose cells cannot be told apart as the header says.
WHOLE = frozenset({"quoting", "nul"})

LINE_END = "\r\n"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    `expired` counts open rejects that have no text any more; `encoding` is the file's. `by_contract`: their replay has
    to be told the contract.
    """

    load_id: int
    title: str
    rows: int
    expired: int
    encoding: str
    by_contract: bool


def export_rejects(
    connection: Connection[TupleRow],
    selection: Selection,
    path: Path,
    *,
    part: str | None = None,
    guard: Guard = Guard.APOSTROPHE,
) -> Exported:
    """Writes the open rejects of a current load in the form of the file that they came from.

    Header, delimiter and encoding are the file's, each record's text is what was delivered; the columns `ADDED` stand
    after it, whatever they hold safe for a spreadsheet. Text that the file's encoding lacks makes it UTF-8 with a mark.

    Args:
        connection: to a migrated database.
        selection: the load that is meant.
        path: the file to write, which must not exist.
        part: only the rejects of this file of the delivery.
        guard: whether the record's own cells get an apostrophe where a spreadsheet would run them.

    Raises:
        UsageError: the load is not the current one, parts differ in their form, there is nothing to write, or the file
            exists already.
        SetupError: the file cannot be written.
    """
    subject = find_subject(connection, selection)
    rejects = [reject for reject in open_rejects(connection, subject.main.load_id) if part in {None, reject.file}]
    kept = [reject for reject in rejects if reject.raw is not None]
    if not kept:
        raise _nothing(subject.title, len(rejects), part)
    form = _form(subject.title, subject.main.facts["parts"], {reject.file for reject in kept})
    lines = [_header(form, guard), *(_line(subject.main.load_id, reject, form, guard) for reject in kept)]
    encoding = _write(path, "".join(line + LINE_END for line in lines), form)
    expired = len(rejects) - len(kept)
    return Exported(subject.main.load_id, subject.title, len(kept), expired, encoding, subject.by_contract)


def _nothing(title: str, expired: int, part: str | None) -> UsageError:
    of = f" of the file {part}" if part else ""
    if expired:
        return UsageError(
            f"{title} has {expired} open rejects{of}, and the time to live of their text is over (reject_days).",
            "Mend the delivered file and load it again.",
        )
    return UsageError(f"{title} has no open rejects{of}.", "See them all: ./longshore rejects list --all")


def _form(title: str, parts: Sequence[Mapping[str, Any]], files: set[str]) -> Mapping[str, Any]:
    """What the files have in common: header, delimiter, encoding."""
    wanted = [facts for facts in parts if facts["file"] in files]
    forms = {(tuple(facts["header"]), facts["delimiter"], facts["encoding"]) for facts in wanted}
    if len(forms) > 1:
        names = ", ".join(sorted(files))
        raise UsageError(
            f"{title} has rejects in files that differ in header, delimiter or encoding: {names}.",
            "Export each by itself: --part NAME.",
        )
    return wanted[0]


def _header(form: Mapping[str, Any], guard: Guard) -> str:
    own = [guarded(name) if guard is Guard.APOSTROPHE else name for name in form["header"]]
    delimiter = str(form["delimiter"])
    return delimiter.join([*(_as_needed(name, delimiter) for name in own), *ADDED])


def _as_needed(cell: str, delimiter: str) -> str:
    return quoted(cell) if any(sign in cell for sign in (delimiter, '"', "\n", "\r")) else cell


def _line(load_id: int, reject: OpenReject, form: Mapping[str, Any], guard: Guard) -> str:
    delimiter, columns = str(form["delimiter"]), len(form["header"])
    text = reject.raw or ""
    own = None if reject.code in WHOLE else _own_cells(text, delimiter, columns)
    if own is not None and guard is Guard.APOSTROPHE:
        own = [guarded_raw(cell) for cell in own]
    added = (
        *(load_id, reject.file, reject.line, reject.record, reject.sequence),
        *(reject.column or "", reject.code, reject.reason, guard.value, text if own is None else ""),
    )
    return delimiter.join([*(own or [""] * columns), *(_as_needed(guarded(str(value)), delimiter) for value in added)])


def _own_cells(text: str, delimiter: str, columns: int) -> list[str] | None:
    """The record's cells as they stand there; None where they do not fit the header."""
    cells = split_record(text, delimiter)
    if len(cells) < columns or any(cells[columns:]):
        return None
    return split_raw(text, delimiter)[:columns]


def _write(path: Path, text: str, form: Mapping[str, Any]) -> str:
    encoding, marked = form["encoding"], form.get("encoding_mark", False)
    try:
        document = (MARKS.get(encoding, b"") if marked else b"") + text.encode(encoding)
        if marked and encoding == "utf-8":
            document = codecs.BOM_UTF8 + document
    except UnicodeEncodeError:
        encoding, document = "utf-8", text.encode("utf-8-sig")
    try:
        with path.open("xb") as file:
            file.write(document)
    except FileExistsError as error:
        raise UsageError(f"The file {path} exists already.", "Name another one: it may hold mended records.") from error
    except OSError as error:
        raise SetupError(
            f"The file {path} cannot be written ({error.strerror}).", "Check folder and rights."
        ) from error
    return str(encoding)

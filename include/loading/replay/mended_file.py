"""An export of rejects as it comes back from a person, whatever their program made of its delimiter and quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.errors import FileError, UsageError
from include.ledger.replays import OpenReject
from include.loading.replay.cells import ADDED, PREFIX, Guard, unguarded
from include.loading.replay.reader import quoted
from include.loading.replay.subject import Subject
from include.readers.blocks import Part
from include.readers.delimited import read_text_blocks
from include.readers.encoding import detect_encoding
from include.readers.sniffing.dialect import read_dialect
from include.sources.bytes import digest

Cells = tuple[str | None, ...]

NEEDED = ("longshore_load", "longshore_sequence", "longshore_guard", "longshore_text")

ANOTHER = "Export anew (./longshore rejects export) and mend that file; its columns must stay as they are."


@dataclass(frozen=True, slots=True)
class MendedRecord:
    """One row of the file: its line there, the reject's number, its own cells as delivered, or its whole text."""

    line: int
    load_id: int
    sequence: int
    cells: Cells
    text: str

    @property
    def blank(self) -> bool:
        return not self.text and not any(self.cells)


@dataclass(frozen=True, slots=True)
class MendedFile:
    """The records of a mended export. `header` holds the names of the records' own columns."""

    name: str
    sha256: str
    header: tuple[str, ...]
    records: tuple[MendedRecord, ...]

    @property
    def load_id(self) -> int:
        """The load that the export was made of.

        Raises:
            UsageError: the file has no record, or records of several loads.
        """
        found = sorted({record.load_id for record in self.records})
        if len(found) != 1:
            raise UsageError(f"{self.name} holds records of {len(found)} loads ({_listed(found)}), not one.", ANOTHER)
        return found[0]

    def count_of(self, sequences: Collection[int]) -> int:
        """How many of its records have one of these numbers."""
        return sum(record.sequence in sequences for record in self.records)

    def texts(self, subject: Subject, rejects: Sequence[OpenReject], back: Collection[int]) -> dict[int, str]:
        """What to read in place of the recorded texts, by the records' numbers; blank rows say nothing.

        Args:
            subject: the loads that are replayed.
            rejects: their open rejects.
            back: numbers of those that an earlier replay brought back, which are passed over.

        Raises:
            UsageError: the file is of another load, or has a number twice or one that no reject has.
            FileError: its own columns are not those of the delivered file.
        """
        if self.load_id not in subject.load_ids:
            raise UsageError(f"{self.name} was exported from load {self.load_id}, not from {subject.title}.", ANOTHER)
        by_number = {reject.sequence: reject for reject in rejects}
        self._check_numbers(by_number.keys() | set(back), subject)
        facts = {part["file"]: part for part in subject.main.facts["parts"]}
        return {
            record.sequence: self._text(record, facts[by_number[record.sequence].file])
            for record in self.records
            if record.sequence in by_number and not record.blank
        }

    def _check_numbers(self, known: Collection[int], subject: Subject) -> None:
        twice = [number for number, count in Counter(record.sequence for record in self.records).items() if count > 1]
        if twice:
            raise UsageError(
                f"{self.name} has longshore_sequence {_listed(twice)} more than once.", "Keep one of each."
            )
        strange = [record.sequence for record in self.records if record.sequence not in known]
        if strange:
            raise UsageError(f"{self.name}: {subject.title} rejected no record {_listed(strange)}.", ANOTHER)

    def _text(self, record: MendedRecord, facts: Mapping[str, Any]) -> str:
        if record.text and not any(record.cells):
            return record.text
        if self.header != tuple(map(unguarded, facts["header"])):
            raise FileError(
                f"{self.name} has other columns than {facts['file']}: {len(self.header)} of its own, "
                f"{len(facts['header'])} were delivered.",
                ANOTHER,
            )
        return str(facts["delimiter"]).join("" if cell is None else quoted(cell) for cell in record.cells)


def read_mended(path: Path) -> MendedFile:
    """Reads a mended export in any encoding and with any delimiter that a delivery may have.

    Raises:
        UsageError: there is no such file, or it is no export of rejects.
        FileError: a row has too many or too few cells, or broken quotes; the message names its line.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path.")
    found = digest(str(path))
    part = Part(str(path), path.name, found.size, found.sha256)
    encoding = detect_encoding(part.url)
    dialect = read_dialect(part.url, encoding)
    places = _places(dialect.header, path.name)
    own = [place for place, name in enumerate(dialect.header) if not name.strip().startswith(PREFIX)]
    records: list[MendedRecord] = []
    for block in read_text_blocks(part, dialect, encoding, first_sequence=1):
        for reject in block.rejects:
            raise FileError(f"{path.name} line {reject.line}: {reject.reason}.", "Mend that row, or export anew.")
        rows = zip(*(column.to_pylist() for column in block.cells.columns), strict=True)
        lines = block.lines.to_pylist()
        records += [_record(path.name, line, row, places, own) for line, row in zip(lines, rows, strict=True)]
    header = tuple(unguarded(dialect.header[place]) for place in own)
    return MendedFile(path.name, found.sha256, header, tuple(records))


def _places(header: Sequence[str], name: str) -> dict[str, int]:
    places = {cell.strip(): place for place, cell in enumerate(header) if cell.strip() in ADDED}
    missing = [column for column in NEEDED if column not in places]
    if missing:
        raise UsageError(f"{name} is no export of rejects: it has no column {', '.join(missing)}.", ANOTHER)
    return places


def _record(name: str, line: int, row: Cells, places: Mapping[str, int], own: Sequence[int]) -> MendedRecord:
    added = {column: row[place] or "" for column, place in places.items()}
    cells = tuple(row[place] for place in own)
    if _guard(name, line, added["longshore_guard"]) is Guard.APOSTROPHE:
        cells = tuple(None if cell is None else unguarded(cell) for cell in cells)
    load_id, sequence = (_number(name, line, column, added[column]) for column in NEEDED[:2])
    return MendedRecord(line, load_id, sequence, cells, unguarded(added["longshore_text"]))


def _guard(name: str, line: int, text: str) -> Guard:
    try:
        return Guard(text.strip())
    except ValueError as error:
        allowed = " or ".join(Guard)
        raise FileError(f"{name} line {line}: longshore_guard is neither {allowed}.", ANOTHER) from error


def _number(name: str, line: int, column: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FileError(f"{name} line {line}: {column} is no number.", ANOTHER) from error


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")

"""Records of a delivery that are read again: laid out as small files of their own, then put back to their places."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Contract
from include.ledger.replays import OpenReject
from include.ledger.text import NUL, VISIBLE_NUL
from include.readers.blocks import Fault, Part, TypedBatch
from include.readers.cells.block import batch_schema
from include.readers.choices import DateOrder, DecimalForm, HeaderForm
from include.readers.dataset import DatasetReader
from include.readers.profile import Profile
from include.readers.quoting import RFC_4180, Quoting
from include.readers.record_bounds import find_records
from include.results import Reject

# Bits of a place's line: files of 10^12 lines, and two million parts, fit 63 bits.
LINE_BITS = 40


def place_key(part: int, line: int) -> int:
    """One number for a place in a delivery that sorts like the records' own numbers."""
    return (part << LINE_BITS) + line


@dataclass(frozen=True, slots=True)
class Record:
    """A rejected record with the text that is to be read now.

    `part` is the position of its file. `chosen`: it may come back; else it is read only for what its product's other
    rows take from it.
    """

    reject: OpenReject
    part: int
    text: str
    chosen: bool = True

    @property
    def key(self) -> int:
        """Its place in the delivery."""
        return place_key(self.part, self.reject.line)

    def rejected(self, column: str | None, code: str, reason: str) -> Reject:
        """The same record, rejected again."""
        place = self.reject
        return Reject(place.file, place.line, place.record, place.sequence, column, code, reason)


class ReplayReader:
    """Reads records as `DatasetReader` reads files; rows and rejects have the place's key as their number.

    Args:
        records: in the order of the delivery.
        parts: what the ledger knows of the files (`PartFacts.as_json`), in their order.
        contract: today's.
        profile: today's; forms that it leaves open are those that the whole file has decided.
        time_zone: IANA zone of times without an offset.
    """

    def __init__(
        self,
        records: Sequence[Record],
        parts: Sequence[Mapping[str, Any]],
        contract: Contract,
        profile: Profile,
        *,
        time_zone: str,
    ) -> None:
        self.schema = batch_schema(contract)
        self.parts = tuple(Part("", facts["file"], 0, "") for facts in parts)
        self.rows_read = (0,) * len(self.parts)
        self.folded: set[int] = set()
        self._records = records
        self._facts = parts
        self._contract = contract
        self._profile = profile
        self._zone = time_zone

    def batches(self) -> Iterator[TypedBatch]:
        """Reads all records, part by part.

        Raises:
            FileError, SetupError: as DatasetReader's; the contract or the profile does not fit the file's header.
        """
        for position, facts in enumerate(self._facts):
            records = [record for record in self._records if record.part == position]
            whole = [record for record in records if is_one_record(record.text, facts["delimiter"])]
            if whole:
                yield from self._part(position, facts, whole)

    def unreadable(self) -> list[Reject]:
        """Chosen records whose mended text is not one record."""
        return [
            record.rejected(None, "quoting", "a quote that is never closed, or more than one record")
            for record in self._records
            if record.chosen
            and not is_one_record(record.text, self._facts[record.part]["delimiter"], self._profile.form.quoting)
        ]

    def raw(self, sequences: Collection[int]) -> dict[int, str]:
        """No texts: the ledger has them."""
        return dict.fromkeys(sequences, "")

    def _part(self, position: int, facts: Mapping[str, Any], records: Sequence[Record]) -> Iterator[TypedBatch]:
        staged: set[int] = set()
        with tempfile.TemporaryDirectory(prefix="longshore-replay-") as folder:
            file = Path(folder) / "records.csv"
            _lay_out(file, facts, records, self._profile)
            part = Part(str(file), facts["file"], file.stat().st_size, "")
            profile = _as_decided(self._profile, facts)
            reader = DatasetReader([part], self._contract, profile, time_zone=self._zone, serial=True)
            for batch in reader.batches():
                moved = _put_back(batch, position, records)
                staged.update(moved.rows.column("_sequence").to_pylist())
                yield moved
        self.folded |= {record.key for record in records if record.chosen} - staged


def is_one_record(text: str, delimiter: str, quoting: Quoting = RFC_4180) -> bool:
    """Whether the text, without its line end, is exactly one record."""
    found = find_records(text.encode() + b"\n", delimiter.encode(), final=True, quoting=quoting)
    return found.unclosed is None and len(found.ends) == 1


def quoted(cell: str) -> str:
    """The cell in quotes."""
    return '"' + cell.replace('"', '""') + '"'


def _lay_out(file: Path, facts: Mapping[str, Any], records: Sequence[Record], profile: Profile) -> None:
    # Cells at the header's end without a name get one that no column goes by, so that the header keeps its width.
    header = [name or f"(column {number})" for number, name in enumerate(facts["header"], start=1)]
    usual = profile.form.quoting.quote == '"'
    lines = [facts["delimiter"].join(map(quoted, header) if usual else header), *map(_text, records)]
    file.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _text(record: Record) -> str:
    return record.text.replace(VISIBLE_NUL, NUL) if record.reject.code == "nul" else record.text


def _as_decided(profile: Profile, facts: Mapping[str, Any]) -> Profile:
    """The profile with what the whole file has decided, which a few records could not."""
    orders = set(facts["date_orders"].values())
    decimal = profile.decimal or (DecimalForm(facts["decimal"]) if facts["decimal"] else None)
    date_order = profile.date_order or (DateOrder(orders.pop()) if len(orders) == 1 else None)
    return profile.model_copy(
        update={
            "encoding": "utf-8",
            "delimiter": facts["delimiter"],
            "decimal": decimal,
            "date_order": date_order,
            # The records stand in a file of our own, right below their header.
            "skip_lines": 0,
            "header": HeaderForm.FIRST,
        }
    )


def _put_back(batch: TypedBatch, part: int, records: Sequence[Record]) -> TypedBatch:
    """The batch with the places that its records have in the delivery."""
    found = [records[number - 1] for number in batch.rows.column("_sequence").to_pylist()]
    faults = batch.rows.column("_fault")
    unchosen = pa.array([not record.chosen for record in found], pa.bool_())
    context = pc.and_(unchosen, pc.equal(faults, int(Fault.NONE)))
    places = {
        "_sequence": pa.array([record.key for record in found], pa.int64()),
        "_part": pa.array([part] * len(found), pa.int32()),
        "_line": pa.array([record.reject.line for record in found], pa.int64()),
        "_fault": pc.if_else(context, pa.scalar(int(Fault.ROW), pa.int8()), faults),
    }
    columns = [
        places.get(field.name, column) for field, column in zip(batch.rows.schema, batch.rows.columns, strict=True)
    ]
    again = [(records[reject.record - 1], reject) for reject in batch.rejects]
    rejects = tuple(
        record.rejected(reject.column, reject.code, reject.reason)._replace(sequence=record.key)
        for record, reject in again
        if record.chosen
    )
    return replace(batch, rows=pa.RecordBatch.from_arrays(columns, schema=batch.rows.schema), rejects=rejects)

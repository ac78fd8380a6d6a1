"""What a file would be taken for, found out without a database: `./longshore check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from include.contracts import Contract
from include.pipelines.commerce.delivery.recognise import recognise
from include.readers.blocks import Fault, Part, TypedBatch
from include.readers.dataset import DatasetReader
from include.readers.part import PartFacts
from include.readers.profile import Profile
from include.results import Counts, Reject
from include.sources.files import ListedFile, list_file, parts_in

# Of these a file names at least one; the database finds rows that name none of them, `check` finds them here.
IDENTITY = ("variant_id", "handle")


@dataclass(slots=True)
class Checked:
    """What was found in a file.

    `chosen_by` says who chose the contract: "option", "name" or "header". `first_rows` holds typed rows, `rejects` the
    first ones, `reasons` the number of all by code.
    """

    contract: Contract
    chosen_by: str
    facts: PartFacts
    counts: Counts = field(default_factory=Counts)
    first_rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows that would be loaded, before duplicates are found."""
        return self.counts.rows_read - self.counts.rejected - self.counts.folded

    def as_json(self) -> dict[str, Any]:
        """The object that `check --json` prints; no reject's text is in it."""
        listed = [{name: value for name, value in reject._asdict().items() if name != "raw"} for reject in self.rejects]
        return {
            "contract": self.contract.name,
            "chosen_by": self.chosen_by,
            **self.facts.as_json(),
            "rows_read": self.counts.rows_read,
            "rows": self.rows,
            "rejected": self.counts.rejected,
            "folded": self.counts.folded,
            "rejected_by_code": dict(self.reasons.most_common()),
            "rejects": listed,
            "first_rows": self.first_rows,
        }


def check_file(
    url: str,
    contract: str | None,
    profile: Profile,
    time_zone: str,
    *,
    max_rows: int,
    max_rejects: int,
    storage: Mapping[str, Any] | None = None,
) -> Checked:
    """Reads a whole file as a load would, in bounded memory, and writes nothing.

    What only the database sees is not in it: duplicates, and rows that go with the rejected first row of their order.

    Args:
        url: path or URL of the file.
        contract: its dataset; None takes it from the file's name, or else from its header.
        profile: how it is read.
        time_zone: IANA zone of times without an offset.
        max_rows: first rows to keep.
        max_rejects: first rejects to keep.
        storage: options of fsspec, for object stores.

    Raises:
        UsageError: there is no such file.
        FileError: the file cannot be read, or its header fits no contract.
    """
    file = list_file(url, storage)
    first = parts_in(_whole(file), storage)[0]
    chosen, by = recognise(first.url, file.name, contract, profile, storage)
    return check_as(url, chosen, by, profile, time_zone, max_rows=max_rows, max_rejects=max_rejects, storage=storage)


def check_as(
    url: str,
    chosen: Contract,
    chosen_by: str,
    profile: Profile,
    time_zone: str,
    *,
    max_rows: int,
    max_rejects: int,
    storage: Mapping[str, Any] | None = None,
) -> Checked:
    """Reads a whole file under one contract, of whatever pipeline; see `check_file`."""
    parts = parts_in(_whole(list_file(url, storage)), storage)
    reader = DatasetReader(parts, chosen, profile, time_zone=time_zone, options=storage)
    checked = Checked(chosen, chosen_by, reader.facts[0])
    for batch in reader.batches():
        _count(checked, batch, _rejects(batch, parts, chosen), max_rejects)
        if len(checked.first_rows) < max_rows:
            checked.first_rows += _sound_rows(batch, chosen, max_rows - len(checked.first_rows))
    checked.facts = reader.facts[0]
    return checked


def _whole(file: ListedFile) -> Part:
    """The file as a part, not hashed: nothing is noted of it."""
    return Part(file.url, file.name, file.size, "", file.modified)


def _count(checked: Checked, batch: TypedBatch, rejects: Iterable[Reject], max_rejects: int) -> None:
    rejected = 0
    for reject in rejects:
        rejected += 1
        checked.reasons[reject.code] += 1
        if len(checked.rejects) < max_rejects:
            checked.rejects.append(reject)
    checked.counts += Counts(rows_read=batch.read, rejected=rejected, folded=batch.folded)


def _rejects(batch: TypedBatch, parts: Sequence[Part], contract: Contract) -> Iterator[Reject]:
    yield from batch.rejects
    if IDENTITY not in contract.any_of:
        return
    rows = batch.rows
    sound = pc.equal(rows.column("_fault"), int(Fault.NONE))
    nameless = pc.and_(*(pc.is_null(rows.column(column)) for column in IDENTITY))
    places = rows.select(["_sequence", "_part", "_line"]).filter(pc.and_(sound, nameless))
    for place in places.to_pylist():
        number = place["_sequence"]
        reason = "neither a variant's id nor a product's handle"
        yield Reject(parts[place["_part"]].name, place["_line"], number, number, IDENTITY[0], "missing", reason)


def _sound_rows(batch: TypedBatch, contract: Contract, count: int) -> list[dict[str, Any]]:
    sound = batch.rows.filter(pc.equal(batch.rows.column("_fault"), int(Fault.NONE)))
    return list(sound.select(list(contract.names)).slice(0, count).to_pylist())

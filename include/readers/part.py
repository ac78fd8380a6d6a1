"""One part of a dataset: from its bytes to typed batches, with what was found out about it on the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column, Contract
from include.errors import FileError, SetupError, TransientError
from include.readers.blocks import Part, TextBlock, TypedBatch
from include.readers.cells.block import BlockReader
from include.readers.cells.column import read_column
from include.readers.cells.inspection import TextColumn, without_blanks
from include.readers.cells.reading import Reading
from include.readers.choices import DateOrder, DecimalForm
from include.readers.delimited import read_text_blocks
from include.readers.encoding import EncodingFacts, detect_encoding
from include.readers.families import member_column
from include.readers.headers import HeaderMapping, map_header
from include.readers.profile import Profile
from include.readers.sniffing.dialect import Dialect, read_dialect
from include.readers.sniffing.forms import FormSurvey
from include.sources.bytes import storage_errors
from include.sources.zips import split_url
from include.timing import Stopwatch

# Object stores list times to the millisecond and tell a single object's to the second.
LISTED_SECONDS = 1


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What was found out about a part.

    `unknown_columns`: headers that feed no column, and columns without a header that hold something. `decimal` and
    `date_orders` (by column) are what the profile fixes or the file decided; absent while no cell needs the decision.
    `date_orders_by_others`: columns of dates that leave it open, and go by the order that the others prove.
    """

    name: str
    encoding: EncodingFacts
    dialect: Dialect
    mapping: HeaderMapping
    unknown_columns: tuple[str, ...]
    decimal: DecimalForm | None
    date_orders: Mapping[str, DateOrder]
    date_orders_by_others: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is not even a header."""
        return not self.dialect.header

    def as_json(self) -> dict[str, Any]:
        """What `check` prints and the ledger keeps."""
        header = self.dialect.header
        return {
            "file": self.name,
            "empty": self.empty,
            "encoding": self.encoding.encoding,
            "encoding_assumed": self.encoding.assumed,
            "bad_bytes": self.encoding.bad_bytes,
            "encoding_mark": self.encoding.bom,
            "delimiter": self.dialect.delimiter,
            "delimiter_assumed": self.dialect.assumed,
            "header": list(header),
            "quote": self.dialect.quoting.quote,
            "escape": self.dialect.quoting.escape,
            "columns": {name: header[position].strip() for name, position in self.mapping.positions.items()},
            "families": {name: list(members) for name, members in self.mapping.families.items()},
            "missing_columns": list(self.mapping.missing),
            "unknown_columns": list(self.unknown_columns),
            "duplicate_columns": list(self.mapping.duplicates),
            "personal_columns_left_out": list(self.mapping.left_out),
            "decimal": self.decimal,
            "date_orders": dict(self.date_orders),
            "date_orders_by_other_columns": list(self.date_orders_by_others),
        }


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How parts are read. `zone`: IANA zone of times without an offset. `block_bytes` None: the text layer's choice."""

    zone: str = "UTC"
    block_bytes: int | None = None
    storage: Mapping[str, Any] | None = field(default=None, repr=False)


class PartReader:
    """Reads one part. `rows_read` and `blank` count records and blank lines so far."""

    def __init__(
        self,
        part: Part,
        position: int,
        contract: Contract,
        profile: Profile,
        options: ReadOptions,
        stopwatch: Stopwatch | None = None,
    ) -> None:
        self.part = part
        self.rows_read = 0
        self.blank = 0
        self._position = position
        self._contract = contract
        self._profile = profile
        self._options = options
        self._stopwatch = stopwatch or Stopwatch()
        self._filled: set[int] = set()

    @cached_property
    def _encoding(self) -> EncodingFacts:
        return detect_encoding(self.part.url, self._profile.encoding, self._options.storage)

    @cached_property
    def _dialect(self) -> Dialect:
        return read_dialect(self.part.url, self._encoding, self._profile.form, self._options.storage)

    @cached_property
    def _mapping(self) -> HeaderMapping:
        if not self._dialect.header:
            return HeaderMapping()
        headed = self._dialect.form.headed
        return map_header(self._dialect.header, self._contract, self._profile, part=self.part.name, headed=headed)

    @cached_property
    def _survey(self) -> FormSurvey:
        positions = self._positions
        formats = self._profile.dataset(self._contract.name).date_formats
        columns = tuple(
            replace(column, date_format=formats.get(column.name, column.date_format))
            for column in (*self._contract.columns, *self._members)
            if column.name in positions
        )
        return FormSurvey(self.part.name, columns, positions, self._profile)

    @cached_property
    def _families(self) -> dict[str, dict[str, Column]]:
        """What each member of a family is read as."""
        return {
            name: {member: member_column(self._contract.column(name), member) for member in members}
            for name, members in self._mapping.families.items()
        }

    @property
    def _members(self) -> Iterator[Column]:
        for family in self._families.values():
            yield from family.values()

    @property
    def _positions(self) -> dict[str, int]:
        """Where the cells of columns and of families' members stand."""
        families = self._mapping.families
        members = {
            column.name: families[name][member]
            for name, columns in self._families.items()
            for member, column in columns.items()
        }
        return {**self._mapping.positions, **members}

    @property
    def columns(self) -> frozenset[str]:
        """The contract's columns that the header has or the profile sets; reads no more than the header."""
        with self._unchanged():
            found = {*self._mapping.positions, *self._mapping.families}
        return frozenset({*found, *self._profile.dataset(self._contract.name).constants})

    def facts(self) -> PartFacts:
        """What is known of the part; reads its first block unless rows were read already.

        Raises:
            FileError, SetupError, TransientError: as `batches`.
        """
        if not self.rows_read:
            with self._unchanged():
                for block in islice(self._blocks(1), 1):
                    self._learn(block)
        survey = self._survey
        unnamed = (f"column {place + 1} without a header" for place in sorted(self._filled))
        return PartFacts(
            name=self.part.name,
            encoding=self._encoding,
            dialect=self._dialect,
            mapping=self._mapping,
            unknown_columns=(*self._mapping.unknown, *unnamed),
            decimal=survey.decimal,
            date_orders=dict(survey.date_orders),
            date_orders_by_others=survey.served,
        )

    def batches(self, first_sequence: int) -> Iterator[TypedBatch]:
        """Reads the part's records in order.

        Raises:
            FileError: the file as a whole cannot be read.
            SetupError: the profile does not fit the contract.
            TransientError: the file's size or time changed since it was listed or while it was read.
        """
        self._check_listed()
        with self._unchanged():
            reader = self._block_reader(first_sequence)
            for block in self._stopwatch.each("read", self._blocks(first_sequence)):
                with self._stopwatch.phase("validate"):
                    self._learn(block)
                    self.rows_read += block.cells.num_rows + block.blank
                    self.blank += block.blank
                    batch = reader.read(block, self._readings())
                yield batch

    def _check_listed(self) -> None:
        size, modified = self._before
        if size != self.part.size:
            raise self._changed(f"has {size} bytes, {self.part.size} when it was listed")
        if self.part.modified and abs(modified - self.part.modified) >= LISTED_SECONDS:
            raise self._changed("was written again since it was listed")

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Whatever is wrong with a file that changes meanwhile is wrong for the moment only."""
        before = self._before
        try:
            yield
        except FileError as error:
            if self._signature() != before:
                raise self._changed("changed while it was read") from error
            raise
        if self._signature() != before:
            raise self._changed("changed while it was read")

    def raw(self, sequences: Collection[int], first_sequence: int) -> dict[int, str]:
        """The original text of some records, by number over all parts; the part's first has `first_sequence`."""
        found: dict[int, str] = {}
        wanted = pa.array([sequence - first_sequence + 1 for sequence in sequences], pa.int64())
        for block in self._blocks(first_sequence):
            records = block.records.filter(pc.is_in(block.records, value_set=wanted)).to_pylist()
            found |= {record + first_sequence - 1: block.raw(record) for record in records}
            if len(found) == len(wanted):
                break
        return found

    def _block_reader(self, first_sequence: int) -> BlockReader:
        return BlockReader(
            contract=self._contract,
            name=self.part.name,
            position=self._position,
            first_sequence=first_sequence,
            positions=self._positions,
            constants=self._constants(),
            families=self._families,
            headers={
                column.name: self._dialect.header[self._positions[column.name]].strip() for column in self._members
            },
        )

    def _blocks(self, first_sequence: int) -> Iterator[TextBlock]:
        return read_text_blocks(
            self.part,
            self._dialect,
            self._encoding,
            first_sequence=first_sequence,
            columns={*self._positions.values(), *self._mapping.unnamed},
            block_bytes=self._options.block_bytes,
            options=self._options.storage,
        )

    def _learn(self, block: TextBlock) -> None:
        """Decides forms and notices data without a header."""
        self._survey.settle(block.cells, lambda: (again.cells for again in self._blocks(1)))
        for place in self._mapping.unnamed:
            if place not in self._filled and _holds_something(block.cells.column(str(place))):
                self._filled.add(place)

    def _readings(self) -> dict[str, Reading]:
        survey = self._survey
        decimal = survey.decimal or DecimalForm.DOT
        words = self._profile.dataset(self._contract.name).null_words
        return {
            column.name: Reading(
                decimal=decimal,
                date_order=survey.date_orders.get(column.name),
                zone=self._options.zone,
                null_words=frozenset(word.strip().lower() for word in (*column.null_words, *words)),
                exact=self._profile.exact,
                money=column.money,
                precision=column.precision,
                scale=column.scale,
                date_format=column.date_format,
                true_words=column.true_words,
                false_words=column.false_words,
            )
            for column in survey.columns
        }

    def _constants(self) -> dict[str, pa.Scalar]:
        """The profile's constants for columns that the file does not have, typed."""
        constants = self._profile.dataset(self._contract.name).constants
        return {
            name: self._constant(name, text) for name, text in constants.items() if name not in self._mapping.positions
        }

    def _constant(self, name: str, text: str) -> pa.Scalar:
        column = self._contract.column(name)
        reading = Reading(zone=self._options.zone, precision=column.precision, scale=column.scale)
        read = read_column(pa.array([text], pa.string()), column, reading)
        for flaw in read.flaws.values():
            key = f"datasets.{self._contract.name}.constants.{name}"
            raise SetupError(f"In {self._profile.title}, {key} is {text!r}: {flaw.reason}.", "Set a value that fits.")
        return read.values[0]

    @cached_property
    def _before(self) -> tuple[int, float]:
        """What the stored file was when it was first touched."""
        return self._signature()

    def _signature(self) -> tuple[int, float]:
        """Size in bytes and time of change in seconds; 0 for a store that tells no time."""
        with storage_errors(self.part.name):
            try:
                return _signature(split_url(self.part.url)[0], self._options.storage)
            except OSError as error:
                raise self._changed(f"cannot be looked up any more ({type(error).__name__})") from error

    def _changed(self, how: str) -> TransientError:
        return TransientError(f"The file {self.part.name} {how}.", "Load again once it is complete.")


def _holds_something(cells: pa.StringArray) -> bool:
    return bool(without_blanks(TextColumn(cells)).cells.null_count < len(cells))


def _signature(url: str, storage: Mapping[str, Any] | None) -> tuple[int, float]:
    if "://" not in url:
        stat = Path(url).stat()
        return stat.st_size, stat.st_mtime
    system, path = fsspec.core.url_to_fs(url, **dict(storage or {}))
    system.invalidate_cache()
    entry = system.info(path)
    moment = entry.get("mtime") or entry.get("LastModified") or entry.get("last_modified") or 0.0
    return int(entry["size"]), moment.timestamp() if isinstance(moment, dt.datetime) else float(moment)

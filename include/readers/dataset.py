"""All parts of a dataset, read one after the other: files -> typed batches and rejects."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from typing import Any

from include.contracts import Contract
from include.readers.ahead import read_ahead
from include.readers.blocks import Part, TypedBatch
from include.readers.cells.block import batch_schema
from include.readers.part import PartFacts, PartReader, ReadOptions
from include.readers.profile import Profile
from include.timing import Stopwatch

# Batches prepared beside the one in use, of about 10 MB each: one is enough to keep both sides busy.
WAITING_BATCHES = 1


class DatasetReader:
    """Reads a dataset's parts in the given order, each by its own header, encoding and forms.

    Args:
        parts: the files, in name order.
        contract: what they hold.
        profile: how they are read; `Profile.none()` where the store has none.
        time_zone: IANA zone of times without an offset; the profile's `time_zone` goes before it.
        block_bytes: bytes of text per block; the text layer's choice where None.
        options: storage options for fsspec.
        serial: prepare each batch only when it is asked for; else a thread prepares the next one meanwhile.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        contract: Contract,
        profile: Profile,
        *,
        time_zone: str,
        block_bytes: int | None = None,
        options: Mapping[str, Any] | None = None,
        serial: bool = False,
    ) -> None:
        how = ReadOptions(profile.time_zone or time_zone, block_bytes, options)
        self.parts = tuple(parts)
        self.schema = batch_schema(contract)
        self._serial = serial
        self._stopwatch = Stopwatch()
        self._readers = [
            PartReader(part, position, contract, profile, how, self._stopwatch) for position, part in enumerate(parts)
        ]

    @property
    def facts(self) -> tuple[PartFacts, ...]:
        """What is known of each part; complete once all batches were read.

        Raises:
            FileError, SetupError, TransientError: as `batches`.
        """
        return tuple(reader.facts() for reader in self._readers)

    @property
    def rows_read(self) -> tuple[int, ...]:
        """Records of each part that were read so far, folded and rejected ones too."""
        return tuple(reader.rows_read for reader in self._readers)

    @property
    def columns(self) -> frozenset[str]:
        """The contract's columns that some part has or the profile sets; the others are null in every row.

        Raises:
            FileError, SetupError, TransientError: as `batches`.
        """
        return frozenset().union(*(reader.columns for reader in self._readers))

    @property
    def spent(self) -> Mapping[str, float]:
        """Milliseconds of the preparing thread: `read` from bytes to cells, `validate` from cells to values."""
        return self._stopwatch.phases

    @property
    def blank(self) -> tuple[int, ...]:
        """Blank lines of each part so far; they count as read and as folded."""
        return tuple(reader.blank for reader in self._readers)

    def batches(self) -> Iterator[TypedBatch]:
        """Reads all parts; can be called once. Counts and facts run ahead of the batches until all are read.

        Raises:
            FileError: a file as a whole cannot be read; names the file and what to do.
            SetupError: profile and contract contradict each other.
            TransientError: a file changed while it was read.
        """
        return self._batches() if self._serial else read_ahead(self._batches(), WAITING_BATCHES)

    def _batches(self) -> Generator[TypedBatch, None, None]:
        for reader in self._readers:
            yield from reader.batches(1 + sum(self.rows_read))

    def raw(self, sequences: Collection[int]) -> dict[int, str]:
        """The original text of records by their number over all parts; reads again the parts that hold them.

        Call it after all batches were read. Memory is that of the texts asked for.
        """
        found: dict[int, str] = {}
        first = 1
        for reader in self._readers:
            wanted = {number for number in sequences if first <= number < first + reader.rows_read}
            found.update(reader.raw(wanted, first) if wanted else {})
            first += reader.rows_read
        return found

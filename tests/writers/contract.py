"""What every writer is held to: subclass `WriterContract`, say how to open the writer and to look into its store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from include.errors import DefectError
from include.writers.base import Writer
from include.writers.batching import MAX_ROWS

SCHEMA = pa.schema([("key", pa.string()), ("amount", pa.int64()), ("_sequence", pa.int64())])

Row = tuple[str | None, int | None]


def table(*rows: Row, first: int = 1) -> pa.Table:
    """Rows of (key, amount), numbered from `first`."""
    keys, amounts = (list(values) for values in zip(*rows, strict=True)) if rows else ([], [])
    return pa.table([keys, amounts, list(range(first, first + len(rows)))], schema=SCHEMA)


class WriterContract(ABC):
    """The tests. A key is never null, an amount may be.

    `refused` says which keys the store itself cannot take, of any two different kinds that it has; by default it is
    the NUL character, which PostgreSQL does not store. `batch_rows` is how many rows the writer takes at one go.
    """

    refused: tuple[str | None, str | None] = ("nul\x00", "\x00")
    batch_rows = MAX_ROWS

    @abstractmethod
    def writer(self) -> AbstractContextManager[Writer]:
        """A new writer into the test's own, at first empty, target."""

    @abstractmethod
    def stored(self) -> dict[str, int | None]:
        """What the target holds, seen by another connection."""

    def load(self, *rows: Row) -> Any:
        with self.writer() as writer:
            writer.write(table(*rows))
            (counts,) = writer.finish()
        return counts

    def test_writing_nothing_leaves_an_empty_target(self) -> None:
        with self.writer() as writer:
            (counts,) = writer.finish()
        assert (counts.inserted, self.stored()) == (0, {})

    def test_one_row_arrives(self) -> None:
        assert self.load(("a", 1)).inserted == 1
        assert self.stored() == {"a": 1}

    @pytest.mark.parametrize("surplus", [-1, 0, 1])
    def test_rows_around_the_batch_boundary_all_arrive(self, surplus: int) -> None:
        rows = [(f"k{number}", number) for number in range(self.batch_rows + surplus)]
        assert self.load(*rows).inserted == len(rows)
        assert self.stored() == dict(rows)

    def test_of_several_rows_with_one_key_the_last_wins_and_the_others_are_counted(self) -> None:
        counts = self.load(("a", 1), ("b", 2), ("a", 3), ("a", 4))
        assert (counts.inserted, counts.duplicates) == (2, 2)
        assert self.stored() == {"a": 4, "b": 2}

    def test_the_last_of_a_key_wins_across_writes(self) -> None:
        with self.writer() as writer:
            writer.write(table(("a", 1)))
            writer.write(table(("a", 2), first=2))
            (counts,) = writer.finish()
        assert (counts.duplicates, self.stored()) == (1, {"a": 2})

    def test_the_same_rows_again_change_nothing(self) -> None:
        self.load(("a", 1), ("b", None))
        counts = self.load(("a", 1), ("b", None))
        assert (counts.inserted, counts.updated, counts.unchanged, counts.deleted) == (0, 0, 2, 0)

    def test_what_differs_is_updated_what_is_new_inserted_what_is_gone_deleted(self) -> None:
        self.load(("a", 1), ("b", 2), ("c", 3))
        counts = self.load(("a", 1), ("b", 20), ("d", 4))
        assert (counts.unchanged, counts.updated, counts.inserted, counts.deleted) == (1, 1, 1, 1)
        assert self.stored() == {"a": 1, "b": 20, "d": 4}

    def test_null_is_a_value_that_can_come_and_go(self) -> None:
        self.load(("a", None), ("b", 1))
        assert self.load(("a", 1), ("b", None)).updated == 2
        assert self.stored() == {"a": 1, "b": None}

    def test_any_unicode_text_arrives_as_it_is(self) -> None:
        keys = [
            "",
            " ",
            "é",
            "e\u0301",
            "日本",
            "🛒",
            'say "hi", twice',
            "two\nlines",
            "tab\there",
            "\\.",
            "\\N",
            "NULL",
        ]
        assert self.load(*((key, 1) for key in keys)).inserted == len(keys)
        assert set(self.stored()) == set(keys)

    def test_rows_that_the_store_refuses_are_named_and_the_rest_arrives(self) -> None:
        rows: list[Row] = [(f"k{number}", number) for number in range(257)]
        rows[3] = (self.refused[0], 3)
        rows[200] = (self.refused[1], 200)
        with self.writer() as writer:
            writer.write(table(*rows))
            (counts,) = writer.finish()
            refused = [row.position for row in writer.refused]
        assert (refused, counts.inserted) == ([3, 200], 255)
        assert self.stored() == {key: amount for key, amount in rows if key is not None and key not in self.refused}

    def test_a_failure_in_the_middle_leaves_what_was_there_before(self) -> None:
        self.load(("a", 1))
        with pytest.raises(RuntimeError, match="power cut"), self.writer() as writer:
            writer.write(table(("a", 2), ("b", 2)))
            writer.finish()
            raise RuntimeError("power cut")
        assert self.stored() == {"a": 1}

    def test_leaving_the_block_without_finish_discards_everything(self) -> None:
        with self.writer() as writer:
            writer.write(table(("a", 1)))
        assert self.stored() == {}

    def test_nothing_is_visible_before_the_block_is_left(self) -> None:
        with self.writer() as writer:
            writer.write(table(("a", 1)))
            writer.finish()
            assert self.stored() == {}
        assert self.stored() == {"a": 1}

    def test_a_writer_is_of_no_use_outside_its_block_or_after_finish(self) -> None:
        with self.writer() as writer:
            writer.finish()
            with pytest.raises(DefectError):
                writer.write(table(("a", 1)))
        with pytest.raises(DefectError):
            writer.write(table(("a", 1)))

    def test_a_pandas_frame_and_a_stream_of_batches_are_taken_like_a_table(self) -> None:
        frame = pd.DataFrame({"key": ["a"], "amount": [1], "_sequence": [1]})
        stream = pa.RecordBatchReader.from_batches(SCHEMA, table(("b", 2), first=2).to_batches())
        with self.writer() as writer:
            writer.write(frame)
            writer.write(stream)
            writer.finish()
        assert self.stored() == {"a": 1, "b": 2}

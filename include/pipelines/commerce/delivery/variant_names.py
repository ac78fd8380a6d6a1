"""Completes rows of catalogs, stock lists and article lists while the file streams by: their keys, a product's values.

A row is named by its own id, or by its product's handle with the option values. What a product says may stand on its
first row only, and a product's rows stand together in what shops send; where they do not, the server fills them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.pipelines.commerce import records
from include.pipelines.commerce.delivery.order_numbering import Flags, Integers
from include.readers.parsing import int64_array
from include.writers.postgres.projection import constant_text

OPTIONS = ("option1_value", "option2_value", "option3_value")
OF_PRODUCT = tuple(column.name for column in records.CATALOG.columns if column.group)


@dataclass(frozen=True, slots=True)
class Naming:
    """Names rows that stand each for itself."""

    def complete(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with `variant_id`, and '' for a place without a name."""
        rows = _replaced(rows, "variant_id", variant_ids(rows))
        if "location" not in rows.schema.names:
            return rows
        location = rows.column("location")
        return _replaced(rows, "location", pc.coalesce(location, constant_text("", rows.num_rows)))

    @property
    def scattered(self) -> bool:
        """Never: no row needs another."""
        return False


@dataclass(slots=True)
class ProductCompletion:
    """Names a catalog's rows and gives them what their product's first row says.

    `_first`: the first row of the product that the last batch ended with. `_seen`: a hash of each product's handle, as
    often as it began: two that are equal mean a product in two places, or, once in many million catalogs, nothing.
    """

    _first: pa.RecordBatch | None = field(default=None)
    _seen: list[Integers] = field(default_factory=list)

    def complete(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The rows with `variant_id` and their product's values."""
        if not rows.num_rows:
            return rows
        wanted = rows.select(["handle", *OF_PRODUCT])
        before = 1 if self._first is not None else 0
        if self._first is not None:
            wanted = pa.Table.from_batches([self._first, wanted]).combine_chunks().to_batches()[0]
        firsts = _first_rows(wanted.column("handle"))
        begun = np.unique(firsts)
        self._seen.append(_hashes(wanted.column("handle").take(int64_array(begun[begun >= before]))))
        self._first = wanted.slice(int(firsts[-1]), 1)
        for name in OF_PRODUCT:
            rows = _replaced(rows, name, _filled(wanted.column(name), firsts).slice(before))
        return _replaced(rows, "variant_id", variant_ids(rows))

    @property
    def scattered(self) -> bool:
        """Whether a product stood in several places."""
        seen = np.concatenate([np.empty(0, np.int64), *self._seen])
        return len(np.unique(seen)) < len(seen)


def variant_ids(rows: pa.RecordBatch) -> pa.StringArray:
    """The file's own id, else the handle and the option values; null where a row has neither.

    A slash within a value is doubled, so that no two variants of a product share a name.
    """
    own = rows.column("variant_id")
    if not own.null_count:
        return own
    nothing = constant_text("", rows.num_rows)
    named: pa.Array = rows.column("handle")
    for name in OPTIONS:
        if rows.column(name).null_count == rows.num_rows:
            continue
        value = pc.replace_substring(rows.column(name), "/", "//")
        slashed = pc.binary_join_element_wise(constant_text("/", rows.num_rows), value, nothing)
        named = pc.binary_join_element_wise(named, pc.coalesce(slashed, nothing), nothing)
    return pc.coalesce(own, named)


def _first_rows(handles: pa.StringArray) -> Integers:
    """For each row the number of the first one of its product; a row without a handle is a product of its own."""
    begins: Flags = np.ones(len(handles), np.bool_)
    same = pc.equal(handles.slice(1), handles.slice(0, len(handles) - 1))  # null where either is
    begins[1:] = ~_flags(same)
    first: Integers = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return first


def _hashes(handles: pa.StringArray) -> Integers:
    return np.array([hash(handle) for handle in handles.to_pylist() if handle is not None], np.int64)


def _flags(values: pa.BooleanArray) -> Flags:
    """Null is false."""
    nothing = pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bytes(len(values) // 8 + 1))])
    flags: Flags = pc.coalesce(values, nothing).to_numpy(zero_copy_only=False)
    return flags


def _filled(values: pa.Array, firsts: Integers) -> pa.Array:
    if not values.null_count:
        return values
    return pc.coalesce(values, values.take(int64_array(firsts)))


def _replaced(rows: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)

"""Which staged rows are rows of a table, and made of which columns: one description, as SQL and as Arrow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Projection:
    """Rows of one table out of staged rows.

    `columns`: the table's column -> the staged one it is taken from. `where`: staged column -> the value that it has
    in the rows that count. `defaults`: the table's column -> the parameter that stands where it would be null.
    `constants`: the table's column -> the parameter that stands in all rows.
    """

    columns: Mapping[str, str]
    where: Mapping[str, int | bool]
    defaults: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def select(self) -> str:
        """A SELECT over `{staging}`, with the parameters' names in braces, that yields `_sequence` too."""
        columns = ", ".join(self._expression(name, staged) for name, staged in self.columns.items())
        columns += "".join(f", {{{parameter}}}::text AS {name}" for name, parameter in self.constants.items())
        conditions = " AND ".join(f"{name} = {str(value).lower()}" for name, value in self.where.items())
        return f"SELECT {columns}, _sequence FROM {{staging}} WHERE {conditions}"  # noqa: S608 # a plan's constants

    def _expression(self, name: str, staged: str) -> str:
        default = self.defaults.get(name)
        if default:
            return f"coalesce({staged}, {{{default}}}::text) AS {name}"
        return staged if staged == name else f"{staged} AS {name}"

    def only(self, known: Collection[str]) -> Projection:
        """The same without columns that are taken from others than the known staged ones, so that are never set."""
        kept = {name: staged for name, staged in self.columns.items() if staged in known or name in self.defaults}
        return replace(self, columns=kept)

    def rows(self, staged: pa.RecordBatch, parameters: Mapping[str, object]) -> pa.RecordBatch:
        """The same rows of a batch in hand, in its order."""
        counts = np.ones(staged.num_rows, np.bool_)
        for name, value in self.where.items():
            counts &= staged.column(name).to_numpy(zero_copy_only=False) == value
        kept = staged.select(list(dict.fromkeys(self.columns.values())))
        if not counts.all():
            kept = kept.take(pa.Array.from_buffers(pa.int64(), int(counts.sum()), [None, _buffer(counts)]))
        columns = [self._column(name, kept.column(source), parameters) for name, source in self.columns.items()]
        constants = [_constant(parameters[name], kept.num_rows) for name in self.constants.values()]
        return pa.RecordBatch.from_arrays([*columns, *constants], names=list(self.names))

    @property
    def names(self) -> tuple[str, ...]:
        """The table's columns that are set, in the rows' order."""
        return (*self.columns, *self.constants)

    def _column(self, name: str, values: pa.Array, parameters: Mapping[str, object]) -> pa.Array:
        default = parameters.get(self.defaults.get(name, ""))
        if default is None or not values.null_count:
            return values
        return pc.coalesce(values, constant_text(str(default), len(values)))


def _buffer(counts: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.Buffer:
    return pa.py_buffer(np.flatnonzero(counts))


def _constant(value: object, rows: int) -> pa.StringArray:
    return pa.nulls(rows, pa.string()) if value is None else constant_text(str(value), rows)


def constant_text(text: str, rows: int) -> pa.StringArray:
    """The same text in every row. From buffers: `pa.scalar` would import pandas, 0.3 s and 40 MB."""
    encoded = text.encode()
    offsets = np.arange(rows + 1, dtype=np.int32) * len(encoded)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(encoded * rows))

"""Rows of a graph's load before they reach the store: deduplicated, compared with what is stored, all by sets.

DuckDB holds the rows, on disk where they are many, and answers which are new, changed, unchanged and gone. The store
is asked only for what it holds, and told only what differs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from include.errors import SetupError
from include.writers.graph.targets import GraphTarget, NodeTarget

# Bytes that rows may take in memory before they go to a temporary folder: 500,000 relationships take about 60 MB.
MEMORY_LIMIT = "256MB"

THREADS = 2

# Rows of a batch on their way out.
BATCH_ROWS = 50_000


class Staging:
    """The rows of one load, one table for each target.

    Args:
        targets: of the load.
    """

    def __init__(self, targets: Sequence[GraphTarget]) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="longshore-graph-")
        self._engine = duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": self._spill.name}
        )
        self._engine.execute("SET preserve_insertion_order = false")
        self.tables = tuple(StagedTarget(self._engine, number, target) for number, target in enumerate(targets))
        self.rows = 0

    def add(self, table: StagedTarget, batch: pa.RecordBatch) -> None:
        """Appends rows; their positions go on from all rows added before.

        Raises:
            SetupError: a column is missing, or its values are of another type.
        """
        table.add(batch, self.rows)
        self.rows += batch.num_rows

    def close(self) -> None:
        """Gives memory and files back."""
        self._engine.close()
        self._spill.cleanup()


class StagedTarget:
    """The rows for one target, and after `compare` how they differ from what is stored.

    Columns are called c0, c1, ... in the order of the target's columns: a node's key is c0, a relationship's ends are
    c0 and c1.
    """

    def __init__(self, engine: duckdb.DuckDBPyConnection, number: int, target: GraphTarget) -> None:
        self.target = target
        self._duplicates = 0
        self._engine = engine
        self._name = f"target_{number}"
        self._names = [f"c{index}" for index in range(len(target.columns))]
        self._keys = self._names[: 1 if isinstance(target, NodeTarget) else 2]
        self._schema = pa.schema(
            [(name, column.type) for name, column in zip(self._names, target.columns, strict=True)]
        )
        self._types = pa.schema(
            [(name, _plain(column.type)) for name, column in zip(self._names, target.columns, strict=True)]
        )
        # No `empty_table`: that imports pandas, 0.2 s and 40 MB, as `pa.array`, `pa.scalar` and `pa.repeat` would.
        nothing = pa.RecordBatchReader.from_batches(self._types.append(pa.field("position", pa.int64())), iter(()))
        engine.register("nothing", nothing)
        self._run(f"CREATE TABLE {self._name} AS FROM nothing")
        engine.unregister("nothing")
        self._run(f"CREATE TABLE {self._name}_stored AS SELECT * EXCLUDE position, true AS in_slice FROM {self._name}")

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return self._names

    def add(self, batch: pa.RecordBatch, first: int) -> None:
        """See `Staging.add`."""
        columns = [self._column(batch, index) for index in range(len(self._names))]
        positions = pa.arange(first, first + batch.num_rows)
        self._insert(self._name, pa.table([*columns, positions], [*self._names, "position"]))

    def take(self, condition: str) -> list[int]:
        """Removes the rows for which a condition over their columns holds; returns their positions in order."""
        found = self._run(f"DELETE FROM {self._name} WHERE {condition} RETURNING position")
        return sorted(int(row[0]) for row in found)

    def take_without_key(self) -> list[int]:
        """Removes the rows one of whose keys is null."""
        return self.take(" OR ".join(f"{key} IS NULL" for key in self._keys))

    def take_positions(self, positions: Sequence[int]) -> None:
        """Removes the rows at these positions."""
        self._run(f"DELETE FROM {self._name} WHERE position IN (SELECT unnest(?))", list(positions))

    def stored(self, rows: pa.Table, *, in_slice: bool) -> None:
        """Takes rows of the store, in the target's columns; `in_slice`: they go if the load does not bring them."""
        columns = [column.cast(field.type) for column, field in zip(rows.columns, self._types, strict=True)]
        self._insert(f"{self._name}_stored", pa.table(columns, self._names), f"*, {in_slice}")

    def forget_stored(self) -> None:
        """Forgets what `stored` was told: before another attempt."""
        self._run(f"DELETE FROM {self._name}_stored")

    def keys_not_stored(self) -> pa.Table:
        """The keys of rows that `stored` has not brought, each once, in order."""
        keys = ", ".join(self._keys)
        return self._table(
            f"SELECT DISTINCT {keys} FROM {self._name} ANTI JOIN {self._name}_stored USING ({keys}) ORDER BY {keys}",
            self._keys,
        )

    def compare(self) -> Difference:
        """How the rows, the last of each key, differ from what is stored."""
        self._duplicates += self._take_superseded()
        name, keys = self._name, ", ".join(self._keys)
        others = self._names[len(self._keys) :]
        differs = " OR ".join(f"new.{column} IS DISTINCT FROM old.{column}" for column in others) or "false"
        views = {
            "new": f"SELECT new.* FROM {name} new ANTI JOIN {name}_stored old USING ({keys})",
            "changed": f"SELECT new.* FROM {name} new JOIN {name}_stored old USING ({keys}) WHERE {differs}",
            "gone": f"SELECT old.* FROM {name}_stored old ANTI JOIN {name} new USING ({keys}) WHERE old.in_slice",
        }
        for view, query in views.items():
            self._run(f"CREATE OR REPLACE TEMP VIEW {name}_{view} AS {query}")
        rows = self._count(name)
        if not self._count(f"{name}_stored"):
            return Difference(self, self._duplicates, rows, 0, 0, 0)
        new, changed, gone = (self._count(f"{name}_{view}") for view in views)
        return Difference(self, self._duplicates, new, changed, rows - new - changed, gone)

    def _take_superseded(self) -> int:
        """Removes all rows of a key but the last; returns how many."""
        name, keys = self._name, ", ".join(self._keys)
        # Half the time of grouping by the keys themselves, and nearly always the end of it.
        if not self._count(f"(SELECT hash({keys}) FROM {name} GROUP BY ALL HAVING count(*) > 1)"):
            return 0
        self._run(
            f"CREATE OR REPLACE TEMP TABLE {name}_repeated AS"
            f" SELECT {keys}, max(position) AS last FROM {name} GROUP BY ALL HAVING count(*) > 1"
        )
        if not self._count(f"{name}_repeated"):
            return 0
        return len(
            self.take(
                f"position IN (SELECT position FROM {name} JOIN {name}_repeated USING ({keys}) WHERE position < last)"
            )
        )

    def new(self) -> pa.RecordBatchReader:
        """Rows whose key is not stored, to be read before anything else is asked; see `_rows` for their order."""
        return self._rows(f"{self._name}_new")

    def changed(self) -> pa.RecordBatchReader:
        """Rows that differ from the stored one of their key, to be read before anything else is asked."""
        return self._rows(f"{self._name}_changed")

    def to_write(self) -> pa.Table:
        """What `new` and `changed` give together, with each row's `position`."""
        parts = f"(FROM {self._name}_new UNION ALL FROM {self._name}_changed)"
        return self._rows(parts, pa.field("position", pa.int64())).read_all()

    def gone(self) -> pa.Table:
        """Keys that are stored in the slice and were not brought, in order."""
        keys = ", ".join(self._keys)
        return self._table(f"SELECT {keys} FROM {self._name}_gone ORDER BY {keys}", self._keys)

    def whole(self, stored: pa.Table) -> pa.Table:
        """The target as it is after the load: its rows, and what else is stored and stays.

        Args:
            stored: all that the store holds of the target, of every slice, in its columns.
        """
        keys, columns = ", ".join(self._keys), ", ".join(self._names)
        everything = [column.cast(field.type) for column, field in zip(stored.columns, self._types, strict=True)]
        self._engine.register("everything", pa.table(everything, self._names))
        try:
            return self._rows(
                f"(SELECT {columns} FROM everything ANTI JOIN {self._name} USING ({keys})"
                f" ANTI JOIN {self._name}_gone USING ({keys}) UNION ALL SELECT {columns} FROM {self._name})"
            ).read_all()
        finally:
            self._engine.unregister("everything")

    def ends(self, column: str, nodes: StagedTarget | None) -> pa.Table:
        """Distinct values of an end's column that are none of the keys that the load itself brings, in order."""
        known = f" ANTI JOIN {nodes._name} known ON known.c0 = rows.{column}" if nodes else ""
        return self._table(
            f"SELECT DISTINCT rows.{column} AS c0 FROM {self._name} rows{known} ORDER BY 1",
            ["c0"],
            self._types.field(column).type,
        )

    def take_orphans(self, column: str, nodes: StagedTarget | None, elsewhere: pa.Table) -> list[int]:
        """Removes relationships whose end is neither brought by the load nor stored to stay.

        Args:
            column: the end's column, c0 or c1.
            nodes: the label's rows of this load, compared before; None where the load brings none.
            elsewhere: keys that the store holds of those in `ends`.
        """
        self._engine.register("elsewhere", elsewhere.rename_columns(["c0"]))
        stays = "SELECT c0 FROM elsewhere"
        if nodes:
            stays = f"SELECT c0 FROM {nodes._name} UNION ALL ({stays} EXCEPT SELECT c0 FROM {nodes._name}_gone)"
        try:
            return self.take(f"{column} NOT IN ({stays})")
        finally:
            self._engine.unregister("elsewhere")

    def _column(self, batch: pa.RecordBatch, index: int) -> pa.Array[Any]:
        column, kind = self.target.columns[index], self._types.field(index).type
        if column.name not in batch.schema.names:
            raise SetupError(
                f"Rows for {self.target.name} have no column {column.name}; there are {', '.join(batch.schema.names)}.",
                "Name the columns as the target does.",
            )
        values = batch.column(column.name)
        try:
            return values.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SetupError(
                f"Column {column.name} for {self.target.name} is {values.type}; expected {column.type}.",
                "Bring the values in the target's type.",
            ) from error

    def _insert(self, into: str, rows: pa.Table, columns: str = "*") -> None:
        self._engine.register("arriving", rows)
        self._run(f"INSERT INTO {into} SELECT {columns} FROM arriving")
        self._engine.unregister("arriving")

    def _rows(self, source: str, *further: pa.Field[Any]) -> pa.RecordBatchReader:
        """Nodes by key, relationships as they come: sorting half a million costs 0.4 s, and saves COPY 0.25 s."""
        schema = pa.schema([*self._schema, *further])
        order = f" ORDER BY {self._keys[0]}" if isinstance(self.target, NodeTarget) else ""
        query = f"SELECT {', '.join(schema.names)} FROM {source}{order}"
        return self._engine.sql(query).to_arrow_reader(BATCH_ROWS).cast(schema)

    def _table(self, query: str, names: Sequence[str], *types: pa.DataType) -> pa.Table:
        kinds = types or [self._schema.field(name).type for name in names]
        return self._engine.sql(query).to_arrow_table().cast(pa.schema(list(zip(names, kinds, strict=True))))

    def _run(self, statement: str, *parameters: Any) -> list[Any]:
        """All rows of a statement: DuckDB's connection does nothing else before they were fetched."""
        return self._engine.execute(statement, list(parameters) or None).fetchall()

    def _count(self, table: str) -> int:
        return int(self._run(f"SELECT count(*) FROM {table}")[0][0])


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows of a target are new, changed and so on."""

    rows: StagedTarget
    duplicates: int
    new: int
    changed: int
    unchanged: int
    gone: int


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type as DuckDB compares it: moments in UTC without saying so, since zones would need an extension."""
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind

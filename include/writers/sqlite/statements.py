"""The statements of a load into one table, over rows that were staged in a temporary one."""

# ruff: noqa: S608  # names go through `quoted`, values are parameters

from __future__ import annotations

from include.writers.sqlite.session import quoted
from include.writers.sqlite.target import SqliteTarget


class Statements:
    """SQL of one target; `place` tells the staging tables of one load apart."""

    def __init__(self, target: SqliteTarget, place: int) -> None:
        self.target = target
        self.table = quoted(target.table)
        self.staged = f"temp.staged_{place}"
        self.names = [quoted(name) for name in target.columns]
        self.key = [quoted(name) for name in target.key]
        self.others = [name for name in self.names if name not in self.key]
        self.scope = " AND ".join(
            f"old.{quoted(name)} IN ({', '.join('?' * len(values))})" for name, values in target.scope.items()
        )
        self.scope_values = [value for values in target.scope.values() for value in values]
        self.definition = ", ".join(f"{quoted(name)} {kind}" for name, kind in target.columns.items())

    @property
    def create(self) -> str:
        return f"CREATE TABLE IF NOT EXISTS {self.table} ({self.definition}, PRIMARY KEY ({', '.join(self.key)}))"

    @property
    def stage(self) -> str:
        """Staged rows are numbered by their rowid; a key may be there several times and is never null."""
        keys = ", ".join(f"CHECK ({name} IS NOT NULL)" for name in self.key)
        return f"CREATE TABLE {self.staged} ({self.definition}, {keys})"

    @property
    def take(self) -> str:
        return f"INSERT INTO {self.staged} VALUES ({', '.join('?' * len(self.names))})"

    @property
    def index(self) -> str:
        name = self.staged.removeprefix("temp.")
        return f"CREATE INDEX temp.{name}_key ON {name} ({', '.join(self.key)})"

    @property
    def dedupe(self) -> str:
        """Leaves the last row of each key."""
        later = " AND ".join(f"later.{name} = this.{name}" for name in self.key)
        return (
            f"DELETE FROM {self.staged} AS this WHERE EXISTS"
            f" (SELECT 1 FROM {self.staged} AS later WHERE {later} AND later.rowid > this.rowid)"
        )

    @property
    def known(self) -> str:
        """Staged rows whose key is in the table, and how many of them differ."""
        return (
            f"SELECT count(*), coalesce(sum({self._differs}), 0)"
            f" FROM {self.staged} AS new JOIN {self.table} AS old ON {self._same_key}"
        )

    @property
    def merge(self) -> str:
        names = ", ".join(self.names)
        sets = ", ".join(f"{name} = excluded.{name}" for name in self.others)
        changed = " OR ".join(f"{self.table}.{name} IS NOT excluded.{name}" for name in self.others)
        action = f"DO UPDATE SET {sets} WHERE {changed}" if self.others else "DO NOTHING"
        return (
            f"INSERT INTO {self.table} ({names}) SELECT {names} FROM {self.staged} WHERE true"
            f" ON CONFLICT ({', '.join(self.key)}) {action}"
        )

    @property
    def delete(self) -> str:
        """Rows within the scope that were not staged; its parameters are `scope_values`."""
        within = f"{self.scope} AND " if self.scope else ""
        return (
            f"DELETE FROM {self.table} AS old WHERE {within}NOT EXISTS"
            f" (SELECT 1 FROM {self.staged} AS new WHERE {self._same_key})"
        )

    @property
    def _same_key(self) -> str:
        return " AND ".join(f"new.{name} = old.{name}" for name in self.key)

    @property
    def _differs(self) -> str:
        return " OR ".join(f"new.{name} IS NOT old.{name}" for name in self.others) or "0"

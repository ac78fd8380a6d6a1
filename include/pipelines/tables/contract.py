"""Contracts in YAML: what a CSV of any kind holds, the table it fills, and how; all SQL is derived from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from include.contracts import (
    DECIMAL_PRECISION,
    DECIMAL_SCALE,
    Column,
    ColumnType,
    Contract,
    Table,
    TableColumn,
)
from include.readers.choices import DateOrder, DecimalForm
from include.readers.profile import DateFormat, FormKeys, Profile, TimeZone
from include.settings import StoreSettings
from include.yaml_files import read_document

# PostgreSQL cuts names after 63 bytes; the load's temporary table has the table's name with `prepared_` before it.
MAX_NAME = 50
NAME = rf"[a-z_][a-z0-9_]{{0,{MAX_NAME - 1}}}"

# Longshore's own, PostgreSQL's own.
RESERVED_SCHEMAS = ("commerce", "ledger", "information_schema", "pg_")

SOURCE_LINE, ROW_NUMBER, SOURCE_FILE = "source_line", "row_number", "source_file"
RESERVED_COLUMNS = (SOURCE_LINE, ROW_NUMBER, SOURCE_FILE)

STORED_AS = {
    ColumnType.IDENTIFIER: "text",
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "bigint",
    ColumnType.DECIMAL: "numeric",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp with time zone",
    ColumnType.DATE: "date",
    ColumnType.DOUBLE: "double precision",
    ColumnType.JSON: "jsonb",
    ColumnType.UUID: "uuid",
    ColumnType.TIME: "time without time zone",
    ColumnType.INTERVAL: "interval",
}

# What the reader keeps as text, and the select makes what it is.
CAST = frozenset({ColumnType.JSON, ColumnType.UUID, ColumnType.TIME, ColumnType.INTERVAL})

# numeric(12, 6): digits in all, and after the decimal sign. Arrow's decimals have at most 38.
NUMERIC = re.compile(r"numeric\(\s*([0-9]+)\s*,\s*([0-9]+)\s*\)")
MOST_DIGITS = 38

NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)


class Merge(StrEnum):
    """What a delivery says of rows that it lacks.

    REPLACE: they are gone. UPSERT: nothing. APPEND: each file owns its rows, so those of the same file are gone, and
    other files' stay.
    """

    REPLACE = "replace"
    UPSERT = "upsert"
    APPEND = "append"


def _table(name: str) -> str:
    if not re.fullmatch(rf"{NAME}\.{NAME}", name):
        raise ValueError(f"{name!r} is no schema.name of small letters, digits and _, each at most {MAX_NAME} long")
    if name.startswith(RESERVED_SCHEMAS):
        raise ValueError(f"the schema of {name!r} is not for tables of contracts; any other name will do")
    return name


def _column(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise ValueError(f"{name!r} is no name of small letters, digits and _, at most {MAX_NAME} long")
    if name in RESERVED_COLUMNS:
        raise ValueError(f"{name!r} is a column that each load fills itself; call it otherwise")
    return name


def _family(form: str) -> str:
    if form.count("*") != 1 or not form.replace("*", "").strip():
        raise ValueError(f"{form!r} is no form of headers with one star, such as 'Price / *'")
    return form


def _texts(values: object) -> object:
    """Headers and cells are text, also those that YAML reads as numbers."""
    if not isinstance(values, list):
        return values
    return [str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value for value in values]


def _words(values: object) -> object:
    """Words as YAML would spell them where it takes them for booleans: yes, no, on, off, true, false."""
    if not isinstance(values, list):
        return values
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
ColumnName = Annotated[str, AfterValidator(_column)]


class ContractColumn(BaseModel):
    """One column; see `include.contracts.Column` for what the keys say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ColumnType
    aliases: Texts = ()
    family: Annotated[str, AfterValidator(_family)] | None = None
    required: bool = False
    nullable: bool = True
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: Texts = ()
    null_words: Texts = ()
    description: str = ""
    position: Annotated[int, Field(ge=1)] | None = None
    precision: Annotated[int, Field(ge=1, le=MOST_DIGITS)] = DECIMAL_PRECISION
    scale: Annotated[int, Field(ge=0, le=MOST_DIGITS)] = DECIMAL_SCALE
    money: bool = False
    date_format: DateFormat | None = None
    true_words: Words = ()
    false_words: Words = ()

    @model_validator(mode="before")
    @classmethod
    def _numeric(cls, values: object) -> object:
        """`type: numeric(12, 6)` as a decimal of that many digits."""
        if not isinstance(values, Mapping) or not (found := NUMERIC.fullmatch(str(values.get("type")))):
            return values
        return {**values, "type": ColumnType.DECIMAL, "precision": int(found[1]), "scale": int(found[2])}

    @property
    def stored(self) -> str:
        """The type of the table's column."""
        if (self.precision, self.scale) != (DECIMAL_PRECISION, DECIMAL_SCALE):
            return f"numeric({self.precision},{self.scale})"
        return STORED_AS[self.type]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.scale > self.precision:
            raise ValueError(f"numeric({self.precision}, {self.scale}) has more decimals than digits")
        if self.date_format and self.type not in {ColumnType.DATE, ColumnType.TIMESTAMP}:
            raise ValueError(f"date_format is for date and timestamp, not for {self.type}")
        if (self.true_words or self.false_words) and self.type is not ColumnType.BOOLEAN:
            raise ValueError(f"true_words and false_words are for boolean, not for {self.type}")
        if self.money and self.type not in NUMBERS:
            raise ValueError(f"money is for integer and decimal, not for {self.type}")
        if self.type not in NUMBERS and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for integer and decimal, not for {self.type}")
        if self.allowed and self.type not in {ColumnType.IDENTIFIER, ColumnType.TEXT}:
            raise ValueError(f"allowed is for identifier and text, not for {self.type}")
        if self.family and (self.aliases or self.position or not self.nullable):
            raise ValueError("a family has no aliases, position or nullable: false; its headers all have one form")
        return self


class TableContract(FormKeys):
    """A contract: which table a file fills, how its columns are found and read, and what a delivery may do.

    `key`: the columns that name a row; without any a row is named by its number in the file, which `upsert` does not
    allow. `merge` is `append` where nothing is said and there is no key, else `replace`; appended rows have the file's
    name in `source_file`. `scope`: a column, not one of the file's, that holds the source's name: each source is the
    truth for its own rows only. Without it the table as a whole is what a delivery speaks of.
    """

    table: Annotated[str, AfterValidator(_table)]
    description: str = ""
    columns: Annotated[Mapping[ColumnName, ContractColumn], Field(min_length=1)]
    key: tuple[str, ...] = ()
    merge: Merge
    scope: ColumnName | None = None
    max_rejected_percent: Annotated[float, Field(ge=0, le=100)] = 5.0
    max_rejected_rows: Annotated[int, Field(ge=0)] | None = None
    max_deleted_percent: Annotated[float, Field(ge=0, le=100)] = 50.0
    decimal: DecimalForm | None = None
    date_order: DateOrder | None = None
    time_zone: TimeZone = "UTC"

    @model_validator(mode="before")
    @classmethod
    def _merge(cls, values: object) -> object:
        """Without a word, rows that a key names replace others, and rows without one are appended by file."""
        if not isinstance(values, Mapping) or values.get("merge") is not None:
            return values
        return {**values, "merge": Merge.REPLACE if values.get("key") else Merge.APPEND}

    def scope_of(self, source: str | None, file: str) -> dict[str, str | None]:
        """The part of the table that a file is the truth for: column -> value."""
        by_source = {self.scope: source} if self.scope else {}
        return by_source | ({SOURCE_FILE: file} if self.merge is Merge.APPEND else {})

    @property
    def contract(self) -> Contract:
        """What the reader is told; key columns must be there and filled."""
        columns = tuple(_reader_column(name, column, name in self.key) for name, column in self.columns.items())
        return Contract(self.table, columns, description=self.description)

    @property
    def target(self) -> Table:
        """The table; `source_line` is the line on which the row starts in the file that last wrote it."""
        schema, name = self.table.split(".")
        return Table(schema, name, tuple(self._table_columns()), self._table_key())

    @property
    def select(self) -> str:
        """The sound staged rows as rows of the table."""
        return self.select_numbered("_sequence")

    def select_numbered(self, number: str) -> str:
        """The same, where the staged column `number` is what names a row without a key."""
        columns = [_selected(name, column) for name, column in self.columns.items()]
        numbered = () if self.key else (f"{number} AS {ROW_NUMBER}",)
        listed = ", ".join((*columns, *numbered, f"_line AS {SOURCE_LINE}", "_sequence"))
        return f"SELECT {listed} FROM {{staging}} WHERE _fault = 0"  # noqa: S608 # names are checked by NAME

    @property
    def profile(self) -> Profile:
        """How files are read, with messages that speak of the contract."""
        forms = {name: getattr(self, name) for name in (*FormKeys.model_fields, "decimal", "date_order", "time_zone")}
        return ContractProfile(name=self.table, **forms)

    @property
    def limits(self) -> StoreSettings:
        """Budgets as the load's rules take them."""
        return StoreSettings(
            time_zone=self.time_zone,
            max_rejected_percent=self.max_rejected_percent,
            max_rejected_rows=self.max_rejected_rows,
            max_deleted_percent=self.max_deleted_percent,
        )

    def _table_columns(self) -> Iterator[TableColumn]:
        if self.scope:
            yield TableColumn(self.scope, "text", nullable=False, collate_c=True)
        if self.merge is Merge.APPEND:
            yield TableColumn(SOURCE_FILE, "text", nullable=False, collate_c=True)
        if not self.key:
            yield TableColumn(ROW_NUMBER, "bigint", nullable=False)
        for name, column in self.columns.items():
            named = column.type is ColumnType.IDENTIFIER or (name in self.key and column.type is ColumnType.TEXT)
            nullable = column.nullable and name not in self.key
            stored = "jsonb" if column.family else column.stored
            yield TableColumn(name, stored, nullable, collate_c=named and not column.family)
        yield TableColumn(SOURCE_LINE, "bigint", nullable=False, provenance=True)

    def _table_key(self) -> tuple[str, ...]:
        by_file = (SOURCE_FILE,) if self.merge is Merge.APPEND else ()
        return (*filter(None, (self.scope,)), *by_file, *(self.key or (ROW_NUMBER,)))


def _selected(name: str, column: ContractColumn) -> str:
    """The staged column as the table takes it."""
    kind = "jsonb" if column.family else STORED_AS[column.type] if column.type in CAST else None
    return f'"{name}"::{kind}' if kind else f'"{name}"'


class ContractProfile(Profile):
    """A contract's way of reading, as messages call it."""

    @property
    def title(self) -> str:
        return f"the contract of {self.name}"

    @property
    def exact(self) -> bool:
        """A contract's numbers are numbers alone, unless a column says `money`."""
        return True

    def key_of(self, dataset: str, column: str) -> str:
        """The key that says under which header a column stands."""
        return f"columns.{column}.aliases"


def _reader_column(name: str, column: ContractColumn, in_key: bool) -> Column:
    return Column(
        name=name,
        type=column.type,
        aliases=column.aliases,
        required=column.required or in_key,
        nullable=column.nullable and not in_key,
        minimum=column.minimum,
        maximum=column.maximum,
        allowed=column.allowed,
        null_words=column.null_words,
        description=column.description,
        family=column.family,
        position=column.position,
        precision=column.precision,
        scale=column.scale,
        money=column.money,
        date_format=column.date_format,
        true_words=column.true_words,
        false_words=column.false_words,
    )


def read_contract(path: str | Path) -> TableContract:
    """Reads and checks a contract.

    Raises:
        SetupError: the file is missing, no YAML, or holds a key or value that is not allowed; names file, line and key,
            and what is allowed.
    """
    document = read_document(Path(path), "contract", missing="Write one from a file: ./longshore contract infer FILE.")
    contract = document.validated(
        TableContract, lambda location: ContractColumn if location[0] == "columns" else TableContract
    )
    for location, fault in _contradictions(contract):
        raise document.error(f"{document.line(location)}{'.'.join(location)} {fault}")
    return contract


def _contradictions(contract: TableContract) -> Iterator[tuple[tuple[str, ...], str]]:
    """What the keys say against each other, with the place of it."""
    single = [name for name, column in contract.columns.items() if not column.family]
    for name in contract.key:
        if name not in single:
            yield ("key",), f"names {name!r}; allowed are {', '.join(single)}"
    if len(set(contract.key)) < len(contract.key):
        yield ("key",), "names a column twice"
    if not contract.key and contract.merge is Merge.UPSERT:
        yield (
            ("merge",),
            "is upsert without a key; allowed are append and replace, or name the columns that tell rows apart in key",
        )
    if contract.scope in contract.columns:
        yield ("scope",), f"is {contract.scope!r}, which is a column of the file; a name of its own is expected"

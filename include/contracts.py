"""What a file must hold and what a table holds, as data; SQL, validation and documentation are derived from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum


class ColumnType(StrEnum):
    """How a cell is read and stored.

    IDENTIFIER is text that names something: trimmed, NFC, freed of Excel's `="00123"` and leading apostrophe, never
    read as a number. TEXT is kept as delivered. TIMESTAMP is a moment (timestamptz, microseconds, UTC). DOUBLE is a
    float, for what is written in scientific notation. JSON, UUID, TIME and INTERVAL are checked as text and stored as
    what they are.
    """

    IDENTIFIER = "identifier"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"
    DOUBLE = "double"
    JSON = "json"
    UUID = "uuid"
    TIME = "time"
    INTERVAL = "interval"


# Money and the like: 18 digits, 4 of them decimals, hold any price in any currency that ISO 4217 lists (at most 4
# decimals) up to 99 trillion, in 128 bits without rounding. More decimals than that are a reject.
DECIMAL_PRECISION = 18
DECIMAL_SCALE = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    `required`: the header must be there. `nullable`: a cell may be blank. `group`: the value belongs to the group of
    rows that share the contract's `group` column (an order, a product) and may stand on its first row only; a blank
    one on a later row says nothing. `null_words` are read as blank (compared without regard to case). `empty_is_value`
    keeps a quoted empty text apart from an absent one. `personal` columns are loaded only where a profile asks.
    `family`: the form of the headers (`Price / *`) that feed this column together, as a JSON object of what the star
    stands for and the value; `type` is that of each value, and a reject names the header itself.
    `position`: the place of the column (1-based), where headers do not tell it from others. `precision`, `scale`:
    digits of a DECIMAL in all and after its sign. `money`: numbers may have a currency, brackets and a plus beside
    them. `date_format`: how dates are written (`%d-%b-%y`, `%Y%m%d`, `epoch`, `epoch_ms`). `true_words`,
    `false_words`: what a BOOLEAN is written as, instead of the usual words.
    """

    name: str
    type: ColumnType
    aliases: tuple[str, ...] = ()
    required: bool = False
    nullable: bool = True
    group: bool = False
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    empty_is_value: bool = False
    personal: bool = False
    description: str = ""
    family: str | None = None
    position: int | None = None
    precision: int = DECIMAL_PRECISION
    scale: int = DECIMAL_SCALE
    money: bool = False
    date_format: str | None = None
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    """What the files of one dataset hold.

    `group` names the column whose equal values bind rows together (orders: order_id; catalog: handle).
    `folds_when_blank`: a record in which all of these are blank is folded, neither row nor reject (an image-only row).
    `any_of`: at least one of each tuple of columns must be in the header.
    """

    name: str
    columns: tuple[Column, ...]
    group: str | None = None
    folds_when_blank: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    description: str = ""

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table.

    `collate_c`: texts that keys and joins compare, by bytes (COLLATE "C"), a third less time in sorts and indexes.
    `provenance`: where the row came from; a difference in these alone does not make a row "updated", so it speaks of
    the load that last wrote the row.
    """

    name: str
    type: str
    nullable: bool = True
    collate_c: bool = False
    provenance: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table that loads fill. `partitioned`: by the month of the delivery's day."""

    schema: str
    name: str
    columns: tuple[TableColumn, ...]
    key: tuple[str, ...]
    partitioned: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def fingerprint(*values: object) -> str:
    """Hex digest of what decides how bytes become rows (contract, profile, time zone, currency).

    A load of the same bytes is a no-op only while this stays the same.
    """
    document = [asdict(value) if hasattr(value, "__dataclass_fields__") else value for value in values]  # type: ignore[call-overload]
    return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()

"""What a person may say of a file's form, as a profile, a contract and the command line name it."""

from __future__ import annotations

from enum import StrEnum


class DecimalForm(StrEnum):
    """The sign that stands before the decimals: 1,234.50 is DOT, 1.234,50 is COMMA."""

    DOT = "dot"
    COMMA = "comma"


class DateOrder(StrEnum):
    """What a date of three numbers begins with. A date that begins with its year is read under each of them."""

    ISO = "iso"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class HeaderForm(StrEnum):
    """FIRST: the first record names the columns. NONE: it is data already, and columns go by their places."""

    FIRST = "first"
    NONE = "none"


class MissingTrailing(StrEnum):
    """What a record with fewer cells than the header is: a REJECT, or one whose last cells are NULL."""

    REJECT = "reject"
    NULL = "null"

"""What a column's values prove its type to be, without any tolerance: reading them loses no character that matters.

A reader takes `$5`, `+47`, `(38)` and `NO` for numbers and a boolean where somebody says that the column is one. A
guess must not: what is not proven is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import DECIMAL_PRECISION, DECIMAL_SCALE, ColumnType
from include.readers.choices import DecimalForm

# Words that programs write for nothing. In columns of anything else, one that nobody writes as a text is NULL too.
NULL_WORDS = pa.array(["na", "n/a", "#n/a", "nan", "null", "none", "nil", r"\n"])
NEVER_TEXT = frozenset({r"\N"})

WHOLE = "(?:0|[1-9][0-9]*)"
GROUPS = {DecimalForm.DOT: ("[.]", ","), DecimalForm.COMMA: (",", "[.]")}

INTEGER, SCIENTIFIC, BOOLEAN, TIME = "integer", "scientific", "boolean", "time"
PATTERNS = {
    INTEGER: f"^ *-?{WHOLE} *$",
    SCIENTIFIC: rf"^ *-?(?:{WHOLE}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{{1,3}})? *$",
    BOOLEAN: "^(?i:true|false)$",
    TIME: r"^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?$",
}
for _form, (_point, _group) in GROUPS.items():
    PATTERNS[f"plain {_form}"] = f"^ *-?(?:{WHOLE}(?:{_point}[0-9]*)?|{_point}[0-9]+) *$"
    PATTERNS[f"grouped {_form}"] = f"^ *-?(?:[1-9][0-9]{{0,2}}(?:{_group}[0-9]{{3}})+|{WHOLE})(?:{_point}[0-9]+)? *$"

# What shows that a form is meant: both signs, or two thousands signs; and what has the shape of thousands.
SHOWS = {form: f"[0-9]{group}[0-9]{{3}}(?:{point}[0-9]|{group}[0-9]{{3}})" for form, (point, group) in GROUPS.items()}
# Cells of a plain decimal that the other form could not take for thousands.
NO_GROUP = {
    form: f"{point}(?:[0-9]{{0,2}}$|[0-9]{{4,}})|^ *-?0?{point}|[0-9]{{4,}}{point}"
    for form, (point, _group) in GROUPS.items()
}

FINE_FRACTION = r"[0-9][.,][0-9]{6}[0-9]*[1-9]"
# Digits that any decimal in Arrow and PostgreSQL holds, and those of int64 whatever they are.
MOST_DIGITS, SURE_DIGITS = 38, 18
# Digits that a float gives back as they were.
FLOAT_DIGITS = 15

# Headers of numbers that nobody adds up, and that may begin with a zero or a plus tomorrow.
CODE_WORDS = frozenset(
    [
        "zip",
        "zipcode",
        "postal",
        "postalcode",
        "postcode",
        "plz",
        "cep",
        "phone",
        "telephone",
        "tel",
        "telefon",
        "mobile",
        "fax",
        "ean",
        "gtin",
        "upc",
        "isbn",
        "iban",
        "bic",
        "barcode",
        "ssn",
    ]
)
WORD_ENDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
# Lengths of article numbers that end in a check digit; fewer values than this may be so by chance.
CHECKED_LENGTHS = frozenset({8, 12, 13, 14})
CHECKED_VALUES = 2


@dataclass(frozen=True, slots=True)
class Proven:
    """A type that all values of a column prove, the digits of a decimal, and the words that are NULL in it."""

    type: ColumnType
    precision: int = DECIMAL_PRECISION
    scale: int = DECIMAL_SCALE
    null_words: tuple[str, ...] = ()


@dataclass(slots=True)
class Proof:
    """What all values of one column hold so far.

    `holds`: names of PATTERNS that all fit. `shown`: forms of decimals that some value shows beyond doubt. `words`:
    words for nothing that were met, `values` how many others. `whole`, `scale`: most digits before and after the
    decimal sign. `exponents`: some are in scientific notation, `floats`: a float holds all of them as they are. `fine`:
    some moment has more than microseconds.
    """

    holds: set[str] = field(default_factory=lambda: set(PATTERNS))
    shown: set[DecimalForm] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    values: int = 0
    whole: int = 0
    scale: int = 0
    exponents: bool = False
    floats: bool = True
    fine: bool = False

    def learn(self, values: pa.StringArray) -> pa.StringArray:
        """Takes a block's cells that are not blank; returns those that are no word for nothing."""
        nothing = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(values)), value_set=NULL_WORDS)
        if pc.any(nothing).as_py():
            self.words.update(pc.unique(pc.utf8_trim_whitespace(values.filter(nothing))).to_pylist())
            values = values.filter(pc.invert(nothing))
        self.values += len(values)
        if len(values):
            self.holds = {name for name in self.holds if _all(values, PATTERNS[name])}
            self._learn_numbers(values)
            self.fine = self.fine or _any(values, FINE_FRACTION)
        return values

    def _learn_numbers(self, values: pa.StringArray) -> None:
        if not self.holds - {BOOLEAN, TIME}:
            return
        for form in DecimalForm:
            plain, grouped = f"plain {form}" in self.holds, f"grouped {form}" in self.holds
            if (plain and _any(values, NO_GROUP[form])) or (grouped and _any(values, SHOWS[form])):
                self.shown.add(form)
        if SCIENTIFIC in self.holds and _any(values, "[eE]"):
            self.exponents = True
        if SCIENTIFIC in self.holds and self.floats and (self.exponents or _longest(values) > FLOAT_DIGITS):
            self.floats = all(map(_is_float, values.to_pylist()))
        pieces = pc.extract_regex(
            pc.replace_substring_regex(values, "[- ]", ""), "^(?P<whole>.*?)(?P<decimals>[.,][0-9]*)?(?:[eE].*)?$"
        )
        self.whole = max(self.whole, _longest(pc.struct_field(pieces, "whole")))
        self.scale = max(self.scale, _longest(pc.struct_field(pieces, "decimals")) - 1)

    def form(self, delimiter: str) -> DecimalForm | None:
        """The one form in which the values are decimals beyond doubt; None where there is none, or where all are whole.

        `2,2` may be a list: a decimal comma is one beside a thousands sign (`1.234,50`). In a file whose delimiter is
        the comma, `1.234` is no thousand.
        """
        if INTEGER in self.holds or len(self.shown) > 1:
            return None
        if self.shown:
            form = next(iter(self.shown))
            return None if form is DecimalForm.COMMA and f"plain {form}" in self.holds else form
        return DecimalForm.DOT if delimiter == "," and f"plain {DecimalForm.DOT}" in self.holds else None

    def decimals(self, form: DecimalForm | None, *, said: bool = False) -> Proven | None:
        """The values as decimals of the file's form; None where they are none, or would lose digits.

        Where somebody said the form, thousands signs need no proof.
        """
        plain = form is not None and f"plain {form}" in self.holds
        grouped = form is not None and f"grouped {form}" in self.holds and (said or form in self.shown)
        if not (plain or grouped):
            return None
        # A scale that grouped forms count the wrong sign for is never too small: it counts from the last sign on.
        return _digits(self.whole, max(self.scale, 0))

    def is_code(self, header: str, sample: pa.StringArray) -> bool:
        """Whether whole numbers are codes: by the header, or since all end in the check digit of article numbers."""
        if CODE_WORDS.intersection(word.lower() for word in WORD_ENDS.split(header)):
            return True
        texts = sample.to_pylist()
        return len(set(texts)) >= CHECKED_VALUES and all(map(_is_checked, texts))

    @property
    def null_words(self) -> tuple[str, ...]:
        """The words that are NULL in a column whose other values are of a type."""
        return tuple(sorted(self.words))


def _digits(whole: int, scale: int) -> Proven | None:
    if whole + scale > MOST_DIGITS:
        return None
    if scale <= DECIMAL_SCALE and whole <= DECIMAL_PRECISION - DECIMAL_SCALE:
        return Proven(ColumnType.DECIMAL)
    return Proven(ColumnType.DECIMAL, MOST_DIGITS, scale)


def _all(values: pa.StringArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _any(values: pa.StringArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(values, pattern)).as_py())


def _longest(texts: pa.StringArray) -> int:
    return int(pc.max(pc.binary_length(texts)).as_py() or 0)


def _is_float(text: str) -> bool:
    """Whether the nearest float is written back as the same number."""
    number = Decimal(text.strip())
    return number == Decimal(repr(float(number)))


def _is_checked(text: str) -> bool:
    if len(text) not in CHECKED_LENGTHS or not text.isdigit():
        return False
    weighted = (int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text)))
    return sum(weighted) % 10 == 0

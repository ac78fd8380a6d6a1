"""What a file's columns hold, found out from all its values: the types that fit, blanks, shapes, uniqueness.

For drafts of contracts and profiles. It streams; memory is that of a block, and of 8 bytes for each value of columns
that may name rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from include.contracts import ColumnType
from include.readers.blocks import Part, TextBlock
from include.readers.cells.block import refused_rows, without_empty
from include.readers.cells.column import KINDS
from include.readers.cells.inspection import TextColumn, to_mask
from include.readers.choices import DateOrder, DecimalForm
from include.readers.delimited import UnclosedError, read_text_blocks
from include.readers.encoding import EncodingFacts, detect_encoding
from include.readers.profile import Profile
from include.readers.quoting import NO_QUOTES, RFC_4180, Form
from include.readers.sniffing.column_survey import (
    DATE_FITS,
    MOMENTS,
    NUMBER_FITS,
    ColumnSurvey,
    Fit,
    is_iso,
    reading_of,
)
from include.readers.sniffing.dialect import Dialect, read_dialect, read_sample
from include.readers.sniffing.forms import Evidence
from include.readers.sniffing.guess import Guess, guess_form
from include.readers.sniffing.proof import (
    BOOLEAN,
    INTEGER,
    MOST_DIGITS,
    NEVER_TEXT,
    SCIENTIFIC,
    SURE_DIGITS,
    TIME,
    Proven,
)
from include.readers.sniffing.suspects import SuspectError

# Values of all columns together whose hashes are kept to tell whether they are unique: 64 MB.
HASHED_VALUES = 8_000_000
# A type that more of the values fit than not is meant.
HALF = 0.5
# Digits from which on whole numbers of one length are codes (EAN, GTIN), which nobody adds up.
CODE_DIGITS = 8
# Bytes of a code; longer values are texts.
CODE_BYTES = 64


@dataclass(frozen=True)
class FileSurvey:
    """A file's columns and forms.

    `rows` counts records that are neither blank nor broken, `broken` those that do not fit the header. `decimal` and
    `date_order` are None where no value needs them; `decimal_doubt` and `date_doubt`: the values fit two readings
    alike, and the one that is named is a guess.
    """

    name: str
    encoding: EncodingFacts
    dialect: Dialect
    rows: int
    broken: int
    columns: tuple[ColumnSurvey, ...]
    decimal: DecimalForm | None
    decimal_doubt: bool
    date_order: DateOrder | None
    date_doubt: bool
    guess: Guess | None = None
    misquoted: int = 0
    said: Profile = field(default_factory=Profile)

    @cached_property
    def proven_decimal(self) -> DecimalForm | None:
        """The decimal form that is said, or that columns of the file prove: that of most, where they prove two."""
        if self.said.decimal:
            return self.said.decimal
        forms = Counter(column.proof.form(self.dialect.delimiter) for column in self.columns if column.proof.values)
        forms.pop(None, None)
        return forms.most_common(1)[0][0] if forms else None

    @cached_property
    def order_proofs(self) -> dict[DateOrder, list[str]]:
        """Headers of the columns that prove an order of dates, by the order: all of the others are read by it."""
        found: dict[DateOrder, list[str]] = {}
        for column in self.columns:
            if column.sure.intersection(DATE_FITS) and column.sure_dates.one_sided and not is_iso(column):
                order = DateOrder.DAY_FIRST if column.sure_dates.first else DateOrder.MONTH_FIRST
                found.setdefault(order, []).append(column.header)
        return found

    @cached_property
    def proven_order(self) -> DateOrder | None:
        """The order of dates that is said, or that columns prove; None where they contradict each other or are none."""
        if self.said.date_order:
            return self.said.date_order
        return next(iter(self.order_proofs)) if len(self.order_proofs) == 1 else None

    def proven(self, column: ColumnSurvey) -> Proven:
        """The type that a column's values prove, with the words that are NULL then; else text."""
        found = self._proven(column) if column.proof.values else None
        if found is not None:
            return replace(found, null_words=column.proof.null_words)
        kind = (
            ColumnType.IDENTIFIER if column.filled and column.code and column.longest <= CODE_BYTES else ColumnType.TEXT
        )
        return Proven(kind, null_words=tuple(sorted(column.proof.words & NEVER_TEXT)) if column.proof.values else ())

    def _proven(self, column: ColumnSurvey) -> Proven | None:
        proof = column.proof
        if BOOLEAN in proof.holds:
            return Proven(ColumnType.BOOLEAN)
        if INTEGER in proof.holds:
            if proof.is_code(column.header, column.sample):
                return None
            wide = proof.whole > SURE_DIGITS
            return Proven(ColumnType.DECIMAL, MOST_DIGITS, 0) if wide else Proven(ColumnType.INTEGER)
        found = proof.decimals(self.proven_decimal, said=self.said.decimal is not None)
        if found:
            return found
        if (
            SCIENTIFIC in proof.holds
            and proof.exponents
            and proof.floats
            and self.proven_decimal is not DecimalForm.COMMA
        ):
            return Proven(ColumnType.DOUBLE)
        return self._proven_moment(column)

    def _proven_moment(self, column: ColumnSurvey) -> Proven | None:
        if TIME in column.proof.holds:
            return Proven(ColumnType.TIME)
        order = DateOrder.ISO if is_iso(column) else self.proven_order
        for kind in MOMENTS[column.clock :]:
            if order and (kind, order) in column.sure and not column.proof.fine:
                return Proven(kind)
        return None

    def fits(self, column: ColumnSurvey, kind: ColumnType) -> bool:
        """Whether all of a column's values can be read as the type, in the file's forms."""
        return kind in {ColumnType.TEXT, ColumnType.IDENTIFIER} or self._fit(kind) in column.fits

    def _fit(self, kind: ColumnType) -> Fit:
        if kind in {ColumnType.INTEGER, ColumnType.DECIMAL}:
            return kind, self.decimal or DecimalForm.DOT
        if kind in {ColumnType.DATE, ColumnType.TIMESTAMP}:
            return kind, self.date_order or DateOrder.ISO
        return kind, None

    def nearly(self, column: ColumnSurvey) -> tuple[ColumnType, int] | None:
        """A type that more than half of the first values fit but not all, and how many do; None where there is none."""
        for kind in () if column.padded else (ColumnType.DECIMAL, ColumnType.TIMESTAMP):
            share = self.share(column, kind)
            if HALF < share < 1:
                return kind, round(share * len(column.sample))
        return None

    def share(self, column: ColumnSurvey, kind: ColumnType) -> float:
        """Which part of a column's first values can be read as the type; 1 only where all of its values can."""
        if self.fits(column, kind):
            return 1.0
        misfits = int(KINDS[kind].read(TextColumn(column.sample), reading_of(self._fit(kind))).null_count)
        # All of the sample may fit where a later value does not.
        return min((len(column.sample) - misfits) / len(column.sample), 0.999)

    def type_of(self, column: ColumnSurvey) -> ColumnType:
        """The narrowest type that keeps all there is in a column's values."""
        if column.filled == 0:
            return ColumnType.TEXT
        number = not column.padded
        code = column.plain and column.shortest == column.longest >= CODE_DIGITS
        kinds = (
            (ColumnType.BOOLEAN, not column.bits),
            (ColumnType.INTEGER, number and column.plain and not code),
            (ColumnType.DECIMAL, number and not code),
            (ColumnType.DATE, not column.clock),
            (ColumnType.TIMESTAMP, True),
            (ColumnType.IDENTIFIER, column.code and column.longest <= CODE_BYTES),
        )
        found = (kind for kind, possible in kinds if possible and self.fits(column, kind))
        return next(found, ColumnType.TEXT)


def survey_file(
    part: Part,
    profile: Profile,
    options: Mapping[str, Any] | None = None,
    *,
    guessing: bool = False,
    headed: bool | None = None,
) -> FileSurvey:
    """Reads a whole file and says what its columns hold.

    Args:
        part: the file.
        profile: encoding, delimiter and forms, where they are known.
        options: storage options for fsspec.
        guessing: find out what the profile leaves open of the file's form too: quotes, escapes, the header's place.
        headed: whether the file has a header, where somebody said it.

    Raises:
        FileError: the file cannot be read as a whole.
    """
    encoding = detect_encoding(part.url, profile.encoding, options)
    if not guessing:
        return _survey(part, profile, encoding, profile.form, None, options)
    guess = guess_form(*read_sample(part.url, encoding, options), fixed=profile.form, headed=headed)
    try:
        found = _survey(part, profile, encoding, guess.form, guess, options)
    except (SuspectError, UnclosedError):
        unquoted = _unquoted(part, profile, encoding, guess, options)
        if unquoted is None:
            raise
        return unquoted
    return (found.misquoted and _unquoted(part, profile, encoding, guess, options)) or found


def _unquoted(
    part: Part, profile: Profile, encoding: EncodingFacts, guess: Guess, options: Mapping[str, Any] | None
) -> FileSurvey | None:
    """The file as one in which quotes guard nothing; None where they do, or where not all records fit then."""
    if guess.form.settled or guess.form.quoting != replace(RFC_4180, comment=guess.form.quoting.comment):
        return None
    form = replace(guess.form, quoting=replace(NO_QUOTES, comment=guess.form.quoting.comment))
    reasons = {**guess.reasons, "quote": "quotes stand within cells, and guard none"}
    found = _survey(part, profile, encoding, form, replace(guess, form=form, reasons=reasons), options)
    return None if found.broken or any(column.enclosed for column in found.columns) else found


def _survey(  # what survey_file has found out so far
    part: Part,
    profile: Profile,
    encoding: EncodingFacts,
    form: Form,
    guess: Guess | None,
    options: Mapping[str, Any] | None,
) -> FileSurvey:
    dialect = read_dialect(part.url, encoding, form, options)
    columns = tuple(ColumnSurvey(cell.strip(), position) for position, cell in enumerate(dialect.header))
    rows = broken = misquoted = 0
    blocks = read_text_blocks(part, dialect, encoding, first_sequence=1, options=options)
    for block in blocks if columns else ():
        sound = _sound(block)
        rows, broken = rows + sound.num_rows, broken + len(block.rejects)
        misquoted += sum(reject.code == "quoting" for reject in block.rejects)
        for column in columns:
            column.learn(sound.column(str(column.position)))
        _bound_hashes(columns)
    for column in columns:
        column.settle()
    decimal, decimal_doubt = _decimal(columns, profile, dialect)
    date_order, date_doubt = _date_order(columns, profile)
    return FileSurvey(
        part.name,
        encoding,
        dialect,
        rows,
        broken,
        columns,
        decimal,
        decimal_doubt,
        date_order,
        date_doubt,
        guess,
        misquoted,
        profile,
    )


def _sound(block: TextBlock) -> pa.RecordBatch:
    """The cells of records that are neither blank nor broken."""
    kept = without_empty(block)
    return kept.cells.filter(to_mask(~refused_rows(kept)))


def _bound_hashes(columns: tuple[ColumnSurvey, ...]) -> None:
    """Gives up the rightmost columns first: what names rows stands on the left as a rule."""
    for column in reversed(columns):
        if sum(other.hashed for other in columns) <= HASHED_VALUES:
            return
        if column.hashed:
            column.give_up_unique()


def _decimal(columns: tuple[ColumnSurvey, ...], profile: Profile, dialect: Dialect) -> tuple[DecimalForm | None, bool]:
    numbers = (column for column in columns if not column.padded and column.fits.intersection(NUMBER_FITS))
    evidence = sum((column.numbers for column in numbers), Evidence())
    if profile.decimal or not evidence:
        return profile.decimal, False
    if evidence.first != evidence.second:
        return (DecimalForm.DOT if evidence.first > evidence.second else DecimalForm.COMMA), False
    # Where the comma is the decimal sign, programs separate cells by semicolons.
    return (DecimalForm.COMMA if dialect.delimiter == ";" else DecimalForm.DOT), True


def _date_order(columns: tuple[ColumnSurvey, ...], profile: Profile) -> tuple[DateOrder | None, bool]:
    year_last = [
        column
        for column in columns
        if column.filled and column.fits.intersection(DATE_FITS) and not _year_first(column)
    ]
    if profile.date_order or not year_last:
        return profile.date_order, False
    evidence = sum((column.dates for column in year_last), Evidence())
    if evidence.first != evidence.second:
        return (DateOrder.DAY_FIRST if evidence.first > evidence.second else DateOrder.MONTH_FIRST), False
    return DateOrder.DAY_FIRST, True


def _year_first(column: ColumnSurvey) -> bool:
    return any((kind, DateOrder.ISO) in column.fits for kind in (ColumnType.DATE, ColumnType.TIMESTAMP))

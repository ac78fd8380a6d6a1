"""Decides over a file how its numbers and dates are to be read, where two readings are possible.

A question is answered by the first block that holds evidence for one reading and none for the other; where a block
speaks for both, or for neither more than the other, all of the file is weighed. Until a block holds evidence, all
readings give the same values, so the question can stay open while rows are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from include.contracts import Column, ColumnType
from include.errors import FileError
from include.readers.cells.inspection import BLANKS, TextColumn
from include.readers.cells.moments import moment_fields
from include.readers.cells.numerals import POINT, figures_pattern
from include.readers.cells.shapes import mask_shape
from include.readers.choices import DateOrder, DecimalForm
from include.readers.profile import MOMENTS, Profile

# Examples kept per question: one for each reading and one that fits both.
EXAMPLES = 3

# A dot or comma that touches a digit and is no abbreviation's (Fr.5).
DECIDING_NUMBER = "[0-9][.,]|(?:^|[^A-Za-z.,])[.,][0-9]"
# What may stand before a number: signs, blanks, currencies with a dot of their own (kr. 5).
BESIDE = "^(?:[^0-9.,]|[A-Za-z][.])*"
DECIDING_DATE = f"^[{BLANKS}]*[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{4}}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many cells only the first reading fits, only the second, or both with different values.

    `examples`: (column, shape) of a few of these cells.
    """

    first: int = 0
    second: int = 0
    both: int = 0
    examples: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        examples = tuple(dict.fromkeys((*self.examples, *other.examples)))[:EXAMPLES]
        return Evidence(self.first + other.first, self.second + other.second, self.both + other.both, examples)

    def __bool__(self) -> bool:
        return bool(self.first or self.second or self.both)

    @property
    def one_sided(self) -> bool:
        return (self.first == 0) != (self.second == 0)


@dataclass(frozen=True, slots=True)
class Question:
    """Which of two readings a file's columns want.

    `key` is the profile's key that answers it, `readings` its values, `weigh` counts a column's cells.
    """

    key: str
    columns: tuple[Column, ...]
    readings: tuple[StrEnum, StrEnum]
    weigh: Callable[[pa.StringArray, Column], Evidence]

    def evidence(self, cells: pa.RecordBatch, positions: Mapping[str, int]) -> Evidence:
        """What a block's cells say."""
        found = (self.weigh(cells.column(str(positions[column.name])), column) for column in self.columns)
        return sum(found, Evidence())

    def answer(self, evidence: Evidence) -> StrEnum | None:
        """The reading that more cells fit; None where both fit alike."""
        if evidence.first == evidence.second:
            return None
        return self.readings[evidence.first < evidence.second]


@dataclass(slots=True)
class FormSurvey:
    """What is known of one file's forms: from the profile, else from the blocks that were shown to `settle`.

    `part` is the file's name, `columns` those it has, `positions` where their cells stand. `served`: columns whose
    dates fit both orders alike, and go by the one that the file's other columns prove.
    """

    part: str
    columns: tuple[Column, ...]
    positions: Mapping[str, int]
    profile: Profile
    decimal: DecimalForm | None = field(init=False)
    date_orders: dict[str, DateOrder] = field(init=False)
    served: tuple[str, ...] = ()
    _open: list[Question] = field(init=False)

    def __post_init__(self) -> None:
        self.decimal = self.profile.decimal
        order = self.profile.date_order
        self.date_orders = {column.name: order for column in self.columns if column.type in MOMENTS and order}
        self._open = list(_questions(self.columns, self.profile))

    def settle(self, cells: pa.RecordBatch, reread: Callable[[], Iterable[pa.RecordBatch]]) -> None:
        """Answers the open questions for which a block holds evidence.

        Args:
            cells: the block's cells, named by position.
            reread: gives the cells of all blocks of the file, from its start; called only where the block leaves doubt.

        Raises:
            FileError: two readings fit the whole file alike; names column, examples' shapes and the profile's key.
        """
        found = [(question, question.evidence(cells, self.positions)) for question in self._open]
        doubtful = [question for question, evidence in found if evidence and not evidence.one_sided]
        for question, evidence in found:
            if evidence.one_sided:
                self._settle(question, question.answer(evidence))
        if doubtful:
            self._settle_by_all(doubtful, reread)

    def _settle_by_all(self, doubtful: list[Question], reread: Callable[[], Iterable[pa.RecordBatch]]) -> None:
        """Weighs all of the file; a column of dates that leaves doubt goes by the other columns, if these agree."""
        weighed = list(self._weigh_all(list(self._open), reread))
        for question, evidence in weighed:
            answer = question.answer(evidence)
            if answer is not None:
                self._settle(question, answer)
        proven = set(self.date_orders.values()) - {None}
        for question, evidence in weighed:
            if question in doubtful and question in self._open:
                if question.key != "date_order" or len(proven) != 1:
                    raise self._doubt(question, evidence)
                self.served += tuple(column.name for column in question.columns)
                self._settle(question, next(iter(proven)))

    def _weigh_all(
        self, questions: list[Question], reread: Callable[[], Iterable[pa.RecordBatch]]
    ) -> Iterator[tuple[Question, Evidence]]:
        if not questions:
            return
        totals = [Evidence()] * len(questions)
        for cells in reread():
            found = (question.evidence(cells, self.positions) for question in questions)
            totals = [total + evidence for total, evidence in zip(totals, found, strict=True)]
        yield from zip(questions, totals, strict=True)

    def _settle(self, question: Question, answer: StrEnum | None) -> None:
        if isinstance(answer, DecimalForm):
            self.decimal = answer
        else:
            self.date_orders |= {column.name: DateOrder(str(answer)) for column in question.columns}
        self._open.remove(question)

    def _doubt(self, question: Question, evidence: Evidence) -> FileError:
        shapes = " and ".join(dict.fromkeys(shape for _, shape in evidence.examples[:2]))
        columns = " and ".join(dict.fromkeys(column for column, _ in evidence.examples[:2]))
        settings = " or ".join(f"`{question.key}: {reading}`" for reading in question.readings)
        what = (
            f"The file {self.part}: cells of {columns} such as {shapes} fit two readings alike, with different values."
        )
        return FileError(what, f"Set {settings} in {self.profile.title}.")


NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)


def _questions(columns: tuple[Column, ...], profile: Profile) -> Iterator[Question]:
    """One question for all numbers of a file, one for each column of dates; none that the profile answers."""
    numbers = tuple(column for column in columns if column.type in NUMBERS)
    if numbers and profile.decimal is None:
        yield Question("decimal", numbers, (DecimalForm.DOT, DecimalForm.COMMA), weigh_numbers)
    for column in columns:
        if column.type in MOMENTS and column.date_format is None and profile.date_order is None:
            yield Question("date_order", (column,), (DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST), weigh_dates)


def weigh_numbers(cells: pa.StringArray, column: Column) -> Evidence:
    """Counts the numbers that fit the decimal dot, the decimal comma, or both; those with neither sign say nothing."""
    text = TextColumn(cells)
    if not (text.holds(".") or text.holds(",")):
        return Evidence()
    marked = cells.filter(pc.match_substring_regex(cells, DECIDING_NUMBER))
    dot, comma = (_fits(marked, form, column) for form in DecimalForm)
    return _evidence(marked, column, dot, comma)


def _fits(cells: pa.StringArray, form: DecimalForm, column: Column) -> pa.BooleanArray:
    decimals = "0*" if column.type is ColumnType.INTEGER else "[0-9]*"
    return pc.match_substring_regex(cells, f"{BESIDE}{figures_pattern(form)}(?:[{POINT[form]}]{decimals})?[^0-9.,]*$")


def weigh_dates(cells: pa.StringArray, column: Column) -> Evidence:
    """Counts the dates that end with their year by what can be their day; 5/5/2024 says nothing."""
    if TextColumn(cells).begins_with_digits:
        return Evidence()
    dates = cells.filter(pc.match_substring_regex(cells, DECIDING_DATE))
    if len(dates) == 0:
        return Evidence()
    fields, _ = moment_fields(pc.utf8_trim(dates, characters=BLANKS))
    first, second = fields["first"], fields["second"]
    possible = (first != second) & (first >= 1) & (second >= 1)
    day_first = possible & (first <= 31) & (second <= 12)
    month_first = possible & (first <= 12) & (second <= 31)
    return _evidence(dates, column, pa.array(day_first), pa.array(month_first))


def _evidence(cells: pa.StringArray, column: Column, first: pa.BooleanArray, second: pa.BooleanArray) -> Evidence:
    groups = (pc.and_not(first, second), pc.and_not(second, first), pc.and_(first, second))
    only_first, only_second, both = (pc.sum(group).as_py() or 0 for group in groups)
    samples = (text for group in groups for text in cells.filter(group).slice(0, 1).to_pylist())
    return Evidence(only_first, only_second, both, tuple((column.name, mask_shape(text)) for text in samples))

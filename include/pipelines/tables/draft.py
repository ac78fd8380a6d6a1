"""The text of a drafted contract: YAML with comments for a person to check, and notes of what was guessed.

It holds headers and shapes of values, never a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from include.contracts import DECIMAL_PRECISION, DECIMAL_SCALE, ColumnType
from include.pipelines.tables.contract import MAX_NAME, NAME, RESERVED_SCHEMAS
from include.readers.headers import header_key
from include.readers.sniffing.column_survey import MOMENTS, ColumnSurvey, is_iso
from include.readers.sniffing.proof import Proven
from include.readers.sniffing.survey import FileSurvey

# Letters that lose their meaning without their marks.
SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})

# Key candidates and left out headers that are listed.
LISTED = 5
# Bytes of a value that may name rows: an index holds them all.
KEY_BYTES = 200
KEY_TYPES = (ColumnType.IDENTIFIER, ColumnType.INTEGER, ColumnType.TEXT)


@dataclass(frozen=True, slots=True)
class Draft:
    """One column as it is proposed; a family has several columns of the file.

    `placed`: it is addressed by its place, since its header does not tell it from others.
    """

    name: str
    proven: Proven
    found: tuple[ColumnSurvey, ...]
    family: str | None = None
    placed: bool = False

    @property
    def type(self) -> ColumnType:
        """The type that is proposed."""
        return self.proven.type

    @property
    def type_text(self) -> str:
        """The same as the contract has it."""
        digits = (self.proven.precision, self.proven.scale)
        usual = self.type is not ColumnType.DECIMAL or digits == (DECIMAL_PRECISION, DECIMAL_SCALE)
        return str(self.type) if usual else f"numeric({digits[0]}, {digits[1]})"

    @property
    def may_be_key(self) -> bool:
        """Whether each row has a value of its own, and one that can be indexed."""
        [*columns] = self.found
        return not self.family and self.type in KEY_TYPES and columns[0].names_rows and columns[0].longest <= KEY_BYTES


def head(survey: FileSurvey, file: str, table: str | None) -> Iterator[str]:
    """The lines before the key and the columns."""
    broken = f", {survey.broken} more that do not fit the header" if survey.broken else ""
    yield f"# Made from {text(file)}: {survey.rows} rows{broken}. Types are those that all values prove."
    yield "# Look at the table's name, the key and what is in doubt; then: ./longshore contract check THIS_FILE FILE"
    yield f"table: {table or _table(file)}"
    yield ""
    if survey.encoding.encoding != "utf-8":
        assumed = "  # assumed: the text is plausible in it" if survey.encoding.assumed else ""
        yield f"encoding: {survey.encoding.encoding}{assumed}"
    yield f"delimiter: {text(survey.dialect.delimiter)}"
    yield from _guessed_keys(survey)
    if survey.proven_decimal:
        yield f"decimal: {survey.proven_decimal}"
    if survey.proven_order:
        yield f"date_order: {survey.proven_order}  # {_order_proof(survey)}"
    yield "time_zone: UTC  # of times without an offset"
    yield ""
    yield "# scope: source  # a column for the source's name (--source): each source is the truth for its rows only"
    yield "max_rejected_percent: 5"
    yield "max_deleted_percent: 50  # a delivery that would delete more is held for a person"
    yield ""


def _guessed_keys(survey: FileSurvey) -> Iterator[str]:
    """The keys of the file's form that are not the usual, with the reason for each."""
    form, reasons = survey.dialect.form, survey.guess.reasons if survey.guess else {}
    values = {
        "quote": text(form.quoting.quote or "none"),
        "escape": text(form.quoting.escape or ""),
        "comment": text(form.quoting.comment or ""),
        "skip_blanks": "true",
        "skip_lines": str(form.skip_lines),
        "header": "none",
        "missing_trailing": text("null"),
    }
    for key, value in values.items():
        if key in reasons or (key == "header" and not form.headed):
            yield f"{key}: {value}" + (f"  # {reasons[key]}" if key in reasons else "")


def _order_proof(survey: FileSurvey) -> str:
    """Which columns prove the order of dates, and that the others are read by it."""
    if survey.said.date_order:
        return "as was said"
    proofs = survey.order_proofs[survey.proven_order] if survey.proven_order else []
    others = [
        column.header
        for column in survey.columns
        if column.header not in proofs and survey.proven(column).type in MOMENTS and not is_iso(column)
    ]
    served = f"; {_listed(others)} would fit the other one too, and go by it" if others else ""
    return f"proven by {_listed(proofs)}{served}"


def _listed(headers: Sequence[str]) -> str:
    more = f" and {len(headers) - LISTED} more" if len(headers) > LISTED else ""
    return ", ".join(text(header) for header in headers[:LISTED]) + more


def form_lines(survey: FileSurvey) -> Iterator[str]:
    """The keys that say how numbers and dates are written, where values need them."""
    doubt = "  # in doubt: the values fit {} too, and mean something else then"
    if survey.decimal:
        other = "dot" if survey.decimal == "comma" else "comma"
        yield f"decimal: {survey.decimal}" + (doubt.format(other) if survey.decimal_doubt else "")
    if survey.date_order:
        other = "month_first" if survey.date_order == "day_first" else "day_first"
        yield f"date_order: {survey.date_order}" + (doubt.format(other) if survey.date_doubt else "")


def _table(file: str) -> str:
    stem = file.split(".", maxsplit=1)[0].lower().translate(SPELLED)
    name = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", stem)).strip("_")[:MAX_NAME]
    name = name if re.fullmatch(NAME, name) and not name.startswith(RESERVED_SCHEMAS) else f"file_{name}"[:MAX_NAME]
    return f"imported.{name.rstrip('_')}"


def keys(chosen: Sequence[str], drafts: Sequence[Draft]) -> Iterator[str]:
    """The lines of `merge` and `key`, with the columns that might be one."""
    unique = [draft.name for draft in drafts if draft.may_be_key]
    if unique:
        more = f" and {len(unique) - LISTED} more" if len(unique) > LISTED else ""
        yield f"# No value stands twice in: {', '.join(unique[:LISTED])}{more}."
    else:
        yield "# No single column has a value of its own in each row."
    if chosen:
        yield "merge: replace  # a delivery is the whole truth: rows that it lacks are deleted; upsert deletes nothing"
    else:
        yield "# One file does not prove a key. With one (key: [a, b]) choose merge: replace or upsert."
        yield "merge: append  # each file owns its rows: delivered again, they are replaced; other files' rows stay"
    yield f"key: [{', '.join(map(bare, chosen))}]"


def column_lines(draft: Draft, survey: FileSurvey, in_key: bool) -> Iterator[str]:
    """The lines of one column."""
    [first, *_] = draft.found
    shapes = list(dict.fromkeys(shape for column in draft.found for shape in column.shapes))[:LISTED]
    yield f"  {bare(draft.name)}:"
    yield f"    type: {draft.type_text}" + (
        f"  # such as {', '.join(map(text, shapes))}" if shapes else "  # no value at all"
    )
    if draft.family:
        yield f"    family: {text(draft.family)}  # {len(draft.found)} headers, one jsonb column"
        return
    if draft.placed:
        yield f"    position: {first.position + 1}  # " + (
            "its header stands there twice" if first.header else "no header"
        )
    if first.header and (draft.placed or not _goes_by_name(draft, survey)):
        yield f"    aliases: [{text(first.header)}]"
    if draft.proven.null_words:
        yield f"    null_words: [{', '.join(map(text, draft.proven.null_words))}]"
    if near := near_miss(draft.found[0], draft.type, survey):
        yield f"    # {near}"
    if in_key:
        return
    if first.blank == 0 and first.filled:
        yield f"    # nullable: false  # none of {first.filled} cells is blank"
    elif first.filled:
        yield f"    # {first.blank} of {survey.rows} cells are blank"


def _goes_by_name(draft: Draft, survey: FileSurvey) -> bool:
    """Whether the column is found by its name alone: that is the header, or what is left of it and of no other one."""
    own = header_key(draft.name)
    alike = [column.header for column in survey.columns if header_key(column.header) == own]
    return draft.name == draft.found[0].header or alike == [draft.found[0].header]


def near_miss(column: ColumnSurvey, kind: ColumnType, survey: FileSurvey) -> str | None:
    """What a column that stays text nearly is, and what a person would have to say for it; None where it is far off."""
    if kind not in {ColumnType.IDENTIFIER, ColumnType.TEXT} or not column.filled:
        return None
    close = survey.type_of(column)
    if close in MOMENTS:
        return f"kept as text: all values are dates if date_order is day_first or month_first; then type: {close}"
    if close is ColumnType.BOOLEAN:
        return "kept as text: all values could be yes and no; type: boolean, with true_words and false_words"
    if close in {ColumnType.INTEGER, ColumnType.DECIMAL}:
        form = survey.decimal or "dot"
        return (
            f"kept as text: all values could be numbers; type: {close}, if need be with decimal: {form} or money: true"
        )
    nearly = survey.nearly(column)
    if nearly:
        return (
            f"{nearly[1]} of the first {len(column.sample)} values are of type {nearly[0]}: with it the others are"
            " rejects, or blank where null_words has them"
        )
    return None


def notes(survey: FileSurvey, drafts: Sequence[Draft]) -> Iterator[str]:
    """What a person should know of the draft: what was guessed, and which columns are text though they come close."""
    if survey.encoding.assumed:
        yield f"encoding: {survey.encoding.encoding}, since the text is plausible in it; nothing in the file decides"
    if survey.encoding.bad_bytes:
        yield f"{survey.encoding.bad_bytes} bytes are no UTF-8, though the file is: their rows will be rejects"
    for key, reason in (survey.guess.reasons if survey.guess else {}).items():
        yield f"{key}: {reason}"
    if survey.proven_order:
        yield f"date_order: {survey.proven_order}, {_order_proof(survey)}"
    for draft in drafts:
        if near := near_miss(draft.found[0], draft.type, survey):
            yield f"{draft.name}: {near}"
    if survey.broken:
        yield f"{survey.broken} records do not fit the header, and will be rejects"


def bare(name: str) -> str:
    """A name as YAML holds it: without quotes, but where YAML would take it for something else (no, null, false)."""
    return name if yaml.safe_load(name) == name else text(name)


def text(value: str) -> str:
    """A text as YAML holds it on one line."""
    dumped = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=float("inf"))
    return str(dumped).strip()

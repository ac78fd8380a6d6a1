"""Writes a contract from a file: columns, types and forms from all of its values, with comments for a person to check.

The contract holds headers and shapes of values, never a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from include.contracts import ColumnType
from include.errors import FileError, UsageError
from include.loading.files import list_file
from include.pipelines.tables.contract import MAX_NAME, NAME, RESERVED_COLUMNS, RESERVED_SCHEMAS
from include.readers.blocks import Part
from include.readers.families import find_families
from include.readers.headers import header_key
from include.readers.profile import Profile
from include.readers.survey import ColumnSurvey, FileSurvey, survey_file

# Letters that lose their meaning without their marks.
SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "œ": "oe"})

# What stands between the name of a family and its member: `Price / Germany`.
BETWEEN = " / "

# Bytes of a value that may name rows: an index holds them all.
KEY_BYTES = 200
KEY_TYPES = (ColumnType.IDENTIFIER, ColumnType.INTEGER, ColumnType.TEXT)

# Key candidates and left out headers that are listed.
LISTED = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """One column as it is proposed; a family has several columns of the file."""

    name: str
    type: ColumnType
    found: tuple[ColumnSurvey, ...]
    family: str | None = None

    @property
    def may_be_key(self) -> bool:
        """Whether each row has a value of its own, and one that can be indexed."""
        [*columns] = self.found
        return not self.family and self.type in KEY_TYPES and columns[0].names_rows and columns[0].longest <= KEY_BYTES


def infer_contract(
    url: str,
    *,
    key: Sequence[str] = (),
    table: str | None = None,
    delimiter: str | None = None,
    storage: Mapping[str, Any] | None = None,
) -> str:
    """Reads a whole file and writes a contract that it fits, as YAML with comments.

    Args:
        url: path or URL of the file.
        key: the columns that name a row, by header or by the name that is proposed; else the leftmost column in which
            no value stands twice.
        table: schema.name; else made of the file's name.
        delimiter: between cells, where the file leaves doubt.
        storage: options of fsspec, for object stores.

    Raises:
        UsageError: there is no such file, or `key` names no column of it.
        FileError: the file cannot be read as a whole, or has no header.
    """
    file = list_file(url, storage)
    part = Part(file.url, file.name, file.size, "", file.modified)
    survey = survey_file(part, Profile(delimiter=delimiter), storage)
    drafts, left_out = propose_columns(survey)
    if not drafts:
        raise FileError(f"{file.name} has no header that names a column.", "Ask for a file with a header.")
    chosen = _key(key, drafts, file.name)
    lines = [*_head(survey, file.name, table), *_keys(chosen, drafts), "", "columns:"]
    for draft in drafts:
        lines += _column(draft, survey, draft.name in chosen)
    return "\n".join((*lines, *_left_out(left_out), ""))


def propose_columns(survey: FileSurvey) -> tuple[list[Draft], list[str]]:
    """The columns that a survey speaks for, in the file's order, and the headers that can feed none."""
    keys = Counter(header_key(column.header) for column in survey.columns)
    usable = [column for column in survey.columns if column.header and keys[header_key(column.header)] == 1]
    families = dict(_families(usable, survey))
    others = keys.keys() - {""}
    names: list[str] = []
    drafts = []
    for column in usable:
        prefix = column.header.partition(BETWEEN)[0].strip()
        if column.position in families.get(prefix, {}):
            members = families.pop(prefix)
            names.append(_name(prefix, names, others))
            kind = _joined([survey.type_of(member) for member in members.values() if member.filled])
            drafts.append(Draft(names[-1], kind, tuple(members.values()), f"{prefix}{BETWEEN}*"))
        elif not any(column in draft.found for draft in drafts):
            names.append(_name(column.header, names, others))
            drafts.append(Draft(names[-1], survey.type_of(column), (column,)))
    left_out = [column.header for column in survey.columns if column.header and keys[header_key(column.header)] > 1]
    return drafts, list(dict.fromkeys(left_out))


def _families(usable: Sequence[ColumnSurvey], survey: FileSurvey) -> Iterator[tuple[str, dict[int, ColumnSurvey]]]:
    """Headers of one form whose values are of one type: name of the family -> position -> column."""
    grouped: dict[str, dict[int, ColumnSurvey]] = {}
    for column in usable:
        prefix, between, member = column.header.partition(BETWEEN)
        if between and prefix.strip() and member.strip() and "*" not in prefix:
            grouped.setdefault(prefix.strip(), {})[column.position] = column
    header = [column.header for column in survey.columns]
    for prefix, members in grouped.items():
        kinds = [survey.type_of(column) for column in members.values() if column.filled]
        if len(members) > 1 and kinds and _joined(kinds) and _only_these(f"{prefix}{BETWEEN}*", members, header):
            yield prefix, members


def _only_these(family: str, members: Collection[int], header: Sequence[str]) -> bool:
    """Whether the form takes exactly these headers of the file."""
    try:
        found = find_families(header, {"family": family}, ())
    except FileError:
        return False
    return set(found.get("family", {}).values()) == set(members)


def _joined(kinds: Sequence[ColumnType]) -> ColumnType:
    """The one type that all members of a family fit; TEXT fits all."""
    distinct = set(kinds)
    if len(distinct) == 1:
        return kinds[0]
    return ColumnType.DECIMAL if distinct == {ColumnType.INTEGER, ColumnType.DECIMAL} else ColumnType.TEXT


def _name(header: str, taken: Collection[str], keys: Collection[str]) -> str:
    """A column's name for a header: one that no other header of the file would be taken for."""
    plain = unicodedata.normalize("NFKD", header.lower().translate(SPELLED)).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: MAX_NAME - 4] or "column"
    base = base if base[0].isalpha() else f"column_{base}"[: MAX_NAME - 4].rstrip("_")
    own = header_key(header)
    tried = (base if number == 1 else f"{base}_{number}" for number in range(1, len(keys) + len(taken) + 9))
    free = (
        name
        for name in tried
        if name not in taken
        and name not in RESERVED_COLUMNS
        and (header_key(name) == own or header_key(name) not in keys)
    )
    return next(free)


def _key(wanted: Sequence[str], drafts: Sequence[Draft], file: str) -> tuple[str, ...]:
    if not wanted:
        codes_first = sorted(drafts, key=lambda draft: draft.type is ColumnType.TEXT)
        return tuple(draft.name for draft in codes_first if draft.may_be_key)[:1]
    single = [draft for draft in drafts if not draft.family]
    known: Mapping[str, str] = {header_key(draft.found[0].header): draft.name for draft in single} | {
        draft.name: draft.name for draft in single
    }
    for name in wanted:
        if name not in known and header_key(name) not in known:
            raise UsageError(f"{file} has no column {name!r}.", f"Its columns: {', '.join(d.name for d in single)}.")
    return tuple(known.get(name) or known[header_key(name)] for name in wanted)


def _head(survey: FileSurvey, file: str, table: str | None) -> Iterator[str]:
    broken = f", {survey.broken} more that do not fit the header" if survey.broken else ""
    yield f"# Made from {text(file)}: {survey.rows} rows{broken}. Types are those that all values fit."
    yield "# Look at the table's name, the key and what is in doubt; then: ./longshore contract check THIS_FILE FILE"
    yield f"table: {table or _table(file)}"
    yield ""
    if survey.encoding.assumed:
        yield f"encoding: {survey.encoding.encoding}  # assumed: nothing in the file decides"
    yield f"delimiter: {text(survey.dialect.delimiter)}"
    yield from form_lines(survey)
    yield "time_zone: UTC  # of times without an offset"
    yield ""
    yield "merge: replace  # a delivery is the whole truth: rows that it lacks are deleted; upsert deletes nothing"
    yield "# scope: source  # a column for the source's name (--source): each source is the truth for its rows only"
    yield "max_rejected_percent: 5"
    yield "max_deleted_percent: 50  # a delivery that would delete more is held for a person"
    yield ""


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


def _keys(chosen: Sequence[str], drafts: Sequence[Draft]) -> Iterator[str]:
    unique = [draft.name for draft in drafts if draft.may_be_key]
    if unique:
        more = f" and {len(unique) - LISTED} more" if len(unique) > LISTED else ""
        yield f"# No value stands twice in: {', '.join(unique[:LISTED])}{more}."
    else:
        yield "# No single column has a value of its own in each row."
    if not chosen:
        yield "# Without a key a row is named by its number in the file; with several columns: key: [a, b]"
    yield f"key: [{', '.join(map(bare, chosen))}]"


def _column(draft: Draft, survey: FileSurvey, in_key: bool) -> Iterator[str]:
    [first, *_] = draft.found
    shapes = list(dict.fromkeys(shape for column in draft.found for shape in column.shapes))[:LISTED]
    yield f"  {bare(draft.name)}:"
    yield f"    type: {draft.type}" + (
        f"  # such as {', '.join(map(text, shapes))}" if shapes else "  # no value at all"
    )
    if draft.family:
        yield f"    family: {text(draft.family)}  # {len(draft.found)} headers, one jsonb column"
        return
    if header_key(draft.name) != header_key(first.header):
        yield f"    aliases: [{text(first.header)}]"
    nearly = survey.nearly(first) if draft.type in {ColumnType.IDENTIFIER, ColumnType.TEXT} else None
    if nearly:
        kind, count = nearly
        yield f"    # {count} of the first {len(first.sample)} values are of type {kind}: with it the others are"
        yield "    # rejects, or blank where null_words has them"
    if in_key:
        return
    if first.blank == 0 and first.filled:
        yield f"    # nullable: false  # none of {first.filled} cells is blank"
    elif first.filled:
        yield f"    # {first.blank} of {survey.rows} cells are blank"


def _left_out(headers: Sequence[str]) -> Iterator[str]:
    for header in headers:
        yield f"# not loaded: the header {text(header)} stands there more than once"


def bare(name: str) -> str:
    """A name as YAML holds it: without quotes, but where YAML would take it for something else (no, null, false)."""
    return name if yaml.safe_load(name) == name else text(name)


def text(value: str) -> str:
    """A text as YAML holds it on one line."""
    dumped = yaml.safe_dump(value, default_style='"', allow_unicode=True, width=float("inf"))
    return str(dumped).strip()
